-- From one address console logins of five or more users failed within an hour.
with

failed_logins as (

    select
        *,
        case when user_type = 'Root' then 'root' else user_name end as tried_user

    from {{ ref('sign_ins') }}
    where
        event_name = 'ConsoleLogin'
        and outcome <> 'succeeded'
        and source_ip is not null
        and (user_type = 'Root' or user_name is not null)

),

failed_logins_by_address as (

    select *
    from {{ trailhound.keyed_by(
        'failed_logins', entity_id='source_ip', entity_type="'address'", also=['tried_user']
    ) }} as keyed

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('failed_logins_by_address', distinct='tried_user') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'user_names': 'tried_user', 'actors': 'actor_id'}
) }}
