-- One entity wrote ten or more objects within ten minutes with a key that the account does not
-- hold.
with

encrypted_writes as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'bucketName') }} as bucket_name,
        nullif(
            regexp_extract(
                coalesce({{ trailhound.json_value('request_parameters', 'x-amz-server-side-encryption-aws-kms-key-id') }}, ''),
                'arn:[^:"]*:kms:[^:"]*:([0-9]{12}):',
                1
            ),
            ''
        ) as key_account

    from {{ ref('cloudtrail_events') }}
    where
        event_source = 's3.amazonaws.com'
        and event_name in ('PutObject', 'CopyObject')
        and outcome = 'succeeded'

),

foreign_writes as (

    select * from encrypted_writes
    where
        not {{ trailhound.json_only('request_parameters', 'x-amz-server-side-encryption-customer-algorithm', ['']) }}
        or {{ trailhound.json_text('additional_event_data', 'SSEApplied') }} = 'SSE_C'
        or {{ trailhound.is_foreign('key_account', 'encrypted_writes.account_id') }}

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('foreign_writes') }}
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
