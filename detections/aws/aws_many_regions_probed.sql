-- A person looked at eight or more regions within ten minutes, not through the console.
with

looks as (

    select * from {{ ref('cloudtrail_events') }}
    where
        (
            event_name like 'Get%'
            or event_name like 'List%'
            or event_name like 'Describe%'
        )
        and client_type = 'other'
        and {{ trailhound.is_people() }}
        and aws_region is not null

),

busy_looks as (

    select * from {{ trailhound.in_busy_spells(
        'looks', 'count(distinct aws_region)'
    ) }} as busy_look

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('busy_looks', distinct='aws_region') }}
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
