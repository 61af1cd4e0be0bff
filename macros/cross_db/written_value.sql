{# A text as null where it is one of the ways in which tools write that there is none. #}
{% macro written_value(column) -%}
    case when {{ column }} not in ('', 'NaN', 'null', 'None', '-') then {{ column }} end
{%- endmacro %}
