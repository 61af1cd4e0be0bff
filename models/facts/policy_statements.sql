-- One statement of a written policy a row: who wrote it, for what, and what it opens. A document that
-- is no JSON has no statements. The document itself would stand here once for each of its statements,
-- so it does not.
with

policy_calls as (

    select
        {{ trailhound.event_columns() }},
        {{ trailhound.json_text('request_parameters', 'roleName') }} as written_role,
        {{ trailhound.json_text('request_parameters', 'userName') }} as written_user,
        {{ trailhound.json_text('request_parameters', 'bucketName') }} as written_bucket,
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
        outcome = 'succeeded'
        and (
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
        )

),

statements as (

    select
        {{ trailhound.event_columns() }},
        written_role,
        written_user,
        written_bucket,
        {{ trailhound.json_value('item', '') }} as statement

    from {{ trailhound.each_of(
        'policy_calls', trailhound.json_items('policy_document', 'Statement'), 'item'
    ) }}

),

read_statements as (

    select
        *,
        {{ trailhound.json_text('statement', 'Effect') }} as effect,
        coalesce({{ trailhound.json_value('statement', 'Condition') }}, '{}') as conditions,
        {{ trailhound.json_value('statement', 'Principal') }} as principal

    from statements

)

select
    {{ trailhound.event_columns() }},
    written_role,
    written_user,
    written_bucket,
    effect,
    principal,
    conditions,
    effect = 'Allow'
    and conditions = '{}'
    and (
        coalesce(principal = '*', false)
        or {{ trailhound.json_has('principal', 'AWS', ['*']) }}
    ) as is_open_to_everyone,
    effect = 'Allow'
    and conditions = '{}'
    and {{ trailhound.json_has('statement', 'Resource', ['*']) }}
    and {{ trailhound.json_value('statement', 'Action') }} is not null
    and {{ trailhound.json_has('lower(statement)', 'action', ['*', '*:*', 'iam:*']) }}
        as is_administration,
    effect = 'Deny'
    and {{ trailhound.json_has('statement', 'Action', ['*']) }}
    and {{ trailhound.json_has('statement', 'Resource', ['*']) }} as is_denial_of_everything

from read_statements
