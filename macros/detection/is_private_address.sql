{#
    Whether an address, as address_hex() has it, is private or reserved: nobody's on the Internet.
    https://www.iana.org/assignments/iana-ipv4-special-registry
    https://www.iana.org/assignments/iana-ipv6-special-registry
#}
{% macro is_private_address(address) -%}
    (
        {%- for first, last in [
            ('0.0.0.0', '0.255.255.255'), ('10.0.0.0', '10.255.255.255'),
            ('100.64.0.0', '100.127.255.255'), ('127.0.0.0', '127.255.255.255'),
            ('169.254.0.0', '169.254.255.255'), ('172.16.0.0', '172.31.255.255'),
            ('192.0.0.0', '192.0.0.255'), ('192.0.2.0', '192.0.2.255'),
            ('192.168.0.0', '192.168.255.255'), ('198.18.0.0', '198.19.255.255'),
            ('198.51.100.0', '198.51.100.255'), ('203.0.113.0', '203.0.113.255'),
            ('224.0.0.0', '255.255.255.255'),
        ] %}
        {{ address }} between '{{ trailhound.ipv4_as_hex(first) }}'
        and '{{ trailhound.ipv4_as_hex(last) }}' or
        {%- endfor %}
        -- ::/127
        {{ address }} in ('{{ '0' * 32 }}', '{{ '0' * 31 }}1')
        or {{ address }} like '0064ff9b0001%'
        or {{ address }} like '0100000000000000%'
        or {{ address }} like '20010db8%'
        -- fc00::/7, fe80::/10, ff00::/8
        or substr({{ address }}, 1, 2) in ('fc', 'fd', 'ff')
        or substr({{ address }}, 1, 3) in ('fe8', 'fe9', 'fea', 'feb')
    )
{%- endmacro %}


{# A dotted address as address_hex() writes it, reckoned while the SQL is made. #}
{% macro ipv4_as_hex(dotted) -%}
    {%- set digits = [] -%}
    {%- for part in dotted.split('.') -%}
        {%- do digits.append('%02x' % (part | int)) -%}
    {%- endfor -%}
    {{ return('00000000000000000000ffff' ~ digits | join('')) }}
{%- endmacro %}


{# Two hex digits as a decimal number's text. #}
{% macro decimal_of_hex(digits) -%}
    cast(
        16 * (strpos('0123456789abcdef', substr({{ digits }}, 1, 1)) - 1)
        + strpos('0123456789abcdef', substr({{ digits }}, 2, 1)) - 1
        as varchar
    )
{%- endmacro %}
