{#
    Makes what people read of all enabled detections together: the views `alerts` and `signals`
    (what is worth knowing beside an alert, and no reason to wake anybody), and `incidents`. Run at
    the end, from what the project holds then, so that a new or a disabled detection needs no second
    list.
#}
{% macro union_alerts() -%}
    {%- if execute and flags.WHICH in ['run', 'build'] -%}
        {%- set built = [] -%}
        {%- for node in trailhound.enabled_detections() -%}
            {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) -%}
            {%- if relation is not none -%}
                {%- do built.append([node, relation]) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if built -%}
            {%- for name, sql in [
                ('alerts', trailhound.union_of(built, false)),
                ('signals', trailhound.union_of(built, true)),
                ('incidents', trailhound.incidents_query()),
            ] -%}
                {%- do run_query(
                    'create or replace view ' ~ trailhound.view_of(name) ~ ' as ' ~ sql
                ) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{# Whether a node is a detection: a model in the project's folder detections/, or in the one that
   trailhound init made, whose .yml gives a severity. #}
{% macro is_detection(node) -%}
    {%- set folders = node.original_file_path.replace('\\', '/').split('/')[:-1] -%}
    {{ return(
        node.resource_type == 'model'
        and (folders[:1] == ['detections'] or folders[:2] == ['own', 'detections'])
        and node.config.meta.get('severity') is not none
    ) }}
{%- endmacro %}


{# The nodes of the enabled detections. #}
{% macro enabled_detections() -%}
    {%- set detections = [] -%}
    {%- for node in graph.nodes.values() if trailhound.is_detection(node) -%}
        {%- do detections.append(node) -%}
    {%- endfor -%}
    {{ return(detections) }}
{%- endmacro %}


{# At the start of a first build: the views without a row, for models that read them. #}
{% macro make_missing_views() -%}
    {%- if execute and flags.WHICH in ['run', 'build']
        and adapter.get_relation(target.database, target.schema, 'alerts') is none -%}
        {%- set built_there = [] -%}
        {%- for id in selected_resources
            if graph.nodes.get(id, {}).get('schema') == target.schema
                and graph.nodes[id].resource_type in ['model', 'seed'] -%}
            {%- do built_there.append(id) -%}
        {%- endfor -%}
        {#- Where +schema puts everything elsewhere, dbt does not make the target's own. -#}
        {%- if not built_there -%}
            {%- do adapter.create_schema(
                api.Relation.create(database=target.database, schema=target.schema)
            ) -%}
        {%- endif -%}
        {%- set columns = [] -%}
        {%- set types = trailhound.alert_column_types() -%}
        {%- for name in trailhound.alert_column_names() -%}
            {%- do columns.append(
                'cast(null as ' ~ types.get(name, 'varchar') ~ ') as ' ~ name
            ) -%}
        {%- endfor -%}
        {%- for name, sql in [
            ('alerts', 'select ' ~ columns | join(', ') ~ ' where 1 = 0'),
            ('signals', 'select ' ~ columns | join(', ') ~ ' where 1 = 0'),
            ('incidents', trailhound.incidents_query()),
        ] -%}
            {%- set view = trailhound.view_of(name) -%}
            {%- do run_query('create or replace view ' ~ view ~ ' as ' ~ sql) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{# Whether a detection's alerts are signals: its .yml says so, or the var `<name>__signal`. #}
{% macro is_signal(node) -%}
    {%- set name = node.name ~ '__signal' -%}
    {%- set is_signal = var(name, node.config.meta.get('signal', false)) -%}
    {%- if is_signal is not boolean -%}
        {%- do exceptions.raise_compiler_error(
            name ~ ' must be true or false, not ' ~ is_signal
        ) -%}
    {%- endif -%}
    {{ return(is_signal) }}
{%- endmacro %}


{#
    One query over the alerts of several detections, those of signals or the others; without any, an
    empty one in the same columns.

    built:  [node, relation] of each detection that was built
#}
{% macro union_of(built, signals) -%}
    {%- set wanted = [] -%}
    {%- for node, relation in built if trailhound.is_signal(node) == signals -%}
        {%- do wanted.append(relation) -%}
    {%- endfor -%}
    {%- for relation in (wanted or [built[0][1]]) | sort(attribute='identifier') %}
    select {{ trailhound.alert_column_names() | join(', ') }}
    from {{ relation }}
    {{ 'where false' if not wanted }}
    {{ 'union all' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# The contract: the columns of an alert, in order. #}
{% macro alert_column_names() -%}
    {{ return([
        'alert_id', 'detection', 'title', 'boc', 'severity', 'tactics', 'techniques', 'alert_date',
        'account_id', 'entity_id', 'entity_type', 'triggered_at', 'first_seen', 'last_seen',
        'is_continuation', 'observed', 'threshold', 'window_minutes', 'event_count', 'event_ids',
        'regions', 'source_ips', 'user_agents', 'access_key_ids', 'session_names', 'resources',
        'evidence', 'correlated_by', 'risk',
    ]) }}
{%- endmacro %}


{# The types of those that are not text. #}
{% macro alert_column_types() -%}
    {{ return({
        'alert_date': 'date', 'triggered_at': 'timestamp', 'first_seen': 'timestamp',
        'last_seen': 'timestamp', 'is_continuation': 'boolean', 'observed': 'bigint',
        'threshold': 'bigint', 'window_minutes': 'integer', 'event_count': 'bigint',
        'risk': 'integer',
    }) }}
{%- endmacro %}
