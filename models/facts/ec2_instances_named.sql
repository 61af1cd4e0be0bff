-- One EC2 instance a row that a call names: a call to stop, start or change instances.
with

instance_calls as (

    select * from {{ ref('watched_calls') }}
    where
        event_source = 'ec2.amazonaws.com'
        and event_name in ('StopInstances', 'StartInstances', 'ModifyInstanceAttribute')
        and outcome = 'succeeded'

)

select
    instance_calls.*,
    {{ trailhound.json_text('item', 'instanceId') }} as instance_id

from instance_calls
cross join unnest(
    {{ trailhound.json_items('request_parameters', 'instancesSet.items') }}
) as named (item)
where {{ trailhound.json_text('item', 'instanceId') }} is not null
union all
select
    instance_calls.*,
    instance_id

from instance_calls
cross join unnest({{ trailhound.json_texts('request_parameters', 'instanceId') }}) as named (instance_id)
where instance_id <> ''
