{#
    Whether any text that a path of a JSON text leads to meets a condition. Arrays on the way and at
    its end stand for each of their elements; an array at the end also for its own JSON text, an
    object for its JSON text. Never null.

    json:       SQL expression, JSON text
    path:       keys joined by dots
    condition:  SQL condition on `item`, a text
#}
{% macro json_any(json, path, condition) -%}
    {{ return(adapter.dispatch('json_any', 'trailhound')(json, path, condition)) }}
{%- endmacro %}

{# Malformed JSON is an error on DuckDB, hence try. #}
{% macro duckdb__json_any(json, path, condition) -%}
    {%- set keys = path.split('.') -%}
    {%- set reached = namespace(
        values='[json_extract(' ~ json ~ ', ' ~ trailhound.json_path(keys[0]) ~ ')]'
    ) -%}
    {%- for key in keys[1:] -%}
        {%- set at = trailhound.json_path(key) -%}
        {%- set reached.values -%}
            flatten(list_transform({{ reached.values }}, lambda parent:
                case json_type(parent)
                    when 'ARRAY' then json_extract(parent, {{ "'$[*]" ~ at[2:] }})
                    else [json_extract(parent, {{ at }})]
                end
            ))
        {%- endset -%}
    {%- endfor -%}
    coalesce(
        try(len(list_filter(
            flatten(list_transform({{ reached.values }}, lambda value:
                case json_type(value)
                    when 'ARRAY' then list_prepend(
                        cast(value as varchar),
                        list_transform(
                            json_extract(value, '$[*]'),
                            lambda element: json_extract_string(element, '$')
                        )
                    )
                    when 'NULL' then []
                    else [json_extract_string(value, '$')]
                end
            )),
            lambda item: {{ condition }}
        ))) > 0,
        false
    )
{%- endmacro %}

{# A cast of anything but an array is null. What is absent goes first: Trino 476 fails to fold a
   constant nullif() of it. #}
{% macro trino__json_any(json, path, condition) -%}
    {%- set keys = path.split('.') -%}
    {%- set reached = namespace(
        values='array[json_extract(' ~ json ~ ', ' ~ trailhound.json_path(keys[0]) ~ ')]'
    ) -%}
    {%- for key in keys[1:] -%}
        {%- set at = trailhound.json_path(key) -%}
        {%- set reached.values -%}
            flatten(transform({{ reached.values }}, parent -> coalesce(
                transform(
                    try_cast(parent as array(json)), element -> json_extract(element, {{ at }})
                ),
                array[json_extract(parent, {{ at }})]
            )))
        {%- endset -%}
    {%- endfor -%}
    coalesce(
        any_match(
            flatten(transform(filter({{ reached.values }}, value -> value is not null),
            value -> coalesce(
                array[json_format(value)] || transform(
                    try_cast(value as array(json)),
                    element -> coalesce(
                        json_extract_scalar(element, '$'), nullif(json_format(element), 'null')
                    )
                ),
                array[coalesce(
                    json_extract_scalar(value, '$'), nullif(json_format(value), 'null')
                )]
            ))),
            item -> {{ condition }}
        ),
        false
    )
{%- endmacro %}

{% macro athena__json_any(json, path, condition) -%}
    {{ trailhound.trino__json_any(json, path, condition) }}
{%- endmacro %}

{% macro default__json_any(json, path, condition) -%}
    {{ trailhound.no_body_for('json_any') }}
{%- endmacro %}
