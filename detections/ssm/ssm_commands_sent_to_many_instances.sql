-- One entity sent commands to five or more instances or groups within ten minutes.
with

commands as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'documentName') }} as document_name

    from {{ ref('watched_calls') }}
    where event_source = 'ssm.amazonaws.com' and event_name = 'SendCommand' and outcome = 'succeeded'

),

commanded_targets as (

    select
        commands.*,
        target

    from commands
    cross join unnest(
        {{ trailhound.json_texts('request_parameters', 'instanceIds') }}
    ) as named (target)
    union all
    select
        commands.*,
        target

    from commands
    cross join unnest(
        {{ trailhound.json_items('request_parameters', 'targets') }}
    ) as chosen (choice)
    cross join unnest({{ trailhound.json_texts('choice', 'values') }}) as named (target)

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('commanded_targets', distinct='target') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'targets': 'target', 'documents': 'document_name'}
) }}
