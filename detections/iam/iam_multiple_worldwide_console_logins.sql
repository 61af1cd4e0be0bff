-- One user logged in to the console from two or more countries within an hour.
with

-- A role's sessions are different people here: the login's own ARN is the entity.
console_logins as (

    select
        event_id,
        event_time,
        event_date,
        event_name,
        account_id,
        coalesce(user_arn, entity_id) as entity_id,
        entity_type,
        aws_region,
        source_ip,
        user_agent,
        access_key_id,
        session_name,
        resources,
        user_name,
        mfa

    from {{ ref('cloudtrail_events') }}
    where
        event_source = 'signin.amazonaws.com'
        and event_name = 'ConsoleLogin'
        and outcome = 'succeeded'

),

{{ trailhound.address_countries('console_logins') }},

logins_from_known_countries as (

    select
        console_logins.*,
        address_countries.country

    from console_logins
    inner join address_countries on console_logins.source_ip = address_countries.source_ip

),

counted as (

    select
        *,
        {{ trailhound.count_distinct_over('country', 'recent') }} as observed

    from {{ trailhound.countable('logins_from_known_countries') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted', evidence={'countries': 'country', 'user_names': 'user_name'}
) }}
