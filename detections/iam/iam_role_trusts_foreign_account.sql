-- A role's trust policy was opened to an account that is not trusted, or to everyone.
with

trusts as (

    select
        {{ trailhound.event_columns() }},
        written_role as role_name,
        is_open_to_everyone,
        {{ trailhound.json_texts('principal', 'AWS') }} as aws_principals

    from {{ ref('policy_statements') }}
    where
        event_source = 'iam.amazonaws.com'
        and event_name in ('CreateRole', 'UpdateAssumeRolePolicy')
        and effect = 'Allow'

),

trusted_principals as (

    select
        trusts.*,
        {{ trailhound.account_of('named.aws_principal') }} as principal_account

    from trusts
    left join unnest(trusts.aws_principals) as named (aws_principal) on true

),

foreign_trusts as (

    select
        *,
        case
            when {{ trailhound.is_foreign('principal_account', 'account_id') }}
                then principal_account
        end as foreign_account

    from trusted_principals
    where
        is_open_to_everyone
        or {{ trailhound.is_foreign('principal_account', 'account_id') }}

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
