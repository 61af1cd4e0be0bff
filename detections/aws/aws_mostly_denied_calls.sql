-- Ten or more calls of an entity were denied within ten minutes, and at least half of all.
with

busy_calls as (

    select * from {{ trailhound.in_busy_spells(
        ref('cloudtrail_events'), "count(case when outcome = 'denied' then 1 end)"
    ) }} as busy_call

),

calls_within_window as (

    select
        *,
        count(*) over recent as calls,
        count(case when outcome = 'denied' then 1 end) over recent as denied_calls

    from {{ trailhound.countable('busy_calls') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

),

counted as (

    select
        *,
        case
            when denied_calls * 100 >= calls * {{ trailhound.share_percent() }} then denied_calls
            else 0
        end as observed

    from calls_within_window

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'error_codes': 'error_code'}
) }}
