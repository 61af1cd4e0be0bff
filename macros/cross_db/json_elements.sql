{#
    The elements of a JSON array inside a JSON text, as a SQL array that cross join unnest takes.
    Null or empty where the path is absent or holds no array, or where the text is no JSON.
#}
{% macro json_elements(json, path) -%}
    {{ return(adapter.dispatch('json_elements', 'trailhound')(json, path)) }}
{%- endmacro %}

{% macro duckdb__json_elements(json, path) -%}
    try(json_extract({{ json }}, '$.{{ path }}[*]'))
{%- endmacro %}

{# A cast of anything but an array is an error on Trino, hence try. #}
{% macro trino__json_elements(json, path) -%}
    try(cast(json_extract({{ json }}, '$.{{ path }}') as array(json)))
{%- endmacro %}

{% macro athena__json_elements(json, path) -%}
    {{ trailhound.trino__json_elements(json, path) }}
{%- endmacro %}

{% macro default__json_elements(json, path) -%}
    {{ trailhound.no_body_for('json_elements') }}
{%- endmacro %}
