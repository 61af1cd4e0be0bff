{#
    How many distinct non-null values a sliding window holds: of `countable('…', distinct='…')`,
    over a named window of its rows that ends at the current row. Trino would collect the window
    anew for each row; there it is what began to be in the window so far, less what had left it
    before its first row.
#}
{% macro distinct_over(window_name) -%}
    {{ return(adapter.dispatch('distinct_over', 'trailhound')(window_name)) }}
{%- endmacro %}

{% macro duckdb__distinct_over(window_name) -%}
    count(distinct distinct_value) over {{ window_name }}
{%- endmacro %}

{% macro trino__distinct_over(window_name) -%}
    values_begun - first_value(values_ended) over {{ window_name }}
{%- endmacro %}

{% macro athena__distinct_over(window_name) -%}
    {{ trailhound.trino__distinct_over(window_name) }}
{%- endmacro %}

{% macro default__distinct_over(window_name) -%}
    {{ trailhound.no_body_for('distinct_over') }}
{%- endmacro %}


{#
    Rows with what `distinct_over` counts. Stands where a table name stands.

    rows:   a subquery in parentheses, with the columns of cloudtrail_events
    value:  SQL expression of its columns
    by:     a column by which windows are apart, beside account and entity; or none
#}
{% macro with_distinct_value(rows, value, by) -%}
    {{ return(adapter.dispatch('with_distinct_value', 'trailhound')(rows, value, by)) }}
{%- endmacro %}

{% macro duckdb__with_distinct_value(rows, value, by) -%}
    (
        select
            *,
            {{ value }} as distinct_value
        from {{ rows }} as of_detection
    )
{%- endmacro %}

{#
    A value is in the window from a row that has it until the window's length after the last such
    row. It begins where the row with it before is further back than that, and ends where the next
    one is. Times are whole seconds.
#}
{% macro trino__with_distinct_value(rows, value, by) -%}
{%- set keys = 'account_id, entity_id' ~ (', ' ~ by if by else '') -%}
{%- set window = trailhound.window_interval() -%}
    (
        select
            *,
            count_if(begins) over (
                partition by {{ keys }}
                order by event_time
            ) as values_begun,
            count_if(ends) over (
                partition by {{ keys }}
                order by event_time
                range between unbounded preceding and interval '1' second preceding
            ) as values_ended
        from (
            select
                *,
                {{ value }} is not null and coalesce(
                    lag(event_time) over same_value < event_time - {{ window }},
                    true
                ) as begins,
                {{ value }} is not null and coalesce(
                    lead(event_time) over same_value > event_time + {{ window }},
                    true
                ) as ends
            from {{ rows }} as of_detection
            window
                same_value as (
                    partition by {{ keys }}, {{ value }}
                    order by event_time
                )
        ) as of_values
    )
{%- endmacro %}

{% macro athena__with_distinct_value(rows, value, by) -%}
    {{ trailhound.trino__with_distinct_value(rows, value, by) }}
{%- endmacro %}

{% macro default__with_distinct_value(rows, value, by) -%}
    {{ trailhound.no_body_for('with_distinct_value') }}
{%- endmacro %}
