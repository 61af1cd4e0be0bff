-- What each relation that grows has seen, a row a relation; written at the end of every run.
select
    cast('' as varchar) as relation,
    {{ trailhound.utc_now() }} as noted_at,
    cast('' as varchar) as delivery_day
where false
