-- One request created three or more large EC2 instances.
with

large_instances as (

    select * from {{ ref('ec2_instances_launched') }}
    where is_large

),

counted as (

    select
        *,
        count(*) over (partition by account_id, event_id) as observed

    from {{ trailhound.countable('large_instances') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={
        'instance_types': 'instance_type', 'image_ids': 'image_id', 'instance_ids': 'instance_id'
    },
    facts=trailhound.counted_from_request()
) }}
