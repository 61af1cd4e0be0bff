-- One EC2 instance a row that a RunInstances call created.
with

run_calls as (

    select
        *,
        response_elements is null
        or {{ trailhound.json_is('response_elements', 'omitted', true) }} as is_left_out

    from {{ ref('watched_calls') }}
    where
        event_source = 'ec2.amazonaws.com'
        and event_name = 'RunInstances'
        and outcome = 'succeeded'

),

answered_instances as (

    select
        {{ trailhound.event_columns() }},
        {{ trailhound.json_text('item', 'instanceId') }} as instance_id,
        coalesce(
            {{ trailhound.json_text('item', 'instanceType') }},
            {{ trailhound.json_text('item', 'instanceType.value') }},
            {{ trailhound.json_text('request_parameters', 'instanceType') }},
            {{ trailhound.json_text('request_parameters', 'instanceType.value') }}
        ) as instance_type,
        coalesce(
            {{ trailhound.json_text('item', 'imageId') }},
            {{ trailhound.json_text('request_parameters', 'imageId') }}
        ) as image_id,
        false as is_from_request

    from {{ trailhound.each_of(
        'run_calls', trailhound.json_elements('response_elements', 'instancesSet.items'), 'item'
    ) }}
    where not is_left_out

),

-- CloudTrail leaves a response out that is too large: then the request says how many were wanted.
wanted_instances as (

    select
        *,
        {{ trailhound.json_text('wish', 'imageId') }} as wanted_image_id,
        try_cast(
            regexp_extract(
                coalesce(
                    {{ trailhound.json_text('wish', 'maxCount') }},
                    {{ trailhound.json_text('wish', 'minCount') }}
                ),
                '^[0-9]+$'
            ) as integer
        ) as wanted

    from {{ trailhound.each_of(
        'run_calls', trailhound.json_items('request_parameters', 'instancesSet.items'), 'wish'
    ) }}
    where is_left_out

),

assumed_instances as (

    select
        {{ trailhound.event_columns() }},
        cast(null as varchar) as instance_id,
        coalesce(
            {{ trailhound.json_text('request_parameters', 'instanceType') }},
            {{ trailhound.json_text('request_parameters', 'instanceType.value') }}
        ) as instance_type,
        coalesce(
            wanted_image_id, {{ trailhound.json_text('request_parameters', 'imageId') }}
        ) as image_id,
        true as is_from_request

    from wanted_instances
    cross join unnest({{ trailhound.numbers_to('least(wanted, 10000)') }}) as counted (number)
    where wanted >= 1

),

launched_instances as (

    select * from answered_instances
    union all
    select * from assumed_instances

)

-- m5.24xlarge, c5.metal-24xl: the size stands behind the last dot.
select
    *,
    coalesce(regexp_extract(instance_type, '(^|[.])([0-9]*xlarge|metal[^.]*)$'), '') <> ''
        as is_large

from launched_instances
