{# The day of the raw table's partition, when CloudTrail delivered the record: text yyyy/MM/dd. #}
{% macro delivery_day() -%}
    {{ return(adapter.dispatch('delivery_day', 'trailhound')()) }}
{%- endmacro %}

{# Files carry no partition: on DuckDB the events are built whole. #}
{% macro duckdb__delivery_day() -%}
    cast(null as varchar)
{%- endmacro %}

{% macro default__delivery_day() -%}
    {{ var('cloudtrail_day_expression') }}
{%- endmacro %}
