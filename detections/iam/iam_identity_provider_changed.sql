-- An identity provider was added or changed: whoever controls it says who people are.
with

provider_changes as (

    select
        *,
        coalesce(
            {{ trailhound.json_text('request_parameters', 'name') }},
            {{ trailhound.last_arn_part(trailhound.json_text('request_parameters', 'sAMLProviderArn')) }},
            {{ trailhound.last_arn_part(trailhound.json_text('response_elements', 'sAMLProviderArn')) }}
        ) as provider_name

    from {{ ref('watched_calls') }}
    where
        event_source = 'iam.amazonaws.com'
        and event_name in (
            'CreateSAMLProvider', 'UpdateSAMLProvider', 'CreateOpenIDConnectProvider',
            'AddClientIDToOpenIDConnectProvider', 'UpdateOpenIDConnectProviderThumbprint'
        )
        and outcome = 'succeeded'

),

-- AWS renews the metadata of Identity Center's own provider.
changes_by_people as (

    select * from provider_changes
    where
        coalesce(provider_name, '') not like 'AWSSSO_%_DO_NOT_DELETE'
        or source_ip is distinct from 'sso.amazonaws.com'

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('changes_by_people') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'providers': 'provider_name'}
) }}
