-- One entity made eight or more different calls that read IAM within ten minutes.
with

iam_reads as (

    select * from {{ ref('watched_calls') }}
    where
        event_source = 'iam.amazonaws.com'
        and (
            event_name like 'Get%'
            or event_name like 'List%'
            or event_name like 'Simulate%'
        )
        and client_type = 'other'

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('iam_reads', distinct='event_name') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'error_codes': 'error_code'}
) }}
