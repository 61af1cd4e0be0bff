-- Three or more instances were locked against being terminated or stopped within an hour.
with

locked_instances as (

    select * from {{ ref('ec2_instances_named') }}
    where
        event_source = 'ec2.amazonaws.com' and event_name = 'ModifyInstanceAttribute'
        and (
            {{ trailhound.json_is('request_parameters', 'disableApiTermination.value', true) }}
            or {{ trailhound.json_is('request_parameters', 'disableApiStop.value', true) }}
        )

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('locked_instances', distinct='instance_id') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'instance_ids': 'instance_id'}
) }}
