-- Console logins and sign-ins of IAM Identity Center, ended well or not, each with its login key: who
-- tried, for a failed login carries no ARN.
select
    *,
    case
        when user_arn is not null then user_arn
        when user_name = 'HIDDEN_DUE_TO_SECURITY_REASONS' then null
        when user_type = 'IAMUser' and user_name is not null and user_account_id is not null
            then concat(
                'arn:', {{ trailhound.partition_of('aws_region') }}, ':iam::', user_account_id,
                ':user/', user_name
            )
        else entity_id
    end as login_key,
    {{ trailhound.json_text('additional_event_data', 'MFAUsed') }} as mfa_used

from {{ ref('watched_calls') }}
where
    event_source = 'signin.amazonaws.com'
    and event_name in ('ConsoleLogin', 'UserAuthentication')
