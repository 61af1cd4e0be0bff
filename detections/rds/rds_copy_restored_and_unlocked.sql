-- A copy of a database was restored, and its password changed or its door opened within a day.
with

steps as (

    select
        *,
        case when event_name = 'ModifyDBInstance' then 2 else 1 end as step,
        'instance:' || lower(
            case
                when event_name = 'RestoreDBInstanceToPointInTime'
                    then {{ trailhound.json_text('request_parameters', 'targetDBInstanceIdentifier') }}
                else {{ trailhound.json_text('request_parameters', 'dBInstanceIdentifier') }}
            end
        ) as join_key

    from {{ ref('watched_calls') }}
    where
        event_source = 'rds.amazonaws.com'
        and outcome = 'succeeded'
        and (
            event_name in ('RestoreDBInstanceFromDBSnapshot', 'RestoreDBInstanceToPointInTime')
            or (
                event_name = 'ModifyDBInstance'
                and (
                    {{ trailhound.json_value('request_parameters', 'masterUserPassword') }} is not null
                    or {{ trailhound.json_is('request_parameters', 'publiclyAccessible', true) }}
                )
            )
        )

),

named_steps as (

    select * from steps
    where join_key is not null

),

chained as (

    select
        *,
        case
            when step = 2
                then max(case when step = 1 then event_time end) over recent
        end as chain_started_at

    from {{ trailhound.countable('named_steps') }}
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
    evidence={'event_names': 'event_name', 'instances': 'join_key'},
    correlated_by='join_key',
    begins='case when step = 1 then event_time end'
) }}
