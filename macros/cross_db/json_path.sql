{#
    Keys joined by dots as a JSON path in a SQL literal: 'a.b' is '$.a.b'. Empty: the value itself.
    Keys with other characters than letters and digits are quoted, which every engine does its own
    way.
#}
{% macro json_path(path) -%}
    {{ return(adapter.dispatch('json_path', 'trailhound')(path)) }}
{%- endmacro %}

{% macro duckdb__json_path(path) -%}
    {{ return(trailhound.joined_json_path(path, '."', '"')) }}
{%- endmacro %}

{% macro trino__json_path(path) -%}
    {{ return(trailhound.joined_json_path(path, '["', '"]')) }}
{%- endmacro %}

{% macro athena__json_path(path) -%}
    {{ return(trailhound.trino__json_path(path)) }}
{%- endmacro %}

{% macro default__json_path(path) -%}
    {{ trailhound.no_body_for('json_path') }}
{%- endmacro %}


{% macro joined_json_path(path, before, after) -%}
    {%- set parts = [] -%}
    {%- for key in (path.split('.') if path else []) -%}
        {%- if modules.re.match('^[A-Za-z0-9_]+$', key) -%}
            {%- do parts.append('.' ~ key) -%}
        {%- else -%}
            {%- do parts.append(before ~ key ~ after) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return("'$" ~ parts | join('') ~ "'") }}
{%- endmacro %}
