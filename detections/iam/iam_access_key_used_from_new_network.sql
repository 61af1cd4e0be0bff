-- A long-term key was used from a network from which its user had not been seen in 30 days.
with

network_days as (

    select
        *,
        lag(event_date) over (
            partition by account_id, entity_id, seen_value
            order by event_date
        ) as previous_date

    from {{ ref('entity_days') }}
    where dimension = 'iam_access_key_used_from_new_network'

),

{{ trailhound.new_values('network_days', known_days=3) }},

sightings as (

    select * from {{ ref('sightings') }}
    where dimension = 'iam_access_key_used_from_new_network'

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
    evidence={'event_names': 'event_name', 'networks': 'seen_value'}
) }}
