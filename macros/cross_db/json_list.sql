{#
    Aggregate: the distinct values of a text expression as a JSON array text, sorted by code point,
    nulls left out, at most 100; '[]' where there is none.
#}
{% macro json_list(expression) -%}
    {{ return(adapter.dispatch('json_list', 'trailhound')(expression)) }}
{%- endmacro %}

{# list_distinct leaves nulls out, and costs less to plan than a distinct aggregate. #}
{% macro duckdb__json_list(expression) -%}
    coalesce(
        cast(
            to_json(list_slice(list_sort(list_distinct(list({{ expression }}))), 1, 100)) as varchar
        ),
        '[]'
    )
{%- endmacro %}

{% macro trino__json_list(expression) -%}
    coalesce(
        {{ trailhound.trino__json_array_text(
            "slice(array_sort(array_agg(distinct " ~ expression ~ ") filter (where "
            ~ expression ~ " is not null)), 1, 100)"
        ) }},
        '[]'
    )
{%- endmacro %}

{# An array of texts as JSON. Trino spells a character beyond U+FFFF as two escapes where others
   write it as it is; a backslash of the text itself stands doubled, so no other pair can match. #}
{% macro trino__json_array_text(array) -%}
    regexp_replace(
        json_format(cast({{ array }} as json)),
        '\\u(D[89AB][0-9A-F]{2})\\u(D[C-F][0-9A-F]{2})',
        pair -> chr(
            65536 + 1024 * (from_base(pair[1], 16) - 55296) + from_base(pair[2], 16) - 56320
        )
    )
{%- endmacro %}

{% macro athena__json_list(expression) -%}
    {{ trailhound.trino__json_list(expression) }}
{%- endmacro %}

{% macro default__json_list(expression) -%}
    {{ trailhound.no_body_for('json_list') }}
{%- endmacro %}
