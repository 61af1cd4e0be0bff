-- A region was enabled, and within a day an entity started compute there.
with

steps as (

    select
        {{ trailhound.event_columns() }},
        1 as step,
        coalesce(
            {{ trailhound.json_text('request_parameters', 'RegionName') }},
            {{ trailhound.json_text('request_parameters', 'regionName') }}
        ) as join_key,
        true as is_by_anyone

    from {{ ref('watched_calls') }}
    where
        event_source = 'account.amazonaws.com' and event_name = 'EnableRegion' and outcome = 'succeeded'
    union all
    select
        {{ trailhound.event_columns() }},
        2 as step,
        aws_region as join_key,
        false as is_by_anyone

    from {{ ref('compute_calls') }}

),

-- Compute is started all the time; a region is hardly ever enabled.
steps_in_regions as (

    select * from steps
    where
        join_key in (
            select enabled.join_key from steps as enabled
            where enabled.step = 1 and {{ trailhound.is_of_recomputed_days('enabled') }}
        )

),

steps_of_entities as (

    select * from {{ trailhound.by_anyone('steps_in_regions') }} as steps_of_entity

),

chained as (

    select
        *,
        case
            when step = 2
                then max(case when step = 1 then event_time end) over recent
        end as chain_started_at

    from {{ trailhound.countable('steps_of_entities', services=true) }}
    window
        recent as (
            partition by account_id, entity_id, join_key
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

),

counted as (

    select
        *,
        case
            when chain_started_at is not null then count(chain_started_at) over recent else 0
        end as observed

    from chained
    window
        recent as (
            partition by account_id, entity_id, join_key
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'regions': 'join_key', 'actors': 'actor_id'},
    correlated_by='join_key',
    begins='case when step = 1 then event_time end'
) }}
