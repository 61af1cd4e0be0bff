-- A snapshot or an image was shared with an account that is not trusted, with an organisation or
-- with everyone.
with

shares as (

    select * from {{ ref('shared_snapshots') }}

),

counted as (

    select
        *,
        {{ trailhound.count_distinct_over('receiver', 'of_request') }} as observed

    from {{ trailhound.countable('shares') }}
    window of_request as (partition by account_id, event_id)

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={
        'event_names': 'event_name', 'snapshots': 'snapshot_id', 'receivers': 'receiver'
    }
) }}
