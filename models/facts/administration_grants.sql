-- The calls by which a user, role or group was given administrator permissions.
with

attached_policies as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'policyArn') }} as policy

    from {{ ref('watched_calls') }}
    where
        event_source = 'iam.amazonaws.com'
        and event_name in ('AttachUserPolicy', 'AttachRolePolicy', 'AttachGroupPolicy')
        and outcome = 'succeeded'
        and {{ trailhound.matches_one_of(
            trailhound.json_value('request_parameters', 'policyArn'), 'administrator_policies'
        ) }}

),

written_policies as (

    select distinct
        account_id,
        event_id,
        event_date

    from {{ ref('policy_statements') }}
    where
        event_source = 'iam.amazonaws.com'
        and event_name in (
            'PutUserPolicy', 'PutRolePolicy', 'PutGroupPolicy', 'CreatePolicyVersion'
        )
        and is_administration

),

grants as (

    select * from attached_policies
    union all
    select
        event.*,
        coalesce(
            {{ trailhound.json_text('event.request_parameters', 'policyName') }},
            {{ trailhound.json_text('event.request_parameters', 'policyArn') }}
        ) as policy

    from {{ ref('watched_calls') }} as event
    inner join written_policies
        on
            event.account_id = written_policies.account_id
            and event.event_id = written_policies.event_id
            and event.event_date = written_policies.event_date
    where
        event.event_name <> 'CreatePolicyVersion'
        or {{ trailhound.json_is('event.request_parameters', 'setAsDefault', true) }}

)

select
    *,
    coalesce(
        {{ trailhound.json_text('request_parameters', 'userName') }},
        {{ trailhound.json_text('request_parameters', 'roleName') }},
        {{ trailhound.json_text('request_parameters', 'groupName') }}
    ) as receiver

from grants
