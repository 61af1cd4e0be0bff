-- GuardDuty was switched off, cut loose, or told to be quiet.
with

weakening_calls as (

    select * from {{ ref('defense_changes') }}
    where
        outcome = 'succeeded'
        and defense = 'guardduty'
        and is_weakened

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('weakening_calls') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'request_parameters': 'request_parameters'}
) }}
