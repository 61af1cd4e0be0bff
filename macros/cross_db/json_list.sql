{#
    Aggregate: the distinct values of a text expression as a JSON array text, sorted by code point,
    nulls left out, at most 100; '[]' where there is none.
#}
{% macro json_list(expression) -%}
    {{ return(adapter.dispatch('json_list', 'trailhound')(expression)) }}
{%- endmacro %}

{% macro duckdb__json_list(expression) -%}
    coalesce(
        cast(
            to_json(
                list_slice(
                    list_sort(
                        list(distinct {{ expression }}) filter (where {{ expression }} is not null)
                    ),
                    1,
                    100
                )
            ) as varchar
        ),
        '[]'
    )
{%- endmacro %}

{% macro trino__json_list(expression) -%}
    coalesce(
        json_format(
            cast(
                slice(
                    array_sort(
                        array_agg(distinct {{ expression }})
                            filter (where {{ expression }} is not null)
                    ),
                    1,
                    100
                ) as json
            )
        ),
        '[]'
    )
{%- endmacro %}

{% macro athena__json_list(expression) -%}
    {{ trailhound.trino__json_list(expression) }}
{%- endmacro %}

{% macro default__json_list(expression) -%}
    {{ trailhound.no_body_for('json_list') }}
{%- endmacro %}
