-- After this call a trail no longer records management events, or not all of them.
with

blinding_calls as (

    select * from {{ ref('blinded_trails') }}

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('blinding_calls') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'request_parameters': 'request_parameters'}
) }}
