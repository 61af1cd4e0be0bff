{#
    Whatever stands in a JSON text as text: a scalar as json_text() has it, an object or an array as
    JSON. Null where it is absent, JSON null, empty or the text `null`, and where the text is no
    JSON: `is not null` means present.
#}
{% macro json_value(json, path) -%}
    {{ return(adapter.dispatch('json_value', 'trailhound')(json, path)) }}
{%- endmacro %}

{% macro duckdb__json_value(json, path) -%}
    {%- set at = trailhound.json_path(path) -%}
    try(nullif(nullif(json_extract_string({{ json }}, {{ at }}), ''), 'null'))
{%- endmacro %}

{% macro trino__json_value(json, path) -%}
    {%- set at = trailhound.json_path(path) -%}
    nullif(
        nullif(
            coalesce(
                json_extract_scalar({{ json }}, {{ at }}),
                json_format(json_extract({{ json }}, {{ at }}))
            ),
            ''
        ),
        'null'
    )
{%- endmacro %}

{% macro athena__json_value(json, path) -%}
    {{ trailhound.trino__json_value(json, path) }}
{%- endmacro %}

{% macro default__json_value(json, path) -%}
    {{ trailhound.no_body_for('json_value') }}
{%- endmacro %}
