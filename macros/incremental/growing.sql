{#
    On the warehouses relations grow, so that a run costs what is new and not what is there:

    cloudtrail_records     the records of the deliveries that this run reads, and no others
    cloudtrail_events      gets the events among them that it does not hold yet
    source_ips             gets the addresses that it does not hold yet
    facts by day           and detections are recomputed for the days that new events can change:
                           detections read these facts instead of all events
    warehouse_builds       keeps what each of them has seen

    What a run has seen is noted at its end: one that was cut off is done again, and adds nothing
    twice. One run at a time builds (lock.sql). On DuckDB dbt builds everything whole, and the
    command the same days (cli/trailhound/build/relations.py).
#}

{# Whether this model adds to a table that stands. Never where dbt only compiles, for that must
   work without a connection, nor in unit tests. #}
{% macro adds_to_what_is_there() -%}
    {%- if not trailhound.builds_relations()
        or model.resource_type != 'model'
        or config.get('materialized') != 'growing'
        or should_full_refresh() -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set stands = adapter.get_relation(this.database, this.schema, this.identifier) -%}
    {{ return(stands is not none and stands.type == 'table') }}
{%- endmacro %}


{# Whether this is a command of dbt that builds: the others must work without a connection. #}
{% macro builds_relations() -%}
    {{ return(
        execute and flags.WHICH not in ['compile', 'show', 'test', 'list', 'parse', 'generate']
    ) }}
{%- endmacro %}


{# A model of this project in the warehouse; none if it is not there, or no part of the target. #}
{% macro built_relation(name) -%}
    {%- set node = graph.nodes.get('model.trailhound.' ~ name) -%}
    {{ return(adapter.get_relation(node.database, node.schema, node.alias) if node else none) }}
{%- endmacro %}


{# Something that is the same all through a run, asked for once: each question is a query that
   takes its time, and on Athena its price. #}
{% macro asked_once(question, ask) -%}
    {%- set answers = graph.setdefault('trailhound_answers', {}) -%}
    {%- if question not in answers -%}
        {%- do answers.update({question: run_query(ask).rows | map('list') | list}) -%}
    {%- endif -%}
    {{ return(answers[question]) }}
{%- endmacro %}


{# Pre-hook of every model: of those above, the rows that this run replaces go first. Where nothing
   is new it deletes nothing, for Iceberg writes a snapshot of a delete by days even then. #}
{% macro remove_what_is_replaced() -%}
    {%- if trailhound.adds_to_what_is_there() -%}
        {%- if model.name == 'cloudtrail_events' -%}
            {{ trailhound.delete_worse_copies() }}
        {%- elif trailhound.day_column(model) and trailhound.recomputed_days() -%}
            delete from {{ this }}
            where {{ trailhound.is_alert_of_recomputed_days(trailhound.day_column(model)) }}
        {%- endif -%}
    {%- elif trailhound.builds_relations() -%}
        {%- do graph.setdefault('trailhound_built_whole', {}).update({model.name: true}) -%}
        {%- if model.name == 'cloudtrail_events' -%}
            {%- do trailhound.forget_builds() -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{# The column with the UTC day of a relation that is recomputed by days; none for the others. #}
{% macro day_column(node) -%}
    {{ return(
        'alert_date' if trailhound.is_detection(node)
        else node.config.meta.get('day_column') if node.config.materialized == 'growing'
    ) }}
{%- endmacro %}


{# The condition that a relation which only gets rows under new keys does not hold one yet. #}
{% macro is_new_key(column) -%}
    {%- if not trailhound.adds_to_what_is_there() -%}
        {{ return('true') }}
    {%- endif -%}
    {{ column }} not in (select {{ column }} from {{ this }})
{%- endmacro %}


{# Whether it is kept what a relation has seen, cloudtrail_events apart. #}
{% macro grows(node) -%}
    {{ return(
        trailhound.day_column(node)
        or (node.config.meta.get('key_column') and node.config.materialized == 'growing')
    ) }}
{%- endmacro %}


{# Under what name it is kept what a relation has seen. Facts depend on which calls are watched: a
   detection that names more rebuilds them. #}
{% macro build_name(node) -%}
    {{ return(
        node.name ~ ' ' ~ local_md5(trailhound.is_watched())
        if trailhound.day_column(node) == 'event_date' else node.name
    ) }}
{%- endmacro %}


{# An ISO date so many days before another one; after it, if negative. In the years 1 to 9999. #}
{% macro days_before(iso_date, days) -%}
    {%- set day = modules.datetime.date.fromisoformat(iso_date | string) -%}
    {%- set number = [[day.toordinal() - days, 1] | max, 3652059] | min -%}
    {{ return(modules.datetime.date.fromordinal(number).isoformat()) }}
{%- endmacro %}
