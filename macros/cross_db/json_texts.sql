{#
    The texts of json_items(): a SQL array of text, of a list of texts or of a single one, without
    what is empty, null or the text `null`. Objects stand as JSON text.
#}
{% macro json_texts(json, path) -%}
    {{ return(adapter.dispatch('json_texts', 'trailhound')(json, path)) }}
{%- endmacro %}

{% macro duckdb__json_texts(json, path) -%}
    list_filter(
        list_transform(
            {{ trailhound.json_items(json, path) }}, lambda item: json_extract_string(item, '$')
        ),
        lambda item: item not in ('', 'null')
    )
{%- endmacro %}

{% macro trino__json_texts(json, path) -%}
    filter(
        transform(
            {{ trailhound.json_items(json, path) }},
            item -> coalesce(json_extract_scalar(item, '$'), json_format(item))
        ),
        item -> item not in ('', 'null')
    )
{%- endmacro %}

{% macro athena__json_texts(json, path) -%}
    {{ trailhound.trino__json_texts(json, path) }}
{%- endmacro %}

{% macro default__json_texts(json, path) -%}
    {{ trailhound.no_body_for('json_texts') }}
{%- endmacro %}


{# Whether one of the texts at a path of a JSON text is one of these. Never null. #}
{% macro json_has(json, path, texts) -%}
    (
        {%- for text in texts %}
        coalesce(
            contains({{ trailhound.json_texts(json, path) }}, {{ trailhound.text_literal(text) }}),
            false
        )
        {{- ' or' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{# Whether the texts at a path of a JSON text, if any, are all among these. Never null. #}
{% macro json_only(json, path, texts) -%}
    {{ return(adapter.dispatch('json_only', 'trailhound')(json, path, texts)) }}
{%- endmacro %}

{% macro duckdb__json_only(json, path, texts) -%}
    coalesce(
        len(list_filter(
            {{ trailhound.json_texts(json, path) }},
            lambda item: item not in ('{{ texts | join("', '") }}')
        )) = 0,
        true
    )
{%- endmacro %}

{% macro trino__json_only(json, path, texts) -%}
    coalesce(
        none_match(
            {{ trailhound.json_texts(json, path) }},
            item -> item not in ('{{ texts | join("', '") }}')
        ),
        true
    )
{%- endmacro %}

{% macro athena__json_only(json, path, texts) -%}
    {{ trailhound.trino__json_only(json, path, texts) }}
{%- endmacro %}

{% macro default__json_only(json, path, texts) -%}
    {{ trailhound.no_body_for('json_only') }}
{%- endmacro %}
