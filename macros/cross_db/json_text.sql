{#
    The text of a scalar inside a JSON text, or null: where the path is absent, where the value is
    JSON null, an object or an array, and where the text is no JSON at all. Booleans are 'true' and
    'false'.

    json:  SQL expression, JSON text or an element of json_items()
    path:  keys joined by dots, from the root: 'instancesSet.items'
#}
{% macro json_text(json, path) -%}
    {{ return(adapter.dispatch('json_text', 'trailhound')(json, path)) }}
{%- endmacro %}

{# Malformed JSON is an error on DuckDB, hence try; an object's text would come out as a scalar,
   hence the type. #}
{% macro duckdb__json_text(json, path) -%}
    {%- set at = trailhound.json_path(path) -%}
    try(
        case
            when json_type({{ json }}, {{ at }}) not in ('OBJECT', 'ARRAY', 'NULL')
                then nullif(json_extract_string({{ json }}, {{ at }}), '')
        end
    )
{%- endmacro %}

{% macro trino__json_text(json, path) -%}
    nullif(json_extract_scalar({{ json }}, {{ trailhound.json_path(path) }}), '')
{%- endmacro %}

{% macro athena__json_text(json, path) -%}
    {{ trailhound.trino__json_text(json, path) }}
{%- endmacro %}

{% macro default__json_text(json, path) -%}
    {{ trailhound.no_body_for('json_text') }}
{%- endmacro %}


{# Whether a field is there and true, or there and false: as JSON or as text, in any case. #}
{% macro json_is(json, path, value) -%}
    coalesce(lower({{ trailhound.json_text(json, path) }}) = '{{ value | string | lower }}', false)
{%- endmacro %}
