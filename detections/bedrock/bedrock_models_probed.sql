-- An entity tried three or more models in vain within an hour.
with

failed_invocations as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'modelId') }} as model_id

    from {{ ref('watched_calls') }}
    where
        event_source = 'bedrock.amazonaws.com'
        and event_name in (
            'InvokeModel', 'InvokeModelWithResponseStream', 'Converse', 'ConverseStream',
            'GetFoundationModelAvailability'
        )
        and outcome <> 'succeeded'
        and {{ trailhound.json_text('request_parameters', 'modelId') }} is not null

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('failed_invocations', distinct='model_id') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'models': 'model_id', 'error_codes': 'error_code'}
) }}
