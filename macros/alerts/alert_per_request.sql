{#
    The end of a request rule: one alert for each event whose `observed` reaches the threshold in
    force.

    counted:   the CTE with the events that count and `observed` beside them; an event may have
               more than one row
    evidence:  what the analyst asks first, as {key: text column of the CTE}

    The comment lets tools cut the compiled SQL before its alerts.
#}
{% macro alert_per_request(counted, evidence={}) -%}
-- trailhound: alerts
, {{ trailhound.entity_thresholds(counted) }},

events_of_alerts as (

    select
        counted_event.*,
        counted_event.event_time as triggered_at,
        counted_event.event_time as last_seen,
        false as is_continuation,
        counted_event.observed as alert_observed,
        {{ trailhound.threshold_in_force() }} as threshold,
        1 as event_rank,
        row_number() over (
            partition by counted_event.account_id, counted_event.event_id
            order by counted_event.event_time
        ) as row_of_event

    from {{ counted }} as counted_event
    left join entity_thresholds
        on
            counted_event.account_id = entity_thresholds.account_id
            and counted_event.entity_id = entity_thresholds.entity_id
    where counted_event.observed >= {{ trailhound.threshold_in_force() }}

)

{{ trailhound.alert_columns('event_id', 'event_id', window_minutes=none, evidence=evidence) }}
group by account_id, entity_id, event_id
{%- endmacro %}
