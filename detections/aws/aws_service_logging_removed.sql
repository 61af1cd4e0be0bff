-- The logging of a single service was taken away.
with

removals as (

    select * from {{ ref('defense_changes') }}
    where
        outcome = 'succeeded'
        and defense = 'service_logging'
        and is_weakened

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('removals') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'request_parameters': 'request_parameters'}
) }}
