-- One entity looked at fifteen or more S3 buckets within ten minutes.
with

-- Refused looks count too: who enumerates seldom has the right to.
bucket_looks as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'bucketName') }} as bucket_name

    from {{ ref('watched_calls') }}
    where
        (
            event_source = 's3.amazonaws.com'
            and (
                event_name in (
                    'ListBuckets', 'HeadBucket', 'ListObjects', 'ListObjectsV2',
                    'ListObjectVersions'
                )
                or event_name like 'GetBucket%'
            )
        )
        or (event_source = 's3express.amazonaws.com' and event_name = 'ListDirectoryBuckets')

),

-- All calls that name no bucket count as one more bucket together.
counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('bucket_looks', distinct="coalesce(bucket_name, '')") }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst('counted', evidence={
    'buckets': 'bucket_name', 'event_names': 'event_name', 'error_codes': 'error_code'
}) }}
