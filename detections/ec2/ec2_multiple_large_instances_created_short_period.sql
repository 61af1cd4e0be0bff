-- One entity created five or more large EC2 instances within an hour.
with

large_instances as (

    select * from {{ ref('ec2_instances_launched') }}
    where is_large

),

counted as (

    select
        *,
        count(*) over (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        ) as observed

    from {{ trailhound.countable('large_instances') }}

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={
        'instance_types': 'instance_type', 'image_ids': 'image_id', 'instance_ids': 'instance_id'
    },
    facts=trailhound.counted_from_request()
) }}
