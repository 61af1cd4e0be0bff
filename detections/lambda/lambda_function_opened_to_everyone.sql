-- A function may be called by everyone, by permission or by a URL without authentication.
with

openings as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'functionName') }} as function_name

    from {{ ref('watched_calls') }}
    where
        (
            (
                event_source = 'lambda.amazonaws.com'
                and event_name like 'AddPermission%'
                and {{ trailhound.json_text('request_parameters', 'principal') }} = '*'
                and {{ trailhound.json_value('request_parameters', 'sourceArn') }} is null
                and {{ trailhound.json_value('request_parameters', 'sourceAccount') }} is null
                and {{ trailhound.json_value('request_parameters', 'principalOrgID') }} is null
                and coalesce({{ trailhound.json_text('request_parameters', 'functionUrlAuthType') }}, '') <> 'AWS_IAM'
            )
            or (
                event_source = 'lambda.amazonaws.com'
                and (
                    event_name like 'CreateFunctionUrlConfig%'
                    or event_name like 'UpdateFunctionUrlConfig%'
                )
                and {{ trailhound.json_text('request_parameters', 'authType') }} = 'NONE'
            )
        )
        and outcome = 'succeeded'

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('openings') }}
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
