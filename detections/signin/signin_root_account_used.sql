-- The root user of an account signed in or made a call.
with

root_calls as (

    select
        *,
        cast(mfa as varchar) as mfa_text

    from {{ ref('cloudtrail_events') }}
    where
        outcome = 'succeeded'
        and entity_type = 'root'
        and event_type is distinct from 'AwsServiceEvent'
        and invoked_by is null

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('root_calls') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'mfa': 'mfa_text'}
) }}
