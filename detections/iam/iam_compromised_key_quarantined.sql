-- A user was put under AWS's quarantine: one of its keys was found in public.
with

quarantines as (

    select
        *,
        concat(
            'arn:', {{ trailhound.partition_of('aws_region') }}, ':iam::', account_id, ':user/',
            {{ trailhound.json_text('request_parameters', 'userName') }}
        ) as quarantined_user

    from {{ ref('watched_calls') }}
    where
        event_source = 'iam.amazonaws.com' and event_name = 'AttachUserPolicy'
        and outcome = 'succeeded'
        and {{ trailhound.json_text('request_parameters', 'userName') }} is not null
        and {{ trailhound.json_text('request_parameters', 'policyArn') }}
        like '%:policy/AWSCompromisedKeyQuarantine%'

),

quarantines_by_user as (

    select *
    from {{ trailhound.keyed_by(
        'quarantines', entity_id='quarantined_user', entity_type="'iam_user'", services=true
    ) }} as keyed

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('quarantines_by_user', services=true) }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'actors': 'actor_id'}
) }}
