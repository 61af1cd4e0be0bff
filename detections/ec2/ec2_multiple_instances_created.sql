-- One request created five or more EC2 instances.
with

launched_instances as (

    select * from {{ ref('ec2_instances_launched') }}

),

counted as (

    select
        *,
        count(*) over (partition by account_id, event_id) as observed

    from {{ trailhound.countable('launched_instances') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={
        'instance_types': 'instance_type', 'image_ids': 'image_id', 'instance_ids': 'instance_id'
    },
    facts=trailhound.counted_from_request()
) }}
