{#
    Each element of an array inside a JSON text, or the value itself if it is no array, as a SQL
    array of JSON that `cross join unnest` takes: AWS writes one XML child as an object and several
    as an array, and policies hold single texts and lists. Empty or null where the path is absent or
    JSON null, or where the text is no JSON.
#}
{% macro json_items(json, path) -%}
    {{ return(adapter.dispatch('json_items', 'trailhound')(json, path)) }}
{%- endmacro %}

{% macro duckdb__json_items(json, path) -%}
    {%- set at = trailhound.json_path(path) -%}
    try(
        case json_type({{ json }}, {{ at }})
            when 'ARRAY' then json_extract({{ json }}, {{ at[:-1] ~ "[*]'" }})
            when 'NULL' then null
            else list_filter([json_extract({{ json }}, {{ at }})], lambda item: item is not null)
        end
    )
{%- endmacro %}

{# A cast of anything but an array is an error on Trino, hence try. #}
{% macro trino__json_items(json, path) -%}
    {%- set value = 'json_extract(' ~ json ~ ', ' ~ trailhound.json_path(path) ~ ')' -%}
    coalesce(
        try(cast({{ value }} as array(json))),
        filter(array[{{ value }}], item -> json_format(item) <> 'null')
    )
{%- endmacro %}

{% macro athena__json_items(json, path) -%}
    {{ trailhound.trino__json_items(json, path) }}
{%- endmacro %}

{% macro default__json_items(json, path) -%}
    {{ trailhound.no_body_for('json_items') }}
{%- endmacro %}
