-- The events whose call some detection names under `calls:`, a small part of any trail; on DuckDB
-- all events, for there a detection's own condition is as quick.
select * from {{ ref('cloudtrail_events') }}
where {{ trailhound.is_watched() }}
