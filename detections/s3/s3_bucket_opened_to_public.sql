-- A bucket, or all of an account's buckets, may be opened to everyone now.
with

opened_buckets as (

    select
        {{ trailhound.event_columns() }},
        written_bucket as bucket_name

    from {{ ref('policy_statements') }}
    where event_name = 'PutBucketPolicy' and is_open_to_everyone
    union all
    select
        {{ trailhound.event_columns() }},
        {{ trailhound.json_text('request_parameters', 'bucketName') }} as bucket_name

    from {{ ref('watched_calls') }}
    where
        event_source = 's3.amazonaws.com'
        and outcome = 'succeeded'
        and (
            event_name = 'DeleteAccountPublicAccessBlock'
            or (
                event_name in ('PutBucketAcl', 'CreateBucket')
                and (
                    {{ trailhound.json_has(
                        'request_parameters', 'x-amz-acl',
                        ['public-read', 'public-read-write', 'authenticated-read']
                    ) }}
                    or replace(request_parameters, '\/', '/')
                    like '%acs.amazonaws.com/groups/global/AllUsers%'
                    or replace(request_parameters, '\/', '/')
                    like '%acs.amazonaws.com/groups/global/AuthenticatedUsers%'
                )
            )
            or (
                event_name = 'PutAccountPublicAccessBlock'
                and {{ trailhound.public_access_block_is_open('request_parameters') }}
            )
        )

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('opened_buckets') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'buckets': 'bucket_name'}
) }}
