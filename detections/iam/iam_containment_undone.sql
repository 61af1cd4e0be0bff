-- A user took away the policy by which it had been suspended.
with

suspensions as (

    select
        {{ trailhound.event_columns() }},
        1 as step,
        {{ trailhound.json_text('request_parameters', 'userName') }} as join_key,
        true as is_by_anyone

    from {{ ref('watched_calls') }}
    where
        event_source = 'iam.amazonaws.com'
        and event_name = 'AttachUserPolicy'
        and outcome = 'succeeded'
        and (
            {{ trailhound.json_text('request_parameters', 'policyArn') }} like '%:policy/AWSDenyAll'
            or {{ trailhound.json_text('request_parameters', 'policyArn') }}
            like '%:policy/AWSCompromisedKeyQuarantine%'
        )
    union all
    select
        {{ trailhound.event_columns() }},
        1 as step,
        written_user as join_key,
        true as is_by_anyone

    from {{ ref('policy_statements') }}
    where event_name = 'PutUserPolicy' and is_denial_of_everything

),

releases as (

    select
        {{ trailhound.event_columns() }},
        2 as step,
        own_user_name as join_key,
        false as is_by_anyone

    from {{ ref('watched_calls') }}
    where
        event_source = 'iam.amazonaws.com'
        and event_name in ('DetachUserPolicy', 'DeleteUserPolicy')
        and outcome = 'succeeded'
        and own_user_name = {{ trailhound.json_text('request_parameters', 'userName') }}

),

steps as (

    select * from suspensions
    where join_key is not null
    union all
    select * from releases

),

steps_of_entities as (

    select * from {{ trailhound.by_anyone('steps') }} as steps_of_entity

),

chained as (

    select
        *,
        case
            when step = 2
                then max(case when step = 1 then event_time end) over recent
        end as chain_started_at

    from {{ trailhound.countable('steps_of_entities', services=true) }}
    window
        recent as (
            partition by account_id, entity_id, join_key
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

),

counted as (

    select
        *,
        case
            when chain_started_at is not null then count(chain_started_at) over recent else 0
        end as observed

    from chained
    window
        recent as (
            partition by account_id, entity_id, join_key
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'user_names': 'join_key', 'actors': 'actor_id'},
    correlated_by='join_key',
    begins='case when step = 1 then event_time end'
) }}
