-- Three or more console logins of a user with a second factor failed within ten minutes.
with

failed_mfa_logins as (

    select * from {{ ref('sign_ins') }}
    where
        event_name = 'ConsoleLogin'
        and outcome <> 'succeeded'
        and mfa_used = 'Yes'

),

failed_mfa_logins_by_login as (

    select *
    from {{ trailhound.keyed_by(
        'failed_mfa_logins', entity_id='login_key', also=['user_name']
    ) }} as keyed

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('failed_mfa_logins_by_login') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'user_names': 'user_name', 'actors': 'actor_id'}
) }}
