-- One EC2 instance a row that a call names: a call to stop, start or change instances.
with

instance_calls as (

    select * from {{ ref('watched_calls') }}
    where
        event_source = 'ec2.amazonaws.com'
        and event_name in ('StopInstances', 'StartInstances', 'ModifyInstanceAttribute')
        and outcome = 'succeeded'

),

named_instances as (

    select
        {{ trailhound.event_columns() }},
        request_parameters,
        {{ trailhound.json_text('item', 'instanceId') }} as instance_id

    from {{ trailhound.each_of(
        'instance_calls', trailhound.json_items('request_parameters', 'instancesSet.items'), 'item'
    ) }}
    union all
    select
        {{ trailhound.event_columns() }},
        request_parameters,
        instance_id

    from {{ trailhound.each_of(
        'instance_calls', trailhound.json_texts('request_parameters', 'instanceId'), 'instance_id'
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
    where instance_id <> ''

)

select * from numbered_mentions
where mention = 1
