-- One EC2 instance a row that a TerminateInstances call brought down.
with

terminate_calls as (

    select
        *,
        response_elements is null
        or {{ trailhound.json_is('response_elements', 'omitted', true) }} as is_from_request,
        {{ trailhound.json_items('request_parameters', 'instancesSet.items') }} as wanted,
        {{ trailhound.json_elements('response_elements', 'instancesSet.items') }} as answered

    from {{ ref('watched_calls') }}
    where
        event_source = 'ec2.amazonaws.com'
        and event_name = 'TerminateInstances'
        and outcome = 'succeeded'

),

-- CloudTrail leaves a response out that is too large: then the request names the instances.
named_instances as (

    select
        {{ trailhound.event_columns() }},
        is_from_request,
        {{ trailhound.json_text('item', 'instanceId') }} as instance_id,
        {{ trailhound.json_text('item', 'instanceType') }} as instance_type,
        {{ trailhound.json_text('item', 'imageId') }} as image_id,
        {{ trailhound.json_text('item', 'previousState.name') }} as previous_state

    from {{ trailhound.each_of(
        'terminate_calls', 'case when is_from_request then wanted else answered end', 'item'
    ) }}

),

-- A call may name an instance twice.
numbered_mentions as (

    select
        *,
        row_number() over (
            partition by account_id, event_date, event_id, instance_id
            order by event_time
        ) as mention

    from named_instances
    where
        instance_id is not null
        and coalesce(previous_state, '') not in ('shutting-down', 'terminated')

)

select * from numbered_mentions
where mention = 1
