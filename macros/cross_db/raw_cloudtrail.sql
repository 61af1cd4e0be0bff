{# The raw CloudTrail table in AWS's columns: what trailhound loaded, or the user's own. #}
{% macro raw_cloudtrail() -%}
    {{ return(adapter.dispatch('raw_cloudtrail', 'trailhound')()) }}
{%- endmacro %}

{# Rejected and skipped records stand in the same table, with the reason. #}
{% macro duckdb__raw_cloudtrail() -%}
    (
        select * from {{ ref('trailhound', 'cloudtrail_logs') }}
        where error is null and skipped is null
    )
{%- endmacro %}

{% macro default__raw_cloudtrail() -%}
    {%- if var('cloudtrail_table_shape') == 'ocsf' -%}
        {{ trailhound.ocsf_cloudtrail(source('cloudtrail', 'cloudtrail_logs')) }}
    {%- else -%}
        {{ source('cloudtrail', 'cloudtrail_logs') }}
    {%- endif -%}
{%- endmacro %}
