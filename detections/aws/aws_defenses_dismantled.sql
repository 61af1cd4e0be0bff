-- Within an hour three or more defences of one account were taken down, of several services or
-- regions.
with

weakened_defenses as (

    select {{ trailhound.event_columns() }}
    from {{ ref('blinded_trails') }}
    union all
    select {{ trailhound.event_columns() }}
    from {{ ref('defense_changes') }}
    where is_weakened and outcome = 'succeeded'
    union all
    select {{ trailhound.event_columns() }}
    from {{ ref('watched_calls') }}
    where
        outcome = 'succeeded'
        and (
            (
                event_source = 'cloudtrail.amazonaws.com'
                and event_name in ('StopLogging', 'DeleteTrail', 'DeleteEventDataStore')
            )
            or (event_source = 'ec2.amazonaws.com' and event_name = 'DeleteFlowLogs')
        )

),

placed_defenses as (

    select
        *,
        concat(event_source, '|', coalesce(aws_region, '')) as defense

    from weakened_defenses

),

defenses_by_account as (

    select *
    from {{ trailhound.keyed_by(
        'placed_defenses', entity_id='account_id', entity_type="'account'", also=['defense']
    ) }} as keyed

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('defenses_by_account', distinct='defense') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'defenses': 'defense', 'actors': 'actor_id'}
) }}
