-- One user logged in to the console from two or more countries within an hour.
with

-- A role's sessions are different people here: the login's own ARN is the entity.
console_logins as (

    select
        event.*,
        coalesce(event.user_arn, event.entity_id) as login_arn,
        address.country

    from {{ ref('watched_calls') }} as event
    inner join {{ ref('source_addresses') }} as address on event.source_ip = address.source_ip
    where
        event.event_source = 'signin.amazonaws.com'
        and event.event_name = 'ConsoleLogin'
        and event.outcome = 'succeeded'
        and address.country is not null

),

logins_by_arn as (

    select *
    from {{ trailhound.keyed_by(
        'console_logins', entity_id='login_arn', also=['country', 'user_name']
    ) }} as keyed

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('logins_by_arn', distinct='country') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst('counted', evidence={
    'countries': 'country', 'user_names': 'user_name', 'actors': 'actor_id'
}) }}
