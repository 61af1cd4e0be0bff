{#
    What Iceberg tables need from time to time, by the engine's own statements: small files are
    joined, and snapshots older than var upkeep_days (days, at least 7 unless the Trino catalog
    allows less) go with the files that only they have. It has the lock while it works, so that no
    run builds then; a run that was started meanwhile is refused.

    dbt run-operation upkeep
#}
{% macro upkeep() -%}
    {%- if trailhound.lock_relation() is none -%}
        {%- do exceptions.raise_compiler_error('only the tables of a warehouse need upkeep') -%}
    {%- endif -%}
    {%- do trailhound.take_lock(hours=2) -%}
    {%- set lock = trailhound.lock_relation() -%}
    {%- set tables = [] -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.package_name == 'trailhound'
            and node.config.materialized in ['growing', 'kept_table'] -%}
        {%- set table = adapter.get_relation(node.database, node.schema, node.alias) -%}
        {%- if table is not none -%}
            {%- do tables.append(table) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for table in tables | sort(attribute='identifier') -%}
        {%- do log('upkeep of ' ~ table.identifier, info=true) -%}
        {%- for sql in trailhound.upkeep_statements(table) -%}
            {%- do run_query(sql) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do run_query(trailhound.free(lock)) -%}
    {%- for sql in trailhound.upkeep_statements(lock) -%}
        {%- do run_query(sql) -%}
    {%- endfor -%}
{%- endmacro %}
