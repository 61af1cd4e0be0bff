{#
    How models of the warehouses are written (growing.sql says which they are).

    growing:     a table that gets rows. Built whole, it is as dbt's own incremental makes it. Else
                 it takes one insert straight from the query, where dbt would put a relation between
                 and ask for columns three times; and where no day is recomputed, no query at all.
    kept_table:  a table that is made empty where it is missing, and left as it is where it stands.
#}
{% materialization growing, default %}
    {%- set table = this.incorporate(type='table') -%}
    {%- if not trailhound.adds_to_what_is_there() -%}
        {{ return(trailhound.dbts_incremental()) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks) }}
    {%- if trailhound.grows(model) and not trailhound.recomputed_days() -%}
        {% call noop_statement('main', 'NOTHING NEW') %}{% endcall %}
    {%- else -%}
        {%- set columns = adapter.get_columns_in_relation(table)
            | map(attribute='quoted') | join(', ') -%}
        {%- set insert -%}
            insert into {{ table }} ({{ columns }})
            select {{ columns }}
            from (
                {{ compiled_code }}
            ) as new_rows
        {%- endset -%}
        {%- if not trailhound.insert_rows(insert) -%}
            {{ return(trailhound.dbts_incremental()) }}
        {%- endif -%}
    {%- endif -%}
    {%- if model.name == 'cloudtrail_events' -%}
        {%- do trailhound.ask_for_news() -%}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {%- do apply_grants(table, config.get('grants'), should_revoke=true) -%}
    {{ return({'relations': [table]}) }}
{% endmaterialization %}


{% materialization kept_table, default %}
    {%- if load_cached_relation(this) is none -%}
        {% call statement('main') -%}
            {{ create_table_as(false, this.incorporate(type='table'), compiled_code) }}
        {%- endcall %}
    {%- else -%}
        {% call noop_statement('main', 'KEPT') %}{% endcall %}
    {%- endif -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
