-- One entity had five or more IAM calls denied within ten minutes.
with

denied_calls as (

    select * from {{ ref('watched_calls') }}
    where event_source = 'iam.amazonaws.com' and outcome = 'denied'

),

counted as (

    select
        *,
        count(*) over (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        ) as observed

    from {{ trailhound.countable('denied_calls') }}

)

{{ trailhound.alert_per_burst(
    'counted', evidence={'event_names': 'event_name', 'error_codes': 'error_code'}
) }}
