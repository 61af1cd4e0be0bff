-- A snapshot that an entity shared outside was copied there within a week.
with

steps as (

    select
        {{ trailhound.event_columns() }},
        1 as step,
        snapshot_id as join_key,
        false as is_by_anyone

    from {{ ref('shared_snapshots') }}
    where event_name = 'ModifySnapshotAttribute' and snapshot_id is not null
    union all
    select
        {{ trailhound.event_columns() }},
        2 as step,
        {{ trailhound.json_text('service_event_details', 'snapshotId') }} as join_key,
        true as is_by_anyone

    from {{ ref('watched_calls') }}
    where
        event_source = 'ec2.amazonaws.com'
        and event_name in ('SharedSnapshotVolumeCreated', 'SharedSnapshotCopyInitiated')
        and outcome = 'succeeded'

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
    evidence={'event_names': 'event_name', 'snapshots': 'join_key', 'actors': 'actor_id'},
    correlated_by='join_key',
    begins='case when step = 1 then event_time end'
) }}
