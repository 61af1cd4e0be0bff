-- An access key made calls that matter after it was deleted or disabled.
with

removed_keys as (

    select
        {{ trailhound.event_columns() }},
        1 as step,
        {{ trailhound.json_text('request_parameters', 'accessKeyId') }} as join_key,
        true as is_by_anyone

    from {{ ref('watched_calls') }}
    where
        event_source = 'iam.amazonaws.com'
        and outcome = 'succeeded'
        and {{ trailhound.is_of_recomputed_days() }}
        and (
            event_name = 'DeleteAccessKey'
            or (
                event_name = 'UpdateAccessKey'
                and {{ trailhound.json_text('request_parameters', 'status') }} = 'Inactive'
            )
        )

),

uses as (

    select
        {{ trailhound.event_columns() }},
        2 as step,
        access_key_id as join_key,
        false as is_by_anyone

    from {{ ref('cloudtrail_events') }}
    where
        outcome = 'succeeded'
        and access_key_id in (select join_key from removed_keys)
        and (
            (event_source = 'iam.amazonaws.com' and read_only = false)
            or (
                event_source = 'sts.amazonaws.com'
                and event_name in ('AssumeRole', 'GetFederationToken', 'GetSessionToken')
            )
        )

),

-- A key that deletes itself is not used by that.
steps as (

    select * from removed_keys
    where join_key is not null
    union all
    select * from uses
    where not exists (
        select 1
        from removed_keys
        where
            removed_keys.event_id = uses.event_id
            and removed_keys.account_id = uses.account_id
            and removed_keys.join_key = uses.join_key
    )

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
            range between {{ trailhound.window_interval() }} preceding and interval '1' second preceding
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
    evidence={'event_names': 'event_name', 'actors': 'actor_id'},
    correlated_by='join_key',
    begins='case when step = 1 then event_time end'
) }}
