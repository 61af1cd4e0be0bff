-- One access key was used from three or more networks within an hour.
with

key_uses as (

    select
        event.*,
        address.source_network

    from {{ ref('cloudtrail_events') }} as event
    inner join {{ ref('source_addresses') }} as address on event.source_ip = address.source_ip
    where
        event.access_key_id is not null
        and event.entity_type <> 'service'
        and {{ trailhound.is_of_recomputed_days('event') }}
        and address.source_network is not null

),

-- Few keys show that many at all, whatever the time between.
spread_keys as (

    select
        account_id,
        entity_id,
        access_key_id

    from key_uses
    group by account_id, entity_id, access_key_id
    having count(distinct source_network) >= {{ trailhound.least_threshold() }}

),

spread_uses as (

    select key_uses.*
    from key_uses
    inner join spread_keys
        on
            key_uses.account_id = spread_keys.account_id
            and key_uses.entity_id = spread_keys.entity_id
            and key_uses.access_key_id = spread_keys.access_key_id

),

counted as (

    select
        *,
        {{ trailhound.count_distinct_over('source_network', 'recent') }} as observed

    from {{ trailhound.countable('spread_uses') }}
    window
        recent as (
            partition by account_id, entity_id, access_key_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={
        'event_names': 'event_name', 'networks': 'source_network', 'actors': 'entity_id'
    },
    correlated_by='access_key_id'
) }}
