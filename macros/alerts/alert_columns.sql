{#
    The contract columns of an alert, from the CTE events_of_alerts, up to its group by.

    key, key_text:   what makes an alert one beside account and entity, as a column and as text
    window_minutes:  the window in force, or none
    evidence:        {key of the JSON object: text column}
#}
{% macro alert_columns(key, key_text, window_minutes, evidence) -%}
{%- set meta = trailhound.detection_meta() -%}
{%- set name = trailhound.detection_name() -%}
select
    substr(
        {{ trailhound.sha256_hex(
            "concat('" ~ name ~ "|', account_id, '|', "
            ~ ("entity_id, '|', " if key != 'event_id' else "")
            ~ key_text ~ ")"
        ) }},
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
    min(event_time) as first_seen,
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
        {%- endfor %},
        '}'
    ) as evidence

from events_of_alerts
where {{ trailhound.is_alert_of_recomputed_days('cast(triggered_at as date)') }}
{%- endmacro %}


{# A list of plain texts of the project's own configuration as a JSON array in a SQL literal. #}
{% macro json_literal(texts) -%}
    {{ trailhound.text_literal('["' ~ texts | join('","') ~ '"]' if texts else '[]') }}
{%- endmacro %}
