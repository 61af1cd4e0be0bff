{#
    Materialization of cloudtrail_logs: the table only grows, by the records of files that are new,
    and what a Python model returns is not stored. Runs the model inside dbt's transaction.
#}
{% materialization cloudtrail_load, adapter='duckdb', supported_languages=['python'] %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement('main', language='python') -%}
        {{ compiled_code }}

def materialize(result, connection):
    pass
    {%- endcall %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
