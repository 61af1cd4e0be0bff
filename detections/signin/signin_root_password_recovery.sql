-- Somebody asked for a new root password, or set one.
with

password_recoveries as (

    select * from {{ ref('watched_calls') }}
    where
        event_source = 'signin.amazonaws.com'
        and event_name in ('PasswordRecoveryRequested', 'PasswordRecoveryCompleted')

),

recoveries_by_account as (

    select *
    from {{ trailhound.keyed_by(
        'password_recoveries', entity_id='account_id', entity_type="'account'"
    ) }} as keyed

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('recoveries_by_account') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'actors': 'actor_id'}
) }}
