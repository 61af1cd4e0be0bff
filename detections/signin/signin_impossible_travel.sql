-- A user logged in from a country too far away from that of the login before.
with

logins as (

    select
        sign_in.*,
        address.country

    from {{ ref('sign_ins') }} as sign_in
    inner join {{ ref('source_addresses') }} as address on sign_in.source_ip = address.source_ip
    where
        sign_in.event_name = 'ConsoleLogin'
        and sign_in.outcome = 'succeeded'
        and address.country is not null
        and not address.is_aws_address

),

logins_by_login as (

    select *
    from {{ trailhound.keyed_by(
        'logins', entity_id='login_key', also=['country', 'user_name']
    ) }} as keyed

),

logins_beside_previous as (

    select
        *,
        lag(country) over previous_first as previous_country,
        lag(event_time) over previous_first as previous_time

    from {{ trailhound.countable('logins_by_login') }}
    window
        previous_first as (
            partition by account_id, entity_id
            order by event_time, event_id
        )

),

-- The shortest way between the two borders, at the greatest speed of a traveller.
counted as (

    select
        login.*,
        case
            when
                login.event_time <= login.previous_time + {{ trailhound.window_interval() }}
                and login.event_time
                < login.previous_time + interval '1' minute
                * cast(floor(cast(distance.km as integer) * 60 / cast({{ var('travel_kmh') }} as double)) as integer)
                then cast(distance.km as integer)
            else 0
        end as observed

    from logins_beside_previous as login
    left join {{ ref('country_distances') }} as distance
        on
            least(login.previous_country, login.country) = distance.country_a
            and greatest(login.previous_country, login.country) = distance.country_b

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={
        'event_names': 'event_name', 'countries': 'country', 'user_names': 'user_name',
        'actors': 'actor_id'
    },
    begins='case when event_time = bursts.triggered_at and observed >= bursts.threshold then previous_time end'
) }}
