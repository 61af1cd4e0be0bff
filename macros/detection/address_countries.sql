{#
    CTE address_countries: source_ip and country, the two letters of ISO 3166-1, for each distinct
    source_ip of a CTE that is an address of a known country. Private and reserved addresses and
    host names have none.

    A row of the seed country_ranges holds the addresses that begin with the hex digits from
    first_prefix to last_prefix, which differ in their last digit at most. Its text `--1 AU14 CN15`
    has each country with the first address from which on it holds, without the digits before that
    last one and without zeros at the end; -- is no country. So the entry with the greatest start
    that is not above the address tells. Packed by trailhound.countries.
#}
{% macro address_countries(cte) -%}
source_addresses as (

    select
        source_ip,
        {{ trailhound.address_hex('source_ip') }} as address

    from (
        select distinct source_ip from {{ cte }} where {{ trailhound.is_of_recomputed_days(cte) }}
    ) as distinct_source

),

address_countries as (

    select
        source_addresses.source_ip,
        max_by(substr(entry, 1, 2), substr(entry, 3)) as country

    from source_addresses
    inner join {{ ref('trailhound', 'country_ranges') }} as country_ranges
        on
            source_addresses.address >= country_ranges.first_prefix
            and source_addresses.address < concat(country_ranges.last_prefix, 'g')
    cross join unnest(split(country_ranges.ranges, ' ')) as country_range (entry)
    where
        substr(entry, 3)
        <= substr(source_addresses.address, length(country_ranges.first_prefix))
    group by source_addresses.source_ip
    having max_by(substr(entry, 1, 2), substr(entry, 3)) <> '--'

)
{%- endmacro %}
