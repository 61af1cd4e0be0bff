{# A timestamp in UTC as ISO 8601 text to the second: 2026-01-31T23:59:00Z. #}
{% macro iso_utc(timestamp) -%}
    concat(replace(substr(cast({{ timestamp }} as varchar), 1, 19), ' ', 'T'), 'Z')
{%- endmacro %}
