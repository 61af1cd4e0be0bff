{#
    CTE address_countries: source_ip and country, the two letters of ISO 3166-1, for each distinct
    source_ip of a CTE that is an address of a known country. Private and reserved addresses and
    host names have none.

    The seed country_ranges packs the ranges that begin with the same hex digits, its prefix, into
    one text: `--0 AU1 CN4`, each with its country and the digits of its first address after the
    prefix, without trailing zeros; -- is no country. So the entry with the greatest start that is
    not above the address tells.
#}
{% macro address_countries(cte) -%}
source_addresses as (

    select
        source_ip,
        {{ trailhound.address_hex('source_ip') }} as address

    from (select distinct source_ip from {{ cte }}) as distinct_source

),

address_countries as (

    select
        source_addresses.source_ip,
        max_by(substr(country_range, 1, 2), substr(country_range, 3)) as country

    from source_addresses
    inner join {{ ref('trailhound', 'country_ranges') }} as country_ranges
        on
            source_addresses.address >= country_ranges.prefix
            and source_addresses.address < concat(country_ranges.prefix, 'g')
    cross join unnest(split(country_ranges.ranges, ' ')) as range_of_country (country_range)
    where
        substr(country_range, 3)
        <= substr(source_addresses.address, length(country_ranges.prefix) + 1)
    group by source_addresses.source_ip
    having max_by(substr(country_range, 1, 2), substr(country_range, 3)) <> '--'

)
{%- endmacro %}
