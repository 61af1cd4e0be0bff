-- Somebody created a user and made that user an administrator within an hour.
with

made_administrators as (

    select
        {{ trailhound.event_columns() }},
        request_parameters,
        2 as step

    from {{ ref('administration_grants') }}
    where event_name in ('AttachUserPolicy', 'PutUserPolicy')

),

users_and_groups as (

    select
        {{ trailhound.event_columns() }},
        request_parameters,
        case when event_name = 'CreateUser' then 1 else 2 end as step

    from {{ ref('watched_calls') }}
    where
        event_source = 'iam.amazonaws.com'
        and outcome = 'succeeded'
        and (
            event_name = 'CreateUser'
            or (
                event_name = 'AddUserToGroup'
                and {{ trailhound.matches_one_of(
                    trailhound.json_text('request_parameters', 'groupName'),
                    'administrator_groups'
                ) }}
            )
        )

),

steps as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'userName') }} as join_key

    from (select * from made_administrators union all select * from users_and_groups) as step
    where {{ trailhound.json_text('request_parameters', 'userName') }} is not null

),

chained as (

    select
        *,
        case
            when step = 2
                then max(case when step = 1 then event_time end) over recent
        end as chain_started_at

    from {{ trailhound.countable('steps') }}
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
    evidence={'event_names': 'event_name', 'user_names': 'join_key'},
    correlated_by='join_key',
    begins='case when step = 1 then event_time end'
) }}
