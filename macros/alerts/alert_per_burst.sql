{#
    The end of a detection that slides: one alert for each burst of rows whose `observed` reaches
    the threshold in force. Firing events of one account, entity and key belong to the same burst
    while they are at most one window apart and on the same UTC day.

    counted:        the CTE with the events that count and `observed` beside them; an event may have
                    more than one row; a row that cannot fire has 0 or null there
    evidence:       what the analyst asks first, as {key: text column of the CTE}
    facts:          {key: SQL aggregate that gives a JSON value as text} beside it
    correlated_by:  SQL text expression of what makes an alert one beside account and entity
    begins:         SQL timestamp expression; its least value among the rows of the window in which
                    the burst fired first is first_seen; may read bursts.triggered_at and .threshold
#}
{% macro alert_per_burst(
    counted, evidence={}, facts={}, correlated_by=none, begins='event_time'
) -%}
, {{ trailhound.firing_events(counted, correlated_by) }},

spaced_firing as (

    select
        *,
        lag(event_time) over (
            partition by account_id, entity_id, alert_key
            order by event_time
        ) as previous_firing_time

    from firing

),

firing_in_bursts as (

    select
        *,
        previous_firing_time is not null
        and event_time <= previous_firing_time + {{ trailhound.window_interval() }}
            as is_within_window,
        sum(
            case
                when
                    event_time <= previous_firing_time + {{ trailhound.window_interval() }}
                    and cast(event_time as date) = cast(previous_firing_time as date)
                    then 0
                else 1
            end
        ) over (
            partition by account_id, entity_id, alert_key
            order by event_time
        ) as burst_number

    from spaced_firing

),

bursts as (

    select
        account_id,
        entity_id,
        alert_key,
        min(event_time) as triggered_at,
        max(event_time) as last_seen,
        max(observed) as alert_observed,
        max(threshold) as threshold,
        -- Only the first event of a burst can go on with one of the day before.
        max(
            case
                when
                    is_within_window
                    and cast(event_time as date) <> cast(previous_firing_time as date)
                    then 1
                else 0
            end
        ) = 1 as is_continuation

    from firing_in_bursts
    group by account_id, entity_id, alert_key, burst_number

),

events_of_bursts as (

    select
        counted_event.*,
        bursts.alert_key,
        bursts.triggered_at,
        bursts.last_seen,
        bursts.is_continuation,
        bursts.alert_observed,
        bursts.threshold,
        min(case when event_time <= bursts.triggered_at then {{ begins }} end) over (
            partition by
                bursts.account_id, bursts.entity_id, bursts.alert_key, bursts.triggered_at
        ) as first_seen

    from bursts
    inner join {{ counted }} as counted_event
        on
            bursts.account_id = counted_event.account_id
            and bursts.entity_id = counted_event.entity_id
            {%- if correlated_by %}
            and bursts.alert_key = {{ correlated_by }}
            {%- endif %}
            and counted_event.event_time
            between bursts.triggered_at - {{ trailhound.window_interval() }} and bursts.last_seen

)

{{ trailhound.alerts_of('events_of_bursts', trailhound.window_minutes(), evidence, facts) }}
{%- endmacro %}
