{#
    Aggregate: the values of a text expression as a JSON array text, in the order of a second
    expression, of those rows that a condition keeps.
#}
{% macro json_list_in_order(expression, order_by, where) -%}
    {{ return(adapter.dispatch('json_list_in_order', 'trailhound')(expression, order_by, where)) }}
{%- endmacro %}

{% macro duckdb__json_list_in_order(expression, order_by, where) -%}
    cast(
        to_json(list({{ expression }} order by {{ order_by }}) filter (where {{ where }}))
        as varchar
    )
{%- endmacro %}

{% macro trino__json_list_in_order(expression, order_by, where) -%}
    {{ trailhound.trino__json_array_text(
        "array_agg(" ~ expression ~ " order by " ~ order_by ~ ") filter (where " ~ where ~ ")"
    ) }}
{%- endmacro %}

{% macro athena__json_list_in_order(expression, order_by, where) -%}
    {{ trailhound.trino__json_list_in_order(expression, order_by, where) }}
{%- endmacro %}

{% macro default__json_list_in_order(expression, order_by, where) -%}
    {{ trailhound.no_body_for('json_list_in_order') }}
{%- endmacro %}
