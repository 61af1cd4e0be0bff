-- One entity sent commands to five or more instances or groups within ten minutes.
with

commands as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'documentName') }} as document_name

    from {{ ref('watched_calls') }}
    where event_source = 'ssm.amazonaws.com' and event_name = 'SendCommand' and outcome = 'succeeded'

),

choices as (

    select *
    from {{ trailhound.each_of(
        'commands', trailhound.json_items('request_parameters', 'targets'), 'choice'
    ) }}

),

commanded_targets as (

    select
        {{ trailhound.event_columns() }},
        document_name,
        target

    from {{ trailhound.each_of(
        'commands', trailhound.json_texts('request_parameters', 'instanceIds'), 'target'
    ) }}
    union all
    select
        {{ trailhound.event_columns() }},
        document_name,
        target

    from {{ trailhound.each_of(
        'choices', trailhound.json_texts('choice', 'values'), 'target'
    ) }}

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
