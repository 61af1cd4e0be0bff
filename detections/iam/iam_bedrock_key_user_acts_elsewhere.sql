-- The user behind a Bedrock API key made a call to another service.
with

calls_elsewhere as (

    select * from {{ ref('cloudtrail_events') }}
    where
        entity_type = 'iam_user'
        and user_name like 'BedrockAPIKey-%'
        and coalesce(event_source, '') not like 'bedrock%'

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('calls_elsewhere') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'event_sources': 'event_source'}
) }}
