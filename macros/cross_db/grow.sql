{# dbt's own incremental materialisation of the engine, to be called within another. #}
{% macro dbts_incremental() -%}
    {{ return(adapter.dispatch('dbts_incremental', 'trailhound')()) }}
{%- endmacro %}

{% macro trino__dbts_incremental() -%}
    {{ return(materialization_incremental_trino()) }}
{%- endmacro %}

{% macro athena__dbts_incremental() -%}
    {{ return(materialization_incremental_athena()) }}
{%- endmacro %}

{% macro default__dbts_incremental() -%}
    {{ trailhound.no_body_for('dbts_incremental') }}
{%- endmacro %}


{#
    Run an INSERT as a model's main statement. Whether it was possible: Athena writes at most a
    hundred partitions a query, and else none.

    https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html
#}
{% macro insert_rows(insert) -%}
    {{ return(adapter.dispatch('insert_rows', 'trailhound')(insert)) }}
{%- endmacro %}

{% macro trino__insert_rows(insert) -%}
    {%- call statement('main') -%}
        {{ insert }}
    {%- endcall -%}
    {{ return(true) }}
{%- endmacro %}

{# Glue keeps each version of a table, which has one more after each commit. #}
{% macro athena__insert_rows(insert) -%}
    {%- set done = adapter.run_query_with_partitions_limit_catching(insert) -%}
    {%- if done == 'TOO_MANY_OPEN_PARTITIONS' -%}
        {{ return(false) }}
    {%- endif -%}
    {% call noop_statement('main', done) %}{% endcall %}
    {%- do adapter.expire_glue_table_versions(this.incorporate(type='table'), 1, false) -%}
    {{ return(true) }}
{%- endmacro %}

{% macro default__insert_rows(insert) -%}
    {{ trailhound.no_body_for('insert_rows') }}
{%- endmacro %}
