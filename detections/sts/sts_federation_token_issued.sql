-- A user's key, or root, got a federation token.
with

tokens as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'name') }} as federated_name

    from {{ ref('watched_calls') }}
    where
        event_source = 'sts.amazonaws.com' and event_name = 'GetFederationToken'
        and outcome = 'succeeded'
        and entity_type in ('iam_user', 'root')

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('tokens') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'federated_names': 'federated_name'}
) }}
