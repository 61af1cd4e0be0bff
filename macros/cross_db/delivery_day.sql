{# The day of the raw table's partition, when CloudTrail delivered the record: text yyyy/MM/dd; of
   what `trailhound ingest` wrote the hour, yyyy/MM/dd/HH. #}
{% macro delivery_day() -%}
    {{ return(adapter.dispatch('delivery_day', 'trailhound')()) }}
{%- endmacro %}

{# Files carry no partition: on DuckDB the events are built whole. #}
{% macro duckdb__delivery_day() -%}
    cast(null as varchar)
{%- endmacro %}

{% macro default__delivery_day() -%}
    {{ 'ocsf_delivery_day' if var('cloudtrail_table_shape') == 'ocsf'
        else 'ingested_hour' if var('cloudtrail_table_shape') == 'ingested'
        else trailhound.delivery_day_expression() }}
{%- endmacro %}


{# The day of a delivery in the user's own table: Security Lake's partition is yyyyMMdd. #}
{% macro delivery_day_expression() -%}
    {{ "concat(substr(eventday, 1, 4), '/', substr(eventday, 5, 2), '/', substr(eventday, 7, 2))"
        if var('cloudtrail_table_shape') == 'ocsf'
            and var('cloudtrail_day_expression') == '"timestamp"'
        else var('cloudtrail_day_expression') }}
{%- endmacro %}
