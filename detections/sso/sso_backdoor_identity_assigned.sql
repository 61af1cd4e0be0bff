-- Somebody made a user or a group in Identity Center and gave an account to somebody.
with

steps as (

    select
        *,
        case when event_name = 'CreateAccountAssignment' then 2 else 1 end as step

    from {{ ref('watched_calls') }}
    where
        outcome = 'succeeded'
        and (
            (
                event_source in ('sso-directory.amazonaws.com', 'identitystore.amazonaws.com')
                and event_name in ('CreateUser', 'CreateGroup')
            )
            or (event_source = 'sso.amazonaws.com' and event_name = 'CreateAccountAssignment')
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
    evidence={'event_names': 'event_name', 'request_parameters': 'request_parameters'},
    begins='case when step = 1 then event_time end'
) }}
