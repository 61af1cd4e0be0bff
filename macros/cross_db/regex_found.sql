{#
    Whether a regular expression (RE2) is found anywhere in a text.

    text:     SQL text expression
    pattern:  SQL text literal
#}
{% macro regex_found(text, pattern) -%}
    {{ return(adapter.dispatch('regex_found', 'trailhound')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__regex_found(text, pattern) -%}
    regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}

{% macro trino__regex_found(text, pattern) -%}
    regexp_like({{ text }}, {{ pattern }})
{%- endmacro %}

{% macro athena__regex_found(text, pattern) -%}
    {{ trailhound.trino__regex_found(text, pattern) }}
{%- endmacro %}

{% macro default__regex_found(text, pattern) -%}
    {{ trailhound.no_body_for('regex_found') }}
{%- endmacro %}
