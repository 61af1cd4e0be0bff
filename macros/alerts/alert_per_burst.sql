{#
    The end of a sliding detection: one alert for each burst of rows whose `observed` reaches the
    threshold in force. Firing events of one entity belong to the same burst while they are at most
    one window apart and on the same UTC day.

    counted:   the CTE with the events that count and `observed` beside them; an event may have
               more than one row
    evidence:  what the analyst asks first, as {key: text column of the CTE}

    The comment lets tools cut the compiled SQL before its alerts.
#}
{% macro alert_per_burst(counted, evidence={}) -%}
-- trailhound: alerts
, {{ trailhound.entity_thresholds(counted) }},

firing as (

    select
        counted_event.*,
        {{ trailhound.threshold_in_force() }} as threshold,
        lag(counted_event.event_time) over (
            partition by counted_event.account_id, counted_event.entity_id
            order by counted_event.event_time
        ) as previous_firing_time

    from {{ counted }} as counted_event
    left join entity_thresholds
        on
            counted_event.account_id = entity_thresholds.account_id
            and counted_event.entity_id = entity_thresholds.entity_id
    where counted_event.observed >= {{ trailhound.threshold_in_force() }}

),

firing_beside_previous as (

    select
        *,
        coalesce(
            event_time <= previous_firing_time + {{ trailhound.window_interval() }}, false
        ) as is_within_window,
        coalesce(
            cast(event_time as date) = cast(previous_firing_time as date), false
        ) as is_same_day

    from firing

),

firing_in_bursts as (

    select
        *,
        sum(case when is_within_window and is_same_day then 0 else 1 end) over (
            partition by account_id, entity_id
            order by event_time
        ) as burst_number

    from firing_beside_previous

),

bursts as (

    select
        account_id,
        entity_id,
        min(event_time) as triggered_at,
        max(event_time) as last_seen,
        max(observed) as observed,
        max(threshold) as threshold,
        max(case when is_within_window and not is_same_day then 1 else 0 end) = 1
            as is_continuation

    from firing_in_bursts
    group by account_id, entity_id, burst_number

),

-- What the window held when the burst began belongs to it.
events_of_alerts as (

    select
        counted_event.*,
        bursts.triggered_at,
        bursts.last_seen,
        bursts.is_continuation,
        bursts.observed as alert_observed,
        bursts.threshold,
        dense_rank() over (
            partition by bursts.account_id, bursts.entity_id, bursts.triggered_at
            order by counted_event.event_time, counted_event.event_id
        ) as event_rank,
        row_number() over (
            partition by
                bursts.account_id, bursts.entity_id, bursts.triggered_at, counted_event.event_id
            order by counted_event.event_time
        ) as row_of_event

    from bursts
    inner join {{ counted }} as counted_event
        on
            bursts.account_id = counted_event.account_id
            and bursts.entity_id = counted_event.entity_id
            and counted_event.event_time
            between bursts.triggered_at - {{ trailhound.window_interval() }} and bursts.last_seen

)

{{ trailhound.alert_columns(
    'triggered_at',
    trailhound.iso_utc('triggered_at'),
    window_minutes=trailhound.window_minutes(),
    evidence=evidence
) }}
group by account_id, entity_id, triggered_at
{%- endmacro %}
