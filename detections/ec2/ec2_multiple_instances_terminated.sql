-- One request terminated five or more EC2 instances.
with

terminated_instances as (

    select * from {{ ref('ec2_instances_terminated') }}

),

counted as (

    select
        *,
        count(*) over (partition by account_id, event_id) as observed

    from {{ trailhound.countable('terminated_instances') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={
        'instance_ids': 'instance_id', 'instance_types': 'instance_type', 'image_ids': 'image_id'
    },
    facts=trailhound.counted_from_request()
) }}
