-- A user's key got a federation token, and with it a console session.
with

steps as (

    select
        *,
        case when event_name = 'GetFederationToken' then 1 else 2 end as step

    from {{ ref('watched_calls') }}
    where
        outcome = 'succeeded'
        and (
            (event_source = 'sts.amazonaws.com' and event_name = 'GetFederationToken')
            or (
                event_source = 'signin.amazonaws.com'
                and event_name in ('GetSigninToken', 'ConsoleLogin')
                and user_type = 'FederatedUser'
            )
        )

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
            partition by account_id, entity_id
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
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name'},
    begins='case when step = 1 then event_time end'
) }}
