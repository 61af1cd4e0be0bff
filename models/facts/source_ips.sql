-- Every IP address that events came from, once in each spelling.
select
    source_ip,
    min(source_address) as source_address

from {{ ref('cloudtrail_events') }}
where
    source_address is not null
    and {{ trailhound.is_of_recomputed_days() }}
    and {{ trailhound.is_new_key('source_ip') }}
group by source_ip
