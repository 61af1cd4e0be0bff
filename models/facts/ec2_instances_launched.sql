-- One EC2 instance a row that a RunInstances call created.
with

run_calls as (

    select * from {{ ref('cloudtrail_events') }}
    where
        event_source = 'ec2.amazonaws.com'
        and event_name = 'RunInstances'
        and outcome = 'succeeded'

),

launched_instances as (

    select
        run_calls.*,
        {{ trailhound.json_text('item', 'instanceId') }} as instance_id,
        coalesce(
            {{ trailhound.json_text('item', 'instanceType') }},
            {{ trailhound.json_text('run_calls.request_parameters', 'instanceType') }},
            {{ trailhound.json_text('run_calls.request_parameters', 'instanceType.value') }}
        ) as instance_type,
        coalesce(
            {{ trailhound.json_text('item', 'imageId') }},
            {{ trailhound.json_text('run_calls.request_parameters', 'imageId') }}
        ) as image_id

    from run_calls
    cross join unnest(
        {{ trailhound.json_elements('run_calls.response_elements', 'instancesSet.items') }}
    ) as instance (item)

)

-- m5.24xlarge, c5.metal-24xl: the size stands behind the last dot.
select
    *,
    coalesce(regexp_extract(instance_type, '(^|[.])([0-9]*xlarge|metal[^.]*)$'), '') <> ''
        as is_large

from launched_instances
