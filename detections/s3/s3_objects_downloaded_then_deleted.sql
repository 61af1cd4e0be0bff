-- A person downloaded ten or more objects of a bucket and deleted ten or more within a day.
with

object_calls as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'bucketName') }} as join_key,
        case when event_name = 'GetObject' then 1 else 2 end as part

    from {{ ref('cloudtrail_events') }}
    where
        event_source = 's3.amazonaws.com'
        and event_name in ('GetObject', 'DeleteObject', 'DeleteObjects')
        and outcome = 'succeeded'
        and {{ trailhound.is_people() }}
        and {{ trailhound.json_text('request_parameters', 'bucketName') }} is not null

),

counted as (

    select
        *,
        case
            when count(case when part = 1 then 1 end) over recent >= 10
                then count(case when part = 2 then 1 end) over recent
            else 0
        end as observed

    from {{ trailhound.countable('object_calls') }}
    window
        recent as (
            partition by account_id, entity_id, join_key
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'buckets': 'join_key'},
    correlated_by='join_key'
) }}
