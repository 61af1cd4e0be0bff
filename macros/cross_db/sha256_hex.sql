{# SHA-256 of a text's UTF-8 bytes as 64 lower-case hex digits. #}
{% macro sha256_hex(expression) -%}
    {{ return(adapter.dispatch('sha256_hex', 'trailhound')(expression)) }}
{%- endmacro %}

{% macro duckdb__sha256_hex(expression) -%}
    sha256({{ expression }})
{%- endmacro %}

{# sha256 takes and gives bytes on Trino, and to_hex gives upper case. #}
{% macro trino__sha256_hex(expression) -%}
    lower(to_hex(sha256(to_utf8({{ expression }}))))
{%- endmacro %}

{% macro athena__sha256_hex(expression) -%}
    {{ trailhound.trino__sha256_hex(expression) }}
{%- endmacro %}

{% macro default__sha256_hex(expression) -%}
    {{ trailhound.no_body_for('sha256_hex') }}
{%- endmacro %}
