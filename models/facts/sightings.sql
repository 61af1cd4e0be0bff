-- What is looked up in history: one matching event a row of each first_seen and baseline detection
-- (`dimension`), under the key of its alerts, with the value that may be new.
with

login_countries as (

    select
        sign_in.*,
        address.country

    from {{ ref('sign_ins') }} as sign_in
    inner join {{ ref('source_addresses') }} as address on sign_in.source_ip = address.source_ip
    where
        sign_in.outcome = 'succeeded'
        and address.country is not null
        and not address.is_aws_address

),

-- repo:ORG/REPO, without the branch and what follows.
web_identities as (

    select
        *,
        concat(
            {{ trailhound.json_text('request_parameters', 'roleArn') }},
            '|',
            coalesce(nullif(regexp_extract(user_name, '^[^:]*:[^:]*'), ''), user_name)
        ) as subject

    from {{ ref('watched_calls') }}
    where
        event_source = 'sts.amazonaws.com'
        and event_name = 'AssumeRoleWithWebIdentity'
        and outcome = 'succeeded'
        and user_name not like 'system:serviceaccount:%'
        and {{ trailhound.json_text('request_parameters', 'roleArn') }} is not null

),

key_networks as (

    select
        event.*,
        address.source_network

    from {{ ref('cloudtrail_events') }} as event
    inner join {{ ref('source_addresses') }} as address on event.source_ip = address.source_ip
    where
        event.access_key_id like 'AKIA%'
        and event.outcome = 'succeeded'
        and address.source_network is not null

),

written_regions as (

    select * from {{ ref('cloudtrail_events') }}
    where
        read_only = false
        and outcome = 'succeeded'
        and event_type = 'AwsApiCall'
        and aws_region is not null

),

object_reads as (

    select * from {{ ref('cloudtrail_events') }}
    where
        event_source = 's3.amazonaws.com'
        and event_name = 'GetObject'
        and outcome = 'succeeded'

),

compute_calls as (

    select
        *,
        concat(event_source, '|', event_name) as call

    from {{ ref('compute_calls') }}

),

remote_access as (

    select
        *,
        concat(event_source, '|', event_name) as call

    from {{ ref('watched_calls') }}
    where
        outcome = 'succeeded'
        and (
            (
                event_source = 'ssm.amazonaws.com'
                and event_name in ('StartSession', 'ResumeSession', 'SendCommand')
            )
            or (
                event_source = 'ec2-instance-connect.amazonaws.com'
                and event_name in ('SendSSHPublicKey', 'SendSerialConsoleSSHPublicKey')
            )
            or (event_source = 'ecs.amazonaws.com' and event_name = 'ExecuteCommand')
        )

),

all_sightings as (
    {%- for dimension, cte, seen_value, entity_id, entity_type in [
        ('signin_login_from_new_country', 'login_countries', 'country', 'login_key', 'entity_type'),
        ('sts_web_identity_from_new_subject', 'web_identities', 'subject', 'account_id', "'account'"),
        (
            'iam_access_key_used_from_new_network', 'key_networks', 'source_network', 'entity_id',
            'entity_type'
        ),
        ('aws_activity_in_new_region', 'written_regions', 'aws_region', 'account_id', "'account'"),
        ('s3_mass_download', 'object_reads', "''", 'entity_id', 'entity_type'),
        ('aws_compute_first_used', 'compute_calls', 'call', 'account_id', "'account'"),
        ('ec2_remote_access_first_used', 'remote_access', 'call', 'entity_id', 'entity_type'),
    ] %}
    select
        '{{ dimension }}' as dimension,
        {{ seen_value }} as seen_value,
        {{ trailhound.counted_columns() | join(', ') }},
        {{ entity_id }} as entity_id,
        {{ entity_type }} as entity_type,
        entity_id as actor_id

    from {{ cte }}
    where
        entity_type <> 'service'
        and {{ entity_id }} is not null
        and {{ trailhound.is_call(cte) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from all_sightings
