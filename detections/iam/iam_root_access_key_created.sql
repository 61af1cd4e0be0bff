-- Root made an access key for itself.
with

root_keys as (

    select
        *,
        {{ trailhound.json_text('response_elements', 'accessKey.accessKeyId') }} as created_key_id

    from {{ ref('watched_calls') }}
    where
        event_source = 'iam.amazonaws.com' and event_name = 'CreateAccessKey'
        and outcome = 'succeeded'
        and entity_type = 'root'
        and coalesce(
            {{ trailhound.json_text('request_parameters', 'userName') }},
            {{ trailhound.json_value('request_parameters', 'userName') }}
        ) is null

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('root_keys') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'created_key_ids': 'created_key_id'}
) }}
