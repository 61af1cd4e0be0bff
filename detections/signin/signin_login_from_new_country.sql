-- A user logged in from a country from which he had not in 30 days.
with

country_days as (

    select
        *,
        lag(event_date) over (
            partition by account_id, entity_id, seen_value
            order by event_date
        ) as previous_date

    from {{ ref('entity_days') }}
    where dimension = 'signin_login_from_new_country'

),

{{ trailhound.new_values('country_days', known_days=3) }},

sightings as (

    select * from {{ ref('sightings') }}
    where dimension = 'signin_login_from_new_country'

),

counted as (

    select
        sighting.*,
        new_values.first_time,
        1 as observed

    from (select * from {{ trailhound.countable('sightings') }}) as sighting
    inner join new_values
        on
            sighting.account_id = new_values.account_id
            and sighting.entity_id = new_values.entity_id
            and sighting.seen_value = new_values.seen_value
            and sighting.event_date = new_values.event_date

)

{{ trailhound.alert_per_value(
    'counted',
    evidence={'event_names': 'event_name', 'countries': 'seen_value', 'actors': 'actor_id'}
) }}
