{# The whole numbers from 1 to another one as a SQL array that cross join unnest takes. #}
{% macro numbers_to(last) -%}
    {{ return(adapter.dispatch('numbers_to', 'trailhound')(last)) }}
{%- endmacro %}

{% macro duckdb__numbers_to(last) -%}
    generate_series(1, {{ last }})
{%- endmacro %}

{% macro trino__numbers_to(last) -%}
    sequence(1, {{ last }})
{%- endmacro %}

{% macro athena__numbers_to(last) -%}
    {{ trailhound.trino__numbers_to(last) }}
{%- endmacro %}

{% macro default__numbers_to(last) -%}
    {{ trailhound.no_body_for('numbers_to') }}
{%- endmacro %}
