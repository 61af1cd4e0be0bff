{# The time now as a timestamp without zone, in UTC. #}
{% macro utc_now() -%}
    {{ return(adapter.dispatch('utc_now', 'trailhound')()) }}
{%- endmacro %}

{% macro duckdb__utc_now() -%}
    cast(now() at time zone 'UTC' as timestamp)
{%- endmacro %}

{# Iceberg keeps microseconds. #}
{% macro trino__utc_now() -%}
    cast(current_timestamp at time zone 'UTC' as timestamp(6))
{%- endmacro %}

{% macro athena__utc_now() -%}
    {{ trailhound.trino__utc_now() }}
{%- endmacro %}

{% macro default__utc_now() -%}
    {{ trailhound.no_body_for('utc_now') }}
{%- endmacro %}
