{#
    Whether an event is one that a row of the model allow_list_rows allows for this detection.

    event:      alias of a row with the columns of cloudtrail_events; its entity_id is the alert's
    allow_row:  alias of a row of allow_list_rows
#}
{% macro allow_list_match(event, allow_row) -%}
    {{ trailhound.text_literal(trailhound.detection_name()) }}
    like {{ allow_row }}.detection_pattern escape '!'
    and coalesce({{ event }}.event_time < {{ allow_row }}.expires_at, true)
    {%- for column, pattern in [
        ('account_id', 'account_pattern'),
        ('entity_id', 'entity_pattern'),
        ('aws_region', 'region_pattern'),
        ('user_agent', 'user_agent_pattern'),
        ('event_name', 'event_name_pattern'),
    ] %}
    and coalesce({{ event }}.{{ column }}, '') like {{ allow_row }}.{{ pattern }} escape '!'
    {%- endfor %}
    and case
        when {{ allow_row }}.first_address is null
            then coalesce({{ event }}.source_ip, '') like {{ allow_row }}.source_pattern escape '!'
        -- ::/0 is every IPv6 address and no IPv4 one.
        else
            {{ event }}.source_address
            between {{ allow_row }}.first_address and {{ allow_row }}.last_address
            and ({{ allow_row }}.is_ipv4 or {{ event }}.source_ip like '%:%')
    end
{%- endmacro %}


{# The rows of an allow-list with the address that stands in source_ip and how many of its 128 bits
   are the range's own; both null if it is no address. #}
{% macro allow_list_sources(allow_list) -%}
    (
        select
            *,
            {{ trailhound.address_hex("split_part(source_ip, '/', 1)") }} as first_address,
            case
                when strpos(source_ip, '/') = 0 then 128
                else
                    try_cast(split_part(source_ip, '/', 2) as integer)
                    + case when strpos(source_ip, ':') = 0 then 96 else 0 end
            end as prefix_bits

        from {{ allow_list }}
    )
{%- endmacro %}


{#
    The first (fill '0') or last (fill 'f') address of the range around an address, as
    address_hex() has it. The digit in which the range's own bits end is looked up.

    address:  32 hex digits
    bits:     how many bits of it are the range's own, 0 to 128
#}
{% macro range_end(address, bits, fill) -%}
    {%- set digits = {
        '0': ['0000000088888888', '000044448888cccc', '0022446688aaccee'],
        'f': ['77777777ffffffff', '33337777bbbbffff', '1133557799bbddff'],
    }[fill] -%}
    {%- set whole_digits = 'cast(floor(' ~ bits ~ ' / 4) as integer)' -%}
    {%- set next_digit = 'substr(' ~ address ~ ', ' ~ whole_digits ~ ' + 1, 1)' -%}
    rpad(
        concat(
            substr({{ address }}, 1, {{ whole_digits }}),
            case {{ bits }} % 4
                when 0 then ''
                {%- for changed in digits %}
                when {{ loop.index }}
                    then translate({{ next_digit }}, '0123456789abcdef', '{{ changed }}')
                {%- endfor %}
            end
        ),
        32,
        '{{ fill }}'
    )
{%- endmacro %}
