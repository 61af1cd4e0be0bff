{#
    Makes the view `alerts`: the alerts of all enabled detections together. Run at the end, from
    what the project holds then, so that a new or a disabled detection needs no second list.
#}
{% macro union_alerts() -%}
    {%- if execute and flags.WHICH in ['run', 'build'] -%}
        {%- set detections = [] -%}
        {%- for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
            if node.config.meta.get('severity') -%}
            {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) -%}
            {%- if relation is not none -%}
                {%- do detections.append(relation) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if detections -%}
            {%- set alerts = api.Relation.create(
                database=detections[0].database,
                schema=detections[0].schema,
                identifier='alerts',
                type='view'
            ) -%}
            create or replace view {{ alerts }} as {{ trailhound.union_of(detections) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{% macro union_of(relations) -%}
    {%- for relation in relations | sort(attribute='identifier') %}
    select {{ trailhound.alert_column_names() | join(', ') }}
    from {{ relation }}
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
        'evidence',
    ]) }}
{%- endmacro %}
