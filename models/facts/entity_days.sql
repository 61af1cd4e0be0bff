-- What was seen on which UTC day: one dimension, account, entity, value and day a row.
select
    dimension,
    account_id,
    entity_id,
    seen_value,
    event_date,
    min(event_time) as first_time,
    max(event_time) as last_time,
    count(*) as events

from {{ ref('sightings') }}
where {{ trailhound.is_of_recomputed_days() }}
group by dimension, account_id, entity_id, seen_value, event_date
