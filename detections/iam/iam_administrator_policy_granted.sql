-- A user, role or group was given permission to do everything, or everything in IAM.
with

grants as (

    select * from {{ ref('administration_grants') }}

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('grants') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'receivers': 'receiver', 'policies': 'policy'}
) }}
