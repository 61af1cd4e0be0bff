-- On which UTC days an entity of an account did anything at all, AWS services included.
select
    account_id,
    entity_id,
    event_date,
    count(*) as events

from {{ ref('cloudtrail_events') }} as event
where {{ trailhound.is_call('event') }} and {{ trailhound.is_of_recomputed_days('event') }}
group by account_id, entity_id, event_date
