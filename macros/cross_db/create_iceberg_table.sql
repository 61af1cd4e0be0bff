{#
    A statement that makes an Iceberg table of a query, and fails if there is one already. For
    hooks: what models are made by needs a model.

    relation:  where
    sql:       the query
#}
{% macro create_iceberg_table(relation, sql) -%}
    {{ return(adapter.dispatch('create_iceberg_table', 'trailhound')(relation, sql)) }}
{%- endmacro %}

{# The catalog is one of Iceberg tables. #}
{% macro trino__create_iceberg_table(relation, sql) -%}
    create table {{ relation }} as {{ sql }}
{%- endmacro %}

{# A folder of its own each time: Athena refuses one that holds files. #}
{% macro athena__create_iceberg_table(relation, sql) -%}
    create table {{ relation }} with (
        table_type = 'iceberg',
        is_external = false,
        format = 'parquet',
        location = '{{ target.s3_data_dir.rstrip('/') }}/{{ relation.schema }}/{{
            relation.identifier }}/{{ invocation_id }}/'
    ) as {{ sql }}
{%- endmacro %}

{% macro default__create_iceberg_table(relation, sql) -%}
    {{ trailhound.no_body_for('create_iceberg_table') }}
{%- endmacro %}
