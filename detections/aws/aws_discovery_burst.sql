-- One entity made fifteen or more different calls that look something up within ten minutes.
with

looks as (

    select
        *,
        concat(coalesce(event_source, ''), '|', event_name) as call

    from {{ ref('cloudtrail_events') }}
    where
        (
            event_name like 'Get%'
            or event_name like 'List%'
            or event_name like 'Describe%'
        )
        and client_type = 'other'

),

busy_looks as (

    select * from {{ trailhound.in_busy_spells(
        'looks', 'count(distinct call)'
    ) }} as busy_look

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('busy_looks', distinct='call') }}
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
