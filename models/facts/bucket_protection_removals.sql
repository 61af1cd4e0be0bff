-- The calls that take away what keeps the objects of a bucket: versions, copies, time.
with

bucket_changes as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'bucketName') }} as bucket_name

    from {{ ref('cloudtrail_events') }}
    where
        event_source = 's3.amazonaws.com'
        and event_name in (
            'PutBucketVersioning', 'PutBucketLifecycle', 'PutBucketLifecycleConfiguration',
            'DeleteBucketReplication'
        )
        and outcome = 'succeeded'

),

-- Objects or their old versions go within a week.
short_lives as (

    select distinct
        account_id,
        event_id,
        event_date

    from {{ trailhound.each_of(
        'bucket_changes', trailhound.json_items('request_parameters', 'LifecycleConfiguration.Rule'), 'rule'
    ) }}
    where
        event_name in ('PutBucketLifecycle', 'PutBucketLifecycleConfiguration')
        and {{ trailhound.json_text('rule', 'Status') }} = 'Enabled'
        and (
            try_cast({{ trailhound.json_text('rule', 'Expiration.Days') }} as double) <= 7
            or try_cast(
                {{ trailhound.json_text('rule', 'NoncurrentVersionExpiration.NoncurrentDays') }} as double
            ) <= 7
        )

)

select bucket_changes.*
from bucket_changes
left join short_lives
    on
        bucket_changes.account_id = short_lives.account_id
        and bucket_changes.event_id = short_lives.event_id
        and bucket_changes.event_date = short_lives.event_date
where
    bucket_changes.event_name = 'DeleteBucketReplication'
    or (
        bucket_changes.event_name = 'PutBucketVersioning'
        and {{ trailhound.json_text('request_parameters', 'VersioningConfiguration.Status') }} = 'Suspended'
    )
    or short_lives.event_id is not null
