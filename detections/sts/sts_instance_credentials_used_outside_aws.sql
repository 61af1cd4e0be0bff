-- Credentials of an EC2 instance or a Lambda function were used from an address outside AWS.
with

outside_calls as (

    select event.*
    from {{ ref('cloudtrail_events') }} as event
    inner join {{ ref('source_addresses') }} as address on event.source_ip = address.source_ip
    where
        {{ trailhound.is_instance_session('event') }}
        and {{ trailhound.is_outside_aws('event', 'address') }}
        and event.access_key_id is not null

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('outside_calls') }}
    window
        recent as (
            partition by account_id, entity_id, access_key_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'error_codes': 'error_code', 'actors': 'entity_id'},
    correlated_by='access_key_id'
) }}
