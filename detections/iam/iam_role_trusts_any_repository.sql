-- A role's trust policy lets in any repository of a shared OIDC provider.
with

open_trusts as (

    select
        policy_statements.*,
        provider,
        {{ trailhound.json_text('request_parameters', 'roleName') }} as role_name,
        coalesce({{ trailhound.json_value('statement', 'Condition') }}, '{}') as conditions

    from {{ ref('policy_statements') }} as policy_statements
    cross join unnest(
        {{ trailhound.json_texts('statement', 'Principal.Federated') }}
    ) as federated (provider)
    where
        event_source = 'iam.amazonaws.com'
and event_name in ('CreateRole', 'UpdateAssumeRolePolicy')
        and outcome = 'succeeded'
        and effect = 'Allow'
        and {{ trailhound.is_shared_oidc_provider('provider') }}

),

-- No subject is asked for, or one that anybody can have.
trusts_without_subject as (

    select * from open_trusts
    where
        not {{ trailhound.text_matches('conditions', '(?i::sub)":') }}
        or {{ trailhound.text_matches(
            'conditions', '(?i::sub)":(\\[("([^"\\\\]|\\\\.)*",)*)?"([*]|repo:[*]|repo:[*]/[^"]*)"'
        ) }}

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('trusts_without_subject') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'role_names': 'role_name', 'providers': 'provider'}
) }}
