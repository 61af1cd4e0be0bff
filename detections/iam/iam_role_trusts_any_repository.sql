-- A role's trust policy lets in any repository of a shared OIDC provider.
with

open_trusts as (

    select
        {{ trailhound.event_columns() }},
        written_role as role_name,
        provider,
        conditions

    from {{ trailhound.each_of(
        ref('policy_statements'), trailhound.json_texts('principal', 'Federated'), 'provider'
    ) }}
    where
        event_source = 'iam.amazonaws.com'
        and event_name in ('CreateRole', 'UpdateAssumeRolePolicy')
        and effect = 'Allow'
        and {{ trailhound.is_shared_oidc_provider('provider') }}

),

-- No subject is asked for, or one that anybody can have.
trusts_without_subject as (

    select * from open_trusts
    where
        not {{ trailhound.text_matches('conditions', '(?i::sub)":') }}
        or {{ trailhound.text_matches(
            'conditions',
            '(?i::sub)":(\\[(("([^"\\\\]|\\\\.)*"|[^"\\[\\]{},]+),)*)?"([*]|repo:[*]|repo:[*]/[^"]*)"'
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
