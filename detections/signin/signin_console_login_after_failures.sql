-- A console login succeeded after five or more failures of the same user within 15 minutes.
with

logins as (

    select
        *,
        case when outcome = 'succeeded' then 2 else 1 end as step

    from {{ ref('sign_ins') }}
    where event_name = 'ConsoleLogin'

),

logins_by_login as (

    select *
    from {{ trailhound.keyed_by(
        'logins', entity_id='login_key', also=['step', 'user_name']
    ) }} as keyed

),

counted as (

    select
        *,
        case when step = 2 then count(case when step = 1 then 1 end) over recent else 0 end as observed

    from {{ trailhound.countable('logins_by_login') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'user_names': 'user_name', 'actors': 'actor_id'},
    begins='case when step = 1 then event_time end'
) }}
