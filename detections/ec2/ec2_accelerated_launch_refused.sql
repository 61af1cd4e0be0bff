-- A launch of instances with accelerators was refused.
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
        and error_code not in ('DryRunOperation', 'Client.DryRunOperation')
        and {{ trailhound.text_matches(
            'coalesce('
            ~ trailhound.json_text('request_parameters', 'instanceType') ~ ', '
            ~ trailhound.json_text('request_parameters', 'instanceType.value') ~ ')',
            var('accelerated_families')
        ) }}

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('refused_launches') }}
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
