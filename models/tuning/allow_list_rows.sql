-- The allow-list ready to be compared: LIKE patterns with ! as the escape character, addresses as
-- hex digits, and the first moment at which a row no longer applies.
with

sources as (

    select * from {{ trailhound.allow_list_sources(ref('allow_list')) }} as allow_list_source

)

select
    *,
    {{ trailhound.like_pattern('detection') }} as detection_pattern,
    {{ trailhound.like_pattern('account_id') }} as account_pattern,
    {{ trailhound.like_pattern('entity_id') }} as entity_pattern,
    {{ trailhound.like_pattern('source_ip') }} as source_pattern,
    {{ trailhound.like_pattern('region') }} as region_pattern,
    {{ trailhound.like_pattern('user_agent') }} as user_agent_pattern,
    {{ trailhound.like_pattern('event_name') }} as event_name_pattern,
    case when prefix_bits is not null
        then {{ trailhound.range_end('first_address', 'prefix_bits', 'f') }}
    end as last_address,
    first_address like '00000000000000000000ffff%' as is_ipv4,
    cast(cast(nullif(expires_on, '') as date) + interval '1' day as timestamp(6)) as expires_at

from sources
