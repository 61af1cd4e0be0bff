{#
    The rows of a relation, once for each element of an array. Stands where a table name stands.
    DuckDB plans `cross join unnest(…)` as a join by what the array is made of: a document of a
    megabyte would be there once for each of its elements.

    rows:   CTE or relation; filter it before: the array is made for all of it
    array:  SQL expression of its columns
    name:   the column with the element
#}
{% macro each_of(rows, array, name) -%}
    {{ return(adapter.dispatch('each_of', 'trailhound')(rows, array, name)) }}
{%- endmacro %}

{% macro duckdb__each_of(rows, array, name) -%}
    (
        select
            *,
            unnest({{ array }}) as {{ name }}
        from {{ rows }}
    ) as of_{{ name }}
{%- endmacro %}

{% macro trino__each_of(rows, array, name) -%}
    (
        select
            of_array.*,
            {{ name }}
        from {{ rows }} as of_array
        cross join unnest({{ array }}) as elements ({{ name }})
    ) as of_{{ name }}
{%- endmacro %}

{% macro athena__each_of(rows, array, name) -%}
    {{ trailhound.trino__each_of(rows, array, name) }}
{%- endmacro %}

{% macro default__each_of(rows, array, name) -%}
    {{ trailhound.no_body_for('each_of') }}
{%- endmacro %}
