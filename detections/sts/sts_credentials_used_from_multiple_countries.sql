-- One access key was used from two or more countries within an hour.
with

key_uses as (

    select
        event.*,
        address.country

    from {{ ref('cloudtrail_events') }} as event
    inner join {{ ref('source_addresses') }} as address on event.source_ip = address.source_ip
    where
        event.access_key_id is not null
        and event.entity_type <> 'service'
        and {{ trailhound.is_of_recomputed_days('event') }}
        and address.country is not null
        and not address.is_aws_address

),

-- Few keys show that many at all, whatever the time between.
spread_keys as (

    select
        account_id,
        entity_id,
        access_key_id

    from key_uses
    group by account_id, entity_id, access_key_id
    having count(distinct country) >= {{ trailhound.least_threshold() }}

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
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('spread_uses', distinct='country', by='access_key_id') }}
    window
        recent as (
            partition by account_id, entity_id, access_key_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'countries': 'country', 'actors': 'entity_id'},
    correlated_by='access_key_id'
) }}
