-- A user with a password logged in to the console without a second factor.
with

logins_without_mfa as (

    select * from {{ ref('sign_ins') }}
    where
        outcome = 'succeeded'
        and event_name = 'ConsoleLogin'
        and user_type in ('IAMUser', 'Root')
        and mfa_used = 'No'

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('logins_without_mfa') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'user_names': 'user_name'}
) }}
