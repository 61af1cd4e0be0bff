-- What `trailhound notify` and `run --new` told whom, one row an alert; they write it.
select
    cast('' as varchar) as destination,
    cast('' as varchar) as alert_id,
    cast('' as varchar) as detection,
    cast('' as varchar) as account_id,
    cast('' as varchar) as entity_id,
    {{ trailhound.utc_now() }} as first_seen,
    {{ trailhound.utc_now() }} as last_seen,
    {{ trailhound.utc_now() }} as notified_at,
    cast('' as varchar) as correlated_by
where false
