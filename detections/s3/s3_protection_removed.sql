-- Versions, copies or time were taken from a bucket's objects.
with

removals as (

    select * from {{ ref('bucket_protection_removals') }}

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('removals') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'buckets': 'bucket_name'}
) }}
