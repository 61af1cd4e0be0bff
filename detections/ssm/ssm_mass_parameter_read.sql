-- One entity read twenty or more parameters in clear within ten minutes.
with

clear_reads as (

    select * from {{ ref('watched_calls') }}
    where
        event_source = 'ssm.amazonaws.com'
        and event_name in (
            'GetParameter', 'GetParameterHistory', 'GetParameters', 'GetParametersByPath'
        )
        and outcome = 'succeeded'
        and {{ trailhound.json_is('request_parameters', 'withDecryption', true) }}

),

parameters as (

    select
        *,
        case
            when event_name = 'GetParametersByPath'
                then {{ trailhound.json_text('request_parameters', 'path') }}
            else {{ trailhound.json_text('request_parameters', 'name') }}
        end as parameter_name

    from clear_reads
    where event_name <> 'GetParameters'
    union all
    select *
    from {{ trailhound.each_of(
        'clear_reads', trailhound.json_texts('request_parameters', 'names'), 'parameter_name'
    ) }}
    where event_name = 'GetParameters'

),

named_parameters as (

    select * from parameters
    where parameter_name is not null

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('named_parameters', distinct='parameter_name') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'parameters': 'parameter_name'}
) }}
