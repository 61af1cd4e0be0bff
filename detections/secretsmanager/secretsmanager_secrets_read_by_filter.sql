-- A person read five or more batches of secrets by a filter within ten minutes.
with

batches as (

    select
        *,
        {{ trailhound.json_value('request_parameters', 'filters') }} as filters

    from {{ ref('watched_calls') }}
    where
        event_source = 'secretsmanager.amazonaws.com'
        and event_name = 'BatchGetSecretValue'
        and outcome = 'succeeded'
        and {{ trailhound.is_people() }}
        and not {{ trailhound.json_any('request_parameters', 'secretIdList', "item not in ('', 'null', '[]')") }}

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('batches') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'filters': 'filters'}
) }}
