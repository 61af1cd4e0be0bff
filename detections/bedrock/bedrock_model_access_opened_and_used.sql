-- An entity opened access to a model and invoked one within a day.
with

steps as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'modelId') }} as model_id,
        case when event_name in (
    'InvokeModel', 'InvokeModelWithResponseStream', 'Converse',
    'ConverseStream'
) then 2 else 1 end as step

    from {{ ref('watched_calls') }}
    where
        event_source = 'bedrock.amazonaws.com'
        and (
            event_name in (
                'InvokeModel', 'InvokeModelWithResponseStream', 'Converse', 'ConverseStream'
            )
            or (
                event_name in (
                    'PutUseCaseForModelAccess', 'CreateFoundationModelAgreement',
                    'PutFoundationModelEntitlement'
                )
                and outcome = 'succeeded'
            )
        )

),

chained as (

    select
        *,
        case
            when step = 2
                then max(case when step = 1 then event_time end) over recent
        end as chain_started_at

    from {{ trailhound.countable('steps') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

),

counted as (

    select
        *,
        case
            when chain_started_at is not null then count(chain_started_at) over recent else 0
        end as observed

    from chained
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'models': 'model_id', 'error_codes': 'error_code'},
    begins='case when step = 1 then event_time end'
) }}
