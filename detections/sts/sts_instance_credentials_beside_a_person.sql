-- Credentials of an instance were used from the address of a person.
with

people_calls as (

    select
        *,
        2 as part

    from {{ ref('cloudtrail_events') }} as event
    where
        {{ trailhound.is_people('event') }}
        and source_address is not null
        and access_key_id is not null
        and not {{ trailhound.has_marks_of_instance('event') }}
        and {{ trailhound.is_of_recomputed_days('event') }}

),

-- Only addresses that both call from are of interest.
instance_calls as (

    select
        *,
        1 as part

    from {{ ref('cloudtrail_events') }} as event
    where
        source_ip in (select source_ip from people_calls)
        and {{ trailhound.is_instance_session('event') }}
        and {{ trailhound.is_of_recomputed_days('event') }}

),

calls as (

    select * from instance_calls
    union all
    select * from people_calls
    where source_ip in (select source_ip from instance_calls)

),

calls_by_address as (

    select *
    from {{ trailhound.keyed_by(
        'calls', entity_id='source_ip', entity_type="'address'", also=['part']
    ) }} as keyed

),

counted as (

    select
        *,
        case
            when count(case when part = 1 then 1 end) over recent >= 1
                then count(case when part = 2 then 1 end) over recent
            else 0
        end as observed

    from {{ trailhound.countable('calls_by_address') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={
        'event_names': 'event_name', 'session_names': 'session_name', 'actors': 'actor_id'
    }
) }}
