-- A database lost its protection or its backups, and was deleted without a last snapshot within a
-- day.
with

steps as (

    select
        *,
        case when event_name like 'Modify%' then 1 else 2 end as step,
        case
            when event_name in ('ModifyDBInstance', 'DeleteDBInstance')
                then 'instance:' || lower({{ trailhound.json_text('request_parameters', 'dBInstanceIdentifier') }})
            else 'cluster:' || lower({{ trailhound.json_text('request_parameters', 'dBClusterIdentifier') }})
        end as join_key

    from {{ ref('watched_calls') }}
    where
        event_source = 'rds.amazonaws.com'
        and outcome = 'succeeded'
        and (
            (
                event_name in ('ModifyDBInstance', 'ModifyDBCluster')
                and (
                    {{ trailhound.json_is('request_parameters', 'deletionProtection', false) }}
                    or {{ trailhound.json_text('request_parameters', 'backupRetentionPeriod') }} = '0'
                )
            )
            or (
                event_name in ('DeleteDBInstance', 'DeleteDBCluster')
                and {{ trailhound.json_is('request_parameters', 'skipFinalSnapshot', true) }}
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
    evidence={'event_names': 'event_name', 'databases': 'join_key'},
    correlated_by='join_key',
    begins='case when step = 1 then event_time end'
) }}
