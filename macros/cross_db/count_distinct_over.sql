{#
    How many distinct non-null values an expression has over a named window of a whole partition;
    for a window that slides see distinct_over. DISTINCT inside a window aggregate is refused by
    Trino before 470, and so by Athena.
#}
{% macro count_distinct_over(expression, window_name) -%}
    {{ return(adapter.dispatch('count_distinct_over', 'trailhound')(expression, window_name)) }}
{%- endmacro %}

{% macro duckdb__count_distinct_over(expression, window_name) -%}
    count(distinct {{ expression }}) over {{ window_name }}
{%- endmacro %}

{% macro trino__count_distinct_over(expression, window_name) -%}
    cardinality(
        filter(
            array_distinct(array_agg({{ expression }}) over {{ window_name }}),
            value -> value is not null
        )
    )
{%- endmacro %}

{% macro athena__count_distinct_over(expression, window_name) -%}
    {{ trailhound.trino__count_distinct_over(expression, window_name) }}
{%- endmacro %}

{% macro default__count_distinct_over(expression, window_name) -%}
    {{ trailhound.no_body_for('count_distinct_over') }}
{%- endmacro %}
