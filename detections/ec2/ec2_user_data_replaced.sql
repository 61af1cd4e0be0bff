-- An instance was stopped, got other user data and was started again within an hour.
with

steps as (

    select
        *,
        instance_id as join_key,
        case event_name
            when 'StopInstances' then 1
            when 'ModifyInstanceAttribute' then 2
            else 3
        end as step

    from {{ ref('ec2_instances_named') }}
    where
        event_name in ('StopInstances', 'StartInstances')
        or (
            event_name = 'ModifyInstanceAttribute'
            and {{ trailhound.json_value('request_parameters', 'userData') }} is not null
        )

),

begun as (

    select
        *,
        case
            when step = 2
                then max(case when step = 1 then event_time end) over recent
        end as begun_at

    from {{ trailhound.countable('steps') }}
    window
        recent as (
            partition by account_id, entity_id, join_key
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

),

chained as (

    select
        *,
        case
            when step = 3
                then max(case when step = 2 then begun_at end) over recent
        end as chain_started_at

    from begun
    window
        recent as (
            partition by account_id, entity_id, join_key
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

),

completed as (

    select
        *,
        chain_started_at >= event_time - {{ trailhound.window_interval() }} as is_complete

    from chained

),

counted as (

    select
        *,
        case when is_complete then count(case when is_complete then 1 end) over recent else 0 end
            as observed

    from completed
    window
        recent as (
            partition by account_id, entity_id, join_key
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'instance_ids': 'instance_id'},
    correlated_by='join_key',
    begins='case when step = 1 then event_time end'
) }}
