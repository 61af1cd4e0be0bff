-- Somebody assumed root of a member account, and not only to audit it.
with

root_sessions as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'targetPrincipal') }} as target_account

    from {{ ref('watched_calls') }}
    where
        event_source = 'sts.amazonaws.com' and event_name = 'AssumeRoot'
        and outcome = 'succeeded'
        and coalesce(
            {{ trailhound.json_text('request_parameters', 'taskPolicyArn.arn') }},
            {{ trailhound.json_text('request_parameters', 'taskPolicyArn') }},
            ''
        ) not like '%/IAMAuditRootUserCredentials'

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('root_sessions') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'target_accounts': 'target_account'}
) }}
