{# The statements of an engine that join an Iceberg table's small files and let old snapshots go. #}
{% macro upkeep_statements(table) -%}
    {{ return(adapter.dispatch('upkeep_statements', 'trailhound')(table)) }}
{%- endmacro %}

{% macro trino__upkeep_statements(table) -%}
    {%- set age = "(retention_threshold => '" ~ (var('upkeep_days') | int) ~ "d')" -%}
    {%- set versions = var('upkeep_metadata_versions') | int -%}
    {%- set first = [
        'alter table ' ~ table ~ " set properties extra_properties = map(array["
        ~ "'write.metadata.delete-after-commit.enabled', 'write.metadata.previous-versions-max'"
        ~ "], array['true', '" ~ versions ~ "'])"
    ] if versions else [] -%}
    {{ return(first + [
        'alter table ' ~ table ~ ' execute optimize',
        'alter table ' ~ table ~ ' execute expire_snapshots' ~ age,
        'alter table ' ~ table ~ ' execute remove_orphan_files' ~ age,
    ]) }}
{%- endmacro %}

{#
    How old a snapshot may be stands in the table, and how many versions of its metadata stay: each
    commit writes one that lists all snapshots. VACUUM takes the files that nothing needs too.

    https://docs.aws.amazon.com/athena/latest/ug/vacuum-statement.html
#}
{% macro athena__upkeep_statements(table) -%}
    {%- set name = '`' ~ table.schema ~ '`.`' ~ table.identifier ~ '`' -%}
    {{ return([
        'alter table ' ~ name ~ " set tblproperties ('vacuum_max_snapshot_age_seconds'='"
        ~ (var('upkeep_days') | int) * 86400 ~ "', 'vacuum_max_metadata_files_to_keep'='10')",
        'optimize "' ~ table.schema ~ '"."' ~ table.identifier ~ '" rewrite data using bin_pack',
        'vacuum "' ~ table.schema ~ '"."' ~ table.identifier ~ '"',
    ]) }}
{%- endmacro %}

{% macro default__upkeep_statements(table) -%}
    {{ trailhound.no_body_for('upkeep_statements') }}
{%- endmacro %}
