{#
    Query: `address` and `code` for each of the addresses that lies in a packed range with a code of
    two letters.

    A row of such a seed holds the addresses that begin with the hex digits from first_prefix to
    last_prefix, which differ in their last digit at most. Its text `--1 AU14 CN15` has each code
    with the first address from which on it holds, without the digits before that last one and
    without zeros at the end; -- is none. So the entry with the greatest start that is not above the
    address tells. Packed by trailhound.project.countries.

    addresses:  relation with the column `address`, 32 hex digits, each once
    seed:       country_ranges or aws_ranges
#}
{% macro range_codes(addresses, seed) -%}
    {{ return(adapter.dispatch('range_codes', 'trailhound')(addresses, seed)) }}
{%- endmacro %}

{# One pass over both in order: a million addresses take two seconds. Only the rows of the seed that
   an address falls into are unpacked, few of them where addresses are few. #}
{% macro duckdb__range_codes(addresses, seed) -%}
    select
        addresses.address,
        starts.code

    from {{ addresses }} as addresses
    asof inner join (
        select
            substr(first_prefix, 1, length(first_prefix) - 1) || substr(entry, 3) as range_start,
            concat(last_prefix, 'g') as row_end,
            substr(entry, 1, 2) as code

        from (
            select
                packed.*,
                unnest(split(packed.ranges, ' ')) as entry

            from {{ seed }} as packed
            where
                packed.first_prefix in (
                    select asked.first_prefix
                    from {{ addresses }} as address
                    asof inner join {{ seed }} as asked on address.address >= asked.first_prefix
                )
        ) as unpacked
    ) as starts
        on addresses.address >= starts.range_start
    where starts.code <> '--' and addresses.address < starts.row_end
{%- endmacro %}

{% macro default__range_codes(addresses, seed) -%}
    select
        addresses.address,
        max_by(substr(entry, 1, 2), substr(entry, 3)) as code

    from {{ addresses }} as addresses
    inner join {{ seed }} as packed
        on
            addresses.address >= packed.first_prefix
            and addresses.address < concat(packed.last_prefix, 'g')
    cross join unnest(split(packed.ranges, ' ')) as unpacked (entry)
    where substr(entry, 3) <= substr(addresses.address, length(packed.first_prefix))
    group by addresses.address
    having max_by(substr(entry, 1, 2), substr(entry, 3)) <> '--'
{%- endmacro %}
