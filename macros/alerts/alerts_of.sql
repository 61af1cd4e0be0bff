{#
    The contract columns of the alerts that events belong to.

    events:          CTE with the columns of cloudtrail_events and alert_key, triggered_at,
                     first_seen, last_seen, is_continuation, alert_observed and threshold; an event
                     may have more than one row
    window_minutes:  the window in force, or none
    evidence:        {key of the JSON object: text column}
    facts:           {key of the JSON object: SQL aggregate that gives a JSON value as text, or null
                     where the key is left out}
    is_request:      whether each event is an alert of its own
#}
{% macro alerts_of(events, window_minutes, evidence, facts={}, is_request=false) -%}
{%- set meta = trailhound.detection_meta() -%}
{%- set name = trailhound.detection_name() -%}
{%- set alert_keys = ['account_id', 'entity_id']
    + (['event_id'] if is_request else ['alert_key', 'triggered_at']) -%}
-- Events before a chain began go out; each event is numbered once, however many rows it has.
, events_of_alerts as (

    select
        *,
        dense_rank() over (
            partition by {{ alert_keys | join(', ') }}
            order by event_time, event_id
        ) as event_rank,
        row_number() over (
            partition by {{ alert_keys | join(', ') }}{{ ', event_id' if not is_request }}
            order by event_time
        ) as row_of_event

    from {{ events }}
    where event_time >= first_seen

)

select
    substr(
        {% if is_request -%}
        {{ trailhound.sha256_hex("concat('" ~ name ~ "|', account_id, '|', event_id)") }}
        {%- else -%}
        {{ trailhound.sha256_hex(
            "concat('" ~ name ~ "|', account_id, '|', entity_id, '|', "
            ~ "case when alert_key <> '' then concat(alert_key, '|') else '' end, "
            ~ trailhound.iso_utc('triggered_at') ~ ")"
        ) }}
        {%- endif %},
        1,
        32
    ) as alert_id,
    '{{ name }}' as detection,
    {{ trailhound.text_literal(meta.get('title', '')) }} as title,
    {{ trailhound.text_literal(meta.get('title', '') | lower) }} as boc,
    {{ trailhound.text_literal(meta.get('severity', '')) }} as severity,
    {{ trailhound.json_literal(meta.get('tactics', [])) }} as tactics,
    {{ trailhound.json_literal(meta.get('techniques', [])) }} as techniques,
    cast(min(triggered_at) as date) as alert_date,
    account_id,
    entity_id,
    min(entity_type) as entity_type,
    min(triggered_at) as triggered_at,
    min(first_seen) as first_seen,
    max(last_seen) as last_seen,
    max(case when is_continuation then 1 else 0 end) = 1 as is_continuation,
    cast(max(alert_observed) as bigint) as observed,
    cast(max(threshold) as bigint) as threshold,
    cast({{ window_minutes if window_minutes is not none else 'null' }} as integer)
        as window_minutes,
    cast(max(event_rank) as bigint) as event_count,
    {{ trailhound.json_list_in_order(
        'event_id', 'event_time, event_id', 'row_of_event = 1 and event_rank <= 100'
    ) }} as event_ids,
    {{ trailhound.json_list('aws_region') }} as regions,
    {{ trailhound.json_list('source_ip') }} as source_ips,
    {{ trailhound.json_list('user_agent') }} as user_agents,
    {{ trailhound.json_list('access_key_id') }} as access_key_ids,
    {{ trailhound.json_list('session_name') }} as session_names,
    {{ trailhound.json_list_union('resources') }} as resources,
    concat(
        '{'
        {%- for evidence_key, column in evidence.items() %},
        '{{ ',' if not loop.first }}"{{ evidence_key }}":', {{ trailhound.json_list(column) }}
        {%- endfor %}
        {%- for evidence_key, aggregate in facts.items() %},
        coalesce(',"{{ evidence_key }}":' || {{ aggregate }}, '')
        {%- endfor %},
        '}'
    ) as evidence,
    min(alert_key) as correlated_by,
    cast({{ trailhound.risk(meta) }} as integer) as risk

from events_of_alerts
where {{ trailhound.is_alert_of_recomputed_days('cast(triggered_at as date)') }}
group by {{ alert_keys | join(', ') }}
{%- endmacro %}


{# A list of plain texts of the project's own configuration as a JSON array in a SQL literal. #}
{% macro json_literal(texts) -%}
    {{ trailhound.text_literal('["' ~ texts | join('","') ~ '"]' if texts else '[]') }}
{%- endmacro %}


{# What an alert weighs in an incident: a whole number, the .yml's own or by severity. #}
{% macro risk(meta) -%}
    {{ return(
        meta.get('risk')
        or {'low': 10, 'medium': 25, 'high': 50, 'critical': 100}.get(meta.get('severity'), 'null')
    ) }}
{%- endmacro %}
