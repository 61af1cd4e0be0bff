{#
    The columns that `countable` and the endings read of an event, beside `observed`. A detection
    whose alerts have another key than the entity hands on these.
#}
{% macro counted_columns() -%}
    {{ return([
        'event_id', 'event_time', 'event_date', 'event_source', 'event_name', 'event_category',
        'account_id', 'aws_region', 'source_ip', 'source_address', 'user_agent', 'access_key_id',
        'session_name', 'resources', 'error_code',
    ]) }}
{%- endmacro %}


{#
    The rows of a CTE under another key than the entity; `actor_id` is the entity then, for
    evidence. Stands where a table name stands.

    cte:          has the columns of cloudtrail_events
    entity_id:    SQL text expression: what alerts show as entity_id; rows where it is null go out
    entity_type:  SQL text expression
    also:         further columns of the CTE to keep
    services:     whether events of AWS services count too
#}
{% macro keyed_by(cte, entity_id, entity_type='entity_type', also=[], services=false) -%}
    (
        select
            {{ trailhound.counted_columns() | join(', ') }},
            {% for column in also %}{{ column }}, {% endfor -%}
            {{ entity_id }} as entity_id,
            {{ entity_type }} as entity_type,
            entity_id as actor_id
        from {{ cte }}
        where
            {{ entity_id }} is not null
            {%- if not services %}
            and entity_type <> 'service'
            {%- endif %}
    )
{%- endmacro %}


{# The columns that a step of a sequence needs of an event, where steps come from two relations. #}
{% macro event_columns() -%}
    {{ (trailhound.counted_columns() + ['entity_id', 'entity_type']) | join(', ') }}
{%- endmacro %}
