-- A role was assumed by an OIDC subject, such as a repository, from which it had not been in 30
-- days.
with

subject_days as (

    select
        *,
        lag(event_date) over (
            partition by account_id, entity_id, seen_value
            order by event_date
        ) as previous_date

    from {{ ref('entity_days') }}
    where dimension = 'sts_web_identity_from_new_subject'

),

{{ trailhound.new_values('subject_days') }},

sightings as (

    select * from {{ ref('sightings') }}
    where dimension = 'sts_web_identity_from_new_subject'

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
    evidence={'event_names': 'event_name', 'subjects': 'seen_value', 'actors': 'actor_id'}
) }}
