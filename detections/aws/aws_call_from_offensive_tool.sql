-- A call came with the user agent of a tool for attacks.
with

-- Each user agent is looked at once.
tools as (

    select user_agent
    from {{ ref('cloudtrail_events') }}
    where user_agent is not null and {{ trailhound.is_of_recomputed_days() }}
    group by user_agent
    having {{ trailhound.holds_one_of('user_agent', 'offensive_tools') }}

),

tool_calls as (

    select event.*
    from {{ ref('cloudtrail_events') }} as event
    inner join tools on event.user_agent = tools.user_agent

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('tool_calls') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'error_codes': 'error_code'}
) }}
