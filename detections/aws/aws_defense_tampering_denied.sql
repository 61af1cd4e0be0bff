-- An entity tried to take a defence down, and was refused.
with

refused_attempts as (

    select {{ trailhound.event_columns() }}
    from {{ ref('watched_calls') }}
    where
        outcome = 'denied'
        and (
            (
                event_source = 'cloudtrail.amazonaws.com'
                and event_name in (
                    'StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors',
                    'DeleteEventDataStore'
                )
            )
            or (event_source = 'ec2.amazonaws.com' and event_name = 'DeleteFlowLogs')
            or (event_source = 'logs.amazonaws.com' and event_name = 'DeleteLogGroup')
        )
    union all
    select {{ trailhound.event_columns() }}
    from {{ ref('defense_changes') }}
    where
        outcome = 'denied'
        and (is_weakened or request_parameters is null)

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('refused_attempts') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'error_codes': 'error_code'}
) }}
