{#
    Unit tests on the warehouses. To learn the types of a model's columns, dbt makes an empty table
    of them: that takes longer than the test itself, and on Athena it is a Hive table, which takes
    no timestamp(6). The answer to a query without rows tells the types as well.
#}
{% materialization unit, adapter='trino' %}
    {{ return(trailhound.run_unit_test()) }}
{% endmaterialization %}


{% materialization unit, adapter='athena' %}
    {{ return(trailhound.run_unit_test()) }}
{% endmaterialization %}


{% macro run_unit_test() -%}
    {%- set expected_rows = config.get('expected_rows') -%}
    {%- set types, names = {}, {} -%}
    {%- for column in adapter.get_column_schema_from_query(get_empty_subquery_sql(sql)) -%}
        {%- do types.update({column.name | lower: column.data_type}) -%}
        {%- do names.update({column.name | lower: column.quoted}) -%}
    {%- endfor -%}
    {%- set compared = [] -%}
    {%- for name in (expected_rows[0] if expected_rows else names) -%}
        {%- do compared.append(names.get(name | lower, name)) -%}
    {%- endfor -%}
    {%- set expected_sql = config.get('expected_sql')
        or get_expected_sql(expected_rows, types, names) -%}
    {%- call statement('main', fetch_result=True) -%}
        {{ get_unit_test_sql(sql, expected_sql, compared) }}
    {%- endcall -%}
    {{ return({'relations': []}) }}
{%- endmacro %}
