-- Which events each detection has seen, one row a build; the detections write it themselves.
select
    cast('' as varchar) as detection,
    cast('1970-01-01 00:00:00' as timestamp) as events_built_at
where false
