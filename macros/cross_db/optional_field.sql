{#
    A text column of the raw table that older definitions of it lack, '' as null; null where the
    user's own table has no such column, or where nobody may ask: dbt only compiles.
#}
{% macro optional_field(column) -%}
    {{ return(adapter.dispatch('optional_field', 'trailhound')(column)) }}
{%- endmacro %}

{% macro duckdb__optional_field(column) -%}
    nullif({{ column }}, '')
{%- endmacro %}

{% macro default__optional_field(column) -%}
    {%- set columns = [] -%}
    {%- if var('cloudtrail_table_shape') == 'ocsf' -%}
        {%- set columns = ['eventcategory', 'vpcendpointaccountid'] -%}
    {%- elif trailhound.builds_relations() and model.resource_type == 'model' -%}
        {%- set columns = adapter.get_columns_in_relation(source('cloudtrail', 'cloudtrail_logs'))
            | map(attribute='name') | map('lower') | list -%}
    {%- endif -%}
    {{ "nullif(" ~ column ~ ", '')" if column in columns else 'cast(null as varchar)' }}
{%- endmacro %}
