-- Calls of one entity were denied in four or more services within ten minutes.
with

denied_calls as (

    select * from {{ ref('watched_calls') }}
    where
        outcome = 'denied'
        and event_source is not null

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('denied_calls', distinct='event_source') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={
        'event_names': 'event_name', 'event_sources': 'event_source',
        'error_codes': 'error_code'
    }
) }}
