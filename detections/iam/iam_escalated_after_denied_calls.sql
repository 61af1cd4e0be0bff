-- After three or more denied calls an entity granted administrator permissions within an hour.
with

steps as (

    select
        {{ trailhound.event_columns() }},
        1 as step

    from {{ ref('watched_calls') }}
    where outcome = 'denied'
    union all
    select
        {{ trailhound.event_columns() }},
        2 as step

    from {{ ref('administration_grants') }}

),

counted as (

    select
        *,
        case when step = 2 then count(case when step = 1 then 1 end) over recent else 0 end as observed

    from {{ trailhound.countable('steps') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'error_codes': 'error_code'},
    begins='case when step = 1 then event_time end'
) }}
