-- One statement of a written policy a row, once for each AWS principal it names: who wrote it, where,
-- and what it opens. A document that is no JSON has no statements.
with

policy_calls as (

    select
        *,
        case event_source
            when 'iam.amazonaws.com'
                then coalesce(
                    {{ trailhound.json_value('request_parameters', 'policyDocument') }},
                    {{ trailhound.json_value('request_parameters', 'assumeRolePolicyDocument') }}
                )
            when 's3.amazonaws.com'
                then {{ trailhound.json_value('request_parameters', 'bucketPolicy') }}
            when 'secretsmanager.amazonaws.com'
                then {{ trailhound.json_value('request_parameters', 'resourcePolicy') }}
            when 'kms.amazonaws.com'
                then {{ trailhound.json_value('request_parameters', 'policy') }}
            when 'ecr.amazonaws.com'
                then {{ trailhound.json_value('request_parameters', 'policyText') }}
            when 'sns.amazonaws.com'
                then
                    case
                        when
                            {{ trailhound.json_text('request_parameters', 'attributeName') }}
                            = 'Policy'
                            then {{ trailhound.json_value('request_parameters', 'attributeValue') }}
                    end
            when 'sqs.amazonaws.com'
                then {{ trailhound.json_value('request_parameters', 'attributes.Policy') }}
        end as policy_document

    from {{ ref('watched_calls') }}
    where
        (
            event_source = 'iam.amazonaws.com'
            and event_name in (
                'PutUserPolicy', 'PutRolePolicy', 'PutGroupPolicy', 'CreatePolicyVersion',
                'CreateRole', 'UpdateAssumeRolePolicy'
            )
        )
        or (event_source = 's3.amazonaws.com' and event_name = 'PutBucketPolicy')
        or (event_source = 'secretsmanager.amazonaws.com' and event_name = 'PutResourcePolicy')
        or (event_source = 'kms.amazonaws.com' and event_name = 'PutKeyPolicy')
        or (event_source = 'ecr.amazonaws.com' and event_name = 'SetRepositoryPolicy')
        or (event_source = 'sns.amazonaws.com' and event_name = 'SetTopicAttributes')
        or (event_source = 'sqs.amazonaws.com' and event_name = 'SetQueueAttributes')

),

statements as (

    select
        policy_calls.*,
        {{ trailhound.json_value('item', '') }} as statement

    from policy_calls
    cross join unnest(
        {{ trailhound.json_items('policy_document', 'Statement') }}
    ) as written (item)

),

read_statements as (

    select
        *,
        {{ trailhound.json_text('statement', 'Effect') }} as effect,
        coalesce({{ trailhound.json_value('statement', 'Condition') }}, '{}') <> '{}'
            as has_condition,
        {{ trailhound.json_text('statement', 'Principal') }} as whole_principal,
        {{ trailhound.json_texts('statement', 'Principal.AWS') }} as aws_principals

    from statements

)

select
    read_statements.*,
    aws_principal,
    {{ trailhound.account_of('aws_principal') }} as principal_account,
    effect = 'Allow'
    and not has_condition
    and (
        coalesce(whole_principal = '*', false)
        or coalesce(contains(aws_principals, '*'), false)
    ) as is_open_to_everyone,
    effect = 'Allow'
    and not has_condition
    and {{ trailhound.json_has('statement', 'Resource', ['*']) }}
    and {{ trailhound.json_value('statement', 'Action') }} is not null
    and {{ trailhound.json_has(
        'lower(' ~ trailhound.json_value('statement', '') ~ ')', 'action', ['*', '*:*', 'iam:*']
    ) }} as is_administration,
    effect = 'Deny'
    and {{ trailhound.json_has('statement', 'Action', ['*']) }}
    and {{ trailhound.json_has('statement', 'Resource', ['*']) }} as is_denial_of_everything

from read_statements
left join unnest(read_statements.aws_principals) as principal (aws_principal) on true
