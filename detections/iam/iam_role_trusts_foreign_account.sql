-- A role's trust policy was opened to an account that is not trusted, or to everyone.
with

trust_statements as (

    select * from {{ ref('policy_statements') }}
    where
        event_source = 'iam.amazonaws.com'
        and event_name in ('CreateRole', 'UpdateAssumeRolePolicy')
        and effect = 'Allow'

),

foreign_trusts as (

    select
        {{ trailhound.event_columns() }},
        written_role as role_name,
        cast(null as varchar) as foreign_account

    from trust_statements
    where is_open_to_everyone
    union all
    select
        {{ trailhound.event_columns() }},
        written_role as role_name,
        {{ trailhound.account_of('aws_principal') }} as foreign_account

    from {{ trailhound.each_of(
        'trust_statements', trailhound.json_texts('principal', 'AWS'), 'aws_principal'
    ) }}
    where {{ trailhound.is_foreign(trailhound.account_of('aws_principal'), 'account_id') }}

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
