-- One entity wrote ten or more objects within ten minutes with a key that the account does not
-- hold.
with

-- A write without a key has an empty one.
writes as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'bucketName') }} as bucket_name,
        coalesce(
            array[''] || {{ trailhound.json_texts('request_parameters', 'x-amz-server-side-encryption-aws-kms-key-id') }},
            array['']
        ) as key_ids

    from {{ ref('cloudtrail_events') }}
    where
        event_source = 's3.amazonaws.com'
        and event_name in ('PutObject', 'CopyObject')
        and outcome = 'succeeded'

),

-- Once for each key, for a header may be there more than once.
writes_and_keys as (

    select
        *,
        case when key_id like 'arn:%:kms:%' then split_part(key_id, ':', 5) end as key_account

    from {{ trailhound.each_of('writes', 'key_ids', 'key_id') }}

),

foreign_writes as (

    select * from writes_and_keys
    where
        not {{ trailhound.json_only('request_parameters', 'x-amz-server-side-encryption-customer-algorithm', ['']) }}
        or {{ trailhound.json_text('additional_event_data', 'SSEApplied') }} = 'SSE_C'
        or {{ trailhound.is_foreign('key_account', 'writes_and_keys.account_id') }}

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('foreign_writes', distinct='event_id') }}
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
        'event_names': 'event_name', 'buckets': 'bucket_name', 'key_accounts': 'key_account'
    }
) }}
