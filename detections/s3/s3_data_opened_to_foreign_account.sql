-- A bucket was opened to an account that is not trusted, or is copied to one.
with

replications as (

    select
        {{ trailhound.event_columns() }},
        {{ trailhound.json_text('request_parameters', 'bucketName') }} as bucket_name,
        {{ trailhound.json_items('request_parameters', 'ReplicationConfiguration.Rule') }} as rules

    from {{ ref('watched_calls') }}
    where
        event_source = 's3.amazonaws.com'
        and event_name = 'PutBucketReplication'
        and outcome = 'succeeded'

),

openings as (

    select
        {{ trailhound.event_columns() }},
        written_bucket as bucket_name,
        {{ trailhound.account_of('aws_principal') }} as receiver

    from {{ trailhound.each_of(
        ref('policy_statements'), trailhound.json_texts('principal', 'AWS'), 'aws_principal'
    ) }}
    where
        event_source = 's3.amazonaws.com'
        and event_name = 'PutBucketPolicy'
        and effect = 'Allow'
    union all
    select
        {{ trailhound.event_columns() }},
        bucket_name,
        {{ trailhound.account_of(trailhound.json_text('rule', 'Destination.Account')) }} as receiver

    from {{ trailhound.each_of('replications', 'rules', 'rule') }}

),

foreign_openings as (

    select * from openings
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
