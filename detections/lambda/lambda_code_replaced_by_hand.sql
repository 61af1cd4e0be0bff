-- A person replaced a function's code or layers, not by infrastructure as code.
with

replacements as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'functionName') }} as function_name

    from {{ ref('watched_calls') }}
    where
        event_source = 'lambda.amazonaws.com'
        and (
            event_name like 'UpdateFunctionCode%'
            or (
                event_name like 'UpdateFunctionConfiguration%'
                and coalesce({{ trailhound.json_value('request_parameters', 'layers') }}, '[]') <> '[]'
            )
        )
        and not {{ trailhound.json_is('request_parameters', 'dryRun', true) }}
        and outcome = 'succeeded'
        and {{ trailhound.is_people() }}
        and client_type <> 'iac'

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('replacements') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'functions': 'function_name'}
) }}
