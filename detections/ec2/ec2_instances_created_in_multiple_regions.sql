-- One entity created EC2 instances in three or more regions within an hour.
with

launched_instances as (

    select * from {{ ref('ec2_instances_launched') }}

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('launched_instances', distinct='aws_region') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={
        'instance_types': 'instance_type', 'image_ids': 'image_id', 'instance_ids': 'instance_id'
    },
    facts=trailhound.counted_from_request()
) }}
