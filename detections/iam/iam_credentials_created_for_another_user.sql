-- A person made an access key or a password for another user.
with

foreign_credentials as (

    select
        *,
        {{ trailhound.json_value('request_parameters', 'userName') }} as user_name_given

    from {{ ref('watched_calls') }}
    where
        event_source = 'iam.amazonaws.com'
        and event_name in ('CreateAccessKey', 'CreateLoginProfile', 'UpdateLoginProfile')
        and outcome = 'succeeded'
        and {{ trailhound.is_people() }}
        and {{ trailhound.json_value('request_parameters', 'userName') }} <> coalesce(own_user_name, '')

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('foreign_credentials') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'user_names': 'user_name_given'}
) }}
