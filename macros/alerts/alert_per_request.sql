{#
    The end of a request rule: one alert for each event whose `observed` reaches the threshold in
    force.

    counted:   the CTE with the events that count and `observed` beside them; an event may have
               more than one row
    evidence:  what the analyst asks first, as {key: text column of the CTE}
    facts:     {key: SQL aggregate that gives a JSON value as text} beside it
#}
{% macro alert_per_request(counted, evidence={}, facts={}) -%}
, {{ trailhound.firing_events(counted) }},

firing_requests as (

    select
        *,
        event_time as triggered_at,
        event_time as first_seen,
        event_time as last_seen,
        false as is_continuation,
        observed as alert_observed

    from firing

)

{{ trailhound.alerts_of('firing_requests', none, evidence, facts, is_request=true) }}
{%- endmacro %}
