{# A text as null where it is one of the ways in which tools write that there is none. #}
{% macro written_value(column) -%}
    case when lower({{ column }}) not in ('', 'nan', 'null', 'none', '-') then {{ column }} end
{%- endmacro %}
