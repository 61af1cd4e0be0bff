-- An entity took the protection of a bucket away and deleted ten or more of its objects within a
-- day.
with

steps as (

    select
        {{ trailhound.event_columns() }},
        1 as step,
        bucket_name as join_key

    from {{ ref('bucket_protection_removals') }}
    union all
    select
        {{ trailhound.event_columns() }},
        2 as step,
        {{ trailhound.json_text('request_parameters', 'bucketName') }} as join_key

    from {{ ref('cloudtrail_events') }}
    where
        event_source = 's3.amazonaws.com'
        and event_name in ('DeleteObject', 'DeleteObjects')
        and outcome = 'succeeded'

),

steps_in_buckets as (

    select * from steps
    where join_key is not null

),

chained as (

    select
        *,
        case
            when step = 2
                then max(case when step = 1 then event_time end) over recent
        end as chain_started_at

    from {{ trailhound.countable('steps_in_buckets') }}
    window
        recent as (
            partition by account_id, entity_id, join_key
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

),

counted as (

    select
        *,
        case
            when chain_started_at is not null then count(chain_started_at) over recent else 0
        end as observed

    from chained
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
    correlated_by='join_key',
    begins='case when step = 1 then event_time end'
) }}
