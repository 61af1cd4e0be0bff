-- A role's trust policy was opened to an account that is not trusted, or to everyone.
with

foreign_trusts as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'roleName') }} as role_name,
        case
            when {{ trailhound.is_foreign('principal_account', 'account_id') }}
                then principal_account
        end as foreign_account

    from {{ ref('policy_statements') }}
    where
        event_source = 'iam.amazonaws.com'
        and event_name in ('CreateRole', 'UpdateAssumeRolePolicy')
        and outcome = 'succeeded'
        and effect = 'Allow'
        and (
            is_open_to_everyone
            or {{ trailhound.is_foreign('principal_account', 'account_id') }}
        )

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('foreign_trusts') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={
        'event_names': 'event_name', 'role_names': 'role_name',
        'foreign_accounts': 'foreign_account'
    }
) }}
