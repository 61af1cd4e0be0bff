-- A bucket was opened to an account that is not trusted, or is copied to one.
with

openings as (

    select
        {{ trailhound.event_columns() }},
        request_parameters,
        principal_account as receiver

    from {{ ref('policy_statements') }}
    where
        event_source = 's3.amazonaws.com'
        and event_name = 'PutBucketPolicy'
        and outcome = 'succeeded'
        and effect = 'Allow'
    union all
    select
        {{ trailhound.event_columns() }},
        request_parameters,
        {{ trailhound.account_of(trailhound.json_text('rule', 'Destination.Account')) }} as receiver

    from {{ ref('watched_calls') }}
    cross join unnest(
        {{ trailhound.json_items('request_parameters', 'ReplicationConfiguration.Rule') }}
    ) as written (rule)
    where
        event_source = 's3.amazonaws.com'
        and event_name = 'PutBucketReplication'
        and outcome = 'succeeded'

),

foreign_openings as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'bucketName') }} as bucket_name

    from openings
    where {{ trailhound.is_foreign('receiver', 'openings.account_id') }}

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('foreign_openings') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'buckets': 'bucket_name', 'receivers': 'receiver'}
) }}
