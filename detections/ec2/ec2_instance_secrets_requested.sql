-- One entity asked for the passwords or the user data of five or more instances within ten minutes.
with

secret_requests as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'instanceId') }} as instance_id

    from {{ ref('watched_calls') }}
    where
        (
            (event_source = 'ec2.amazonaws.com' and event_name = 'GetPasswordData')
            or (
                event_source = 'ec2.amazonaws.com'
                and event_name = 'DescribeInstanceAttribute'
                and {{ trailhound.json_text('request_parameters', 'attribute') }} = 'userData'
            )
        )
        and {{ trailhound.json_text('request_parameters', 'instanceId') }} is not null

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('secret_requests', distinct='instance_id') }}
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
        'event_names': 'event_name', 'instance_ids': 'instance_id',
        'error_codes': 'error_code'
    }
) }}
