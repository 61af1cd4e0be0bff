-- One entity terminated ten or more EC2 instances within an hour.
with

terminated_instances as (

    select * from {{ ref('ec2_instances_terminated') }}

),

counted as (

    select
        *,
        count(*) over (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        ) as observed

    from {{ trailhound.countable('terminated_instances') }}

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={
        'instance_ids': 'instance_id', 'instance_types': 'instance_type', 'image_ids': 'image_id'
    },
    facts=trailhound.counted_from_request()
) }}
