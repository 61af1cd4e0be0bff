{#
    An IP address's text as the 32 lower-case hex digits of its 16 bytes, so that addresses compare
    as texts do; null where the text is no address. IPv4 stands as IPv6 sees it, ::ffff:1.2.3.4.
    Taken are dotted IPv4 without leading zeros and every spelling of IPv6 but those with a zone.
#}
{% macro address_hex(expression) -%}
    {{ return(adapter.dispatch('address_hex', 'trailhound')(expression)) }}
{%- endmacro %}

{# DuckDB's own address type is an extension, which is downloaded when it is first used. IPv4 is
   short and common; of IPv6, from the inside out: ::ffff:1.2.3.4 becomes ::ffff:0102:0304, every
   group gets four digits, and :: is filled up to 32; it stands for at least one group. A lambda
   gives a step's text a name, so that it is computed once. #}
{% macro duckdb__address_hex(expression) -%}
    {%- set octet = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])' -%}
    {%- set dotted = '(' ~ octet ~ '[.]){3}' ~ octet -%}
    {%- set groups = '([0-9a-f]{1,4}(:[0-9a-f]{1,4})*)?' -%}
    case
        when regexp_full_match({{ expression }}, '{{ dotted }}')
            then '00000000000000000000ffff' || {{ trailhound.duckdb__octets_hex(expression, '') }}
        when contains({{ expression }}, ':')
            then list_transform(list_transform(list_transform(
                [lower({{ expression }})],
                lambda address: case
                    when regexp_full_match(address, '[0-9a-f:]*:{{ dotted }}')
                        then regexp_extract(address, '^.*:') || {{ trailhound.duckdb__octets_hex(
                            "regexp_extract(address, '[^:]*$')", ':'
                        ) }}
                    else address
                end),
                lambda address: case
                    when regexp_full_match(address, '{{ groups }}(::{{ groups }})?')
                        then regexp_replace(
                            regexp_replace(address, '[0-9a-f]+', '000\0', 'g'),
                            '0*([0-9a-f]{4})', '\1', 'g'
                        )
                end),
                lambda address: nullif(
                    regexp_extract(
                        replace(
                            replace(
                                address,
                                '::',
                                repeat('0', greatest(32 - length(replace(address, ':', '')), 4))
                            ),
                            ':', ''
                        ),
                        '^.{32}$'
                    ),
                    ''
                )
            )[1]
    end
{%- endmacro %}

{# The four numbers of a dotted address as hex digits, two each, something between the pairs. #}
{% macro duckdb__octets_hex(dotted, between) -%}
    format(
        '{:02x}{:02x}{{ between }}{:02x}{:02x}'
        {%- for part in [1, 2, 3, 4] -%}
            , cast(split_part({{ dotted }}, '.', {{ part }}) as integer)
        {%- endfor -%}
    )
{%- endmacro %}

{# The cast alone would also take a zone and the digits of other scripts. #}
{% macro trino__address_hex(expression) -%}
    case
        when regexp_like({{ expression }}, '^[0-9A-Fa-f:.]+$')
            then lower(to_hex(cast(try_cast({{ expression }} as ipaddress) as varbinary)))
    end
{%- endmacro %}

{% macro athena__address_hex(expression) -%}
    {{ trailhound.trino__address_hex(expression) }}
{%- endmacro %}

{% macro default__address_hex(expression) -%}
    {{ trailhound.no_body_for('address_hex') }}
{%- endmacro %}
