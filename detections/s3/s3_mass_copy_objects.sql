-- One entity copied fifty or more S3 objects within an hour.
with

copied_objects as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'bucketName') }} as bucket_name

    from {{ ref('cloudtrail_events') }}
    where
        event_source = 's3.amazonaws.com'
        and event_name = 'CopyObject'
        and outcome = 'succeeded'

),

counted as (

    select
        *,
        count(*) over (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        ) as observed

    from {{ trailhound.countable('copied_objects') }}

)

{{ trailhound.alert_per_burst(
    'counted', evidence={'buckets': 'bucket_name', 'event_names': 'event_name'}
) }}
