{# Makes the model wait for warehouse_builds, on engines that have it. Stands in a comment. #}
{% macro after_builds() -%}
    {{ return(adapter.dispatch('after_builds', 'trailhound')()) }}
{%- endmacro %}

{# Nothing grows on DuckDB, so nothing is kept. #}
{% macro duckdb__after_builds() -%}
    built whole
{%- endmacro %}

{% macro default__after_builds() -%}
    {%- if model.resource_type == 'model' -%}
        grows, see {{ ref('trailhound', 'warehouse_builds') }}
    {%- endif -%}
{%- endmacro %}
