{#
    The end of a first_seen detection: one alert for each account, entity, value and UTC day of the
    counted events. The first event of the value on that day is what is new: a value is quiet whose
    first second the allow-list removed.

    counted:   the CTE with the events of new values, `seen_value` and the day's `first_time` of the
               value beside them
    evidence:  what the analyst asks first, as {key: text column of the CTE}
    facts:     {key: SQL aggregate that gives a JSON value as text} beside it
#}
{% macro alert_per_value(counted, evidence={}, facts={}) -%}
, events_of_values as (

    select
        *,
        seen_value as alert_key,
        first_time as triggered_at,
        first_time as first_seen,
        max(event_time) over day_of_value as last_seen,
        min(event_time) over day_of_value = first_time as is_first_there,
        false as is_continuation,
        1 as alert_observed,
        1 as threshold

    from {{ counted }}
    window day_of_value as (partition by account_id, entity_id, seen_value, event_date)

),

events_of_new_values as (

    select * from events_of_values
    where is_first_there

)

{{ trailhound.alerts_of('events_of_new_values', none, evidence, facts) }}
{%- endmacro %}
