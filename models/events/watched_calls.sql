-- The events whose call some detection names under `calls:`, and all that were denied: a small part
-- of any trail. On DuckDB a view of all events, for there a detection's own condition is as quick.
select * from {{ ref('cloudtrail_events') }}
where {{ trailhound.is_watched() }} and {{ trailhound.is_of_recomputed_days() }}
