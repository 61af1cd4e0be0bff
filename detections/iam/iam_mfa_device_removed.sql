-- The second factor of root, or of another user, was taken away.
with

removed_devices as (

    select
        *,
        {{ trailhound.json_value('request_parameters', 'userName') }} as user_name_given

    from {{ ref('watched_calls') }}
    where
        event_source = 'iam.amazonaws.com' and event_name = 'DeactivateMFADevice'
        and outcome = 'succeeded'
        and (
            entity_type = 'root'
            or {{ trailhound.json_value('request_parameters', 'userName') }} <> coalesce(own_user_name, '')
        )

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('removed_devices') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'user_names': 'user_name_given'}
) }}
