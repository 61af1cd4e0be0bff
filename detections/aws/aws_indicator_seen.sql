-- A call came from an address, with a key, by a principal or with a user agent on a list of threats.
with

indicator_calls as (

    select * from {{ ref('indicator_calls') }}

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('indicator_calls') }}
    window
        recent as (
            partition by account_id, entity_id, indicator
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={
        'event_names': 'event_name',
        'indicators': 'indicator',
        'sources': 'indicator_source',
    },
    correlated_by='indicator'
) }}
