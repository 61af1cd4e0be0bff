-- An entity went into an instance by a way that it had not used in 30 days.
with

way_days as (

    select
        *,
        lag(event_date) over (
            partition by account_id, entity_id, seen_value
            order by event_date
        ) as previous_date

    from {{ ref('entity_days') }}
    where dimension = 'ec2_remote_access_first_used'

),

active_days as (

    select * from {{ ref('active_days') }}

),

{{ trailhound.new_values('way_days', known_days=3, entity_days='active_days') }},

sightings as (

    select * from {{ ref('sightings') }}
    where dimension = 'ec2_remote_access_first_used'

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

{{ trailhound.alert_per_value('counted', evidence={'event_names': 'event_name'}) }}
