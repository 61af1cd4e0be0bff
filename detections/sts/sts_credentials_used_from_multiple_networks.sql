-- One access key was used from three or more networks within an hour.
with

key_uses as (

    select * from {{ ref('cloudtrail_events') }}
    where
        access_key_id is not null
        and entity_type <> 'service'
        and {{ trailhound.is_of_recomputed_days() }}

),

key_addresses as (

    select distinct
        account_id,
        entity_id,
        access_key_id,
        source_ip

    from key_uses

),

-- Few keys show that many networks at all, whatever the time between.
spread_keys as (

    select
        key_address.account_id,
        key_address.entity_id,
        key_address.access_key_id

    from key_addresses as key_address
    inner join {{ ref('source_addresses') }} as address on key_address.source_ip = address.source_ip
    group by key_address.account_id, key_address.entity_id, key_address.access_key_id
    having count(distinct address.source_network) >= {{ trailhound.least_threshold() }}

),

spread_uses as (

    select
        key_use.*,
        address.source_network

    from key_uses as key_use
    inner join spread_keys
        on
            key_use.account_id = spread_keys.account_id
            and key_use.entity_id = spread_keys.entity_id
            and key_use.access_key_id = spread_keys.access_key_id
    inner join {{ ref('source_addresses') }} as address on key_use.source_ip = address.source_ip
    where address.source_network is not null

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('spread_uses', distinct='source_network', by='access_key_id') }}
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
