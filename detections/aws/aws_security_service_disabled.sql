-- A service that watches or protects an account was switched off.
with

disabling_calls as (

    select * from {{ ref('defense_changes') }}
    where
        outcome = 'succeeded'
        and defense = 'security_service'
        and is_weakened

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('disabling_calls') }}
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
