{#
    Aggregate: the distinct elements of many JSON arrays of texts (or nulls) as one JSON array text,
    sorted by code point, at most 100; '[]' where there is none.
#}
{% macro json_list_union(expression) -%}
    {{ return(adapter.dispatch('json_list_union', 'trailhound')(expression)) }}
{%- endmacro %}

{% macro duckdb__json_list_union(expression) -%}
    coalesce(
        cast(
            to_json(
                list_slice(
                    list_sort(
                        list_distinct(
                            flatten(
                                list(from_json({{ expression }}, '["VARCHAR"]'))
                                    filter (where {{ expression }} is not null)
                            )
                        )
                    ),
                    1,
                    100
                )
            ) as varchar
        ),
        '[]'
    )
{%- endmacro %}

{% macro trino__json_list_union(expression) -%}
    coalesce(
        {{ trailhound.trino__json_array_text(
            "slice(array_sort(array_distinct(flatten(array_agg(distinct cast(json_parse("
            ~ expression ~ ") as array(varchar))) filter (where " ~ expression
            ~ " is not null)))), 1, 100)"
        ) }},
        '[]'
    )
{%- endmacro %}

{% macro athena__json_list_union(expression) -%}
    {{ trailhound.trino__json_list_union(expression) }}
{%- endmacro %}

{% macro default__json_list_union(expression) -%}
    {{ trailhound.no_body_for('json_list_union') }}
{%- endmacro %}
