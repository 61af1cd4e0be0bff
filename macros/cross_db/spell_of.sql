{# The number of a spell of so many minutes that a UTC timestamp lies in, counted from 1970. #}
{% macro spell_of(timestamp, minutes) -%}
    {{ return(adapter.dispatch('spell_of', 'trailhound')(timestamp, minutes)) }}
{%- endmacro %}

{% macro duckdb__spell_of(timestamp, minutes) -%}
    cast(floor(epoch({{ timestamp }}) / {{ 60 * minutes }}) as bigint)
{%- endmacro %}

{% macro trino__spell_of(timestamp, minutes) -%}
    cast(floor(to_unixtime({{ timestamp }}) / {{ 60 * minutes }}) as bigint)
{%- endmacro %}

{% macro athena__spell_of(timestamp, minutes) -%}
    {{ trailhound.trino__spell_of(timestamp, minutes) }}
{%- endmacro %}

{% macro default__spell_of(timestamp, minutes) -%}
    {{ trailhound.no_body_for('spell_of') }}
{%- endmacro %}
