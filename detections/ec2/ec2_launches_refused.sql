-- Launches of instances were refused in three or more regions or of as many types within an hour.
with

refused_launches as (

    select
        *,
        coalesce(
            {{ trailhound.json_text('request_parameters', 'instanceType') }},
            {{ trailhound.json_text('request_parameters', 'instanceType.value') }}
        ) as instance_type

    from {{ ref('watched_calls') }}
    where
        event_source = 'ec2.amazonaws.com' and event_name = 'RunInstances'
        and error_code is not null
        and (
            outcome = 'denied'
            or error_code like '%LimitExceeded%'
            or error_code like '%InsufficientInstanceCapacity%'
            or error_code like '%PendingVerification%'
            or error_code like '%OptInRequired%'
            or error_code like '%Blocked%'
        )

),

placed_launches as (

    select
        *,
        concat(coalesce(aws_region, ''), '|', coalesce(instance_type, '')) as launch

    from refused_launches

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('placed_launches', distinct='launch') }}
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
        'event_names': 'event_name', 'instance_types': 'instance_type',
        'error_codes': 'error_code'
    }
) }}
