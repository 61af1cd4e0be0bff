-- An IAM request was so large that CloudTrail left its parameters out.
with

unlogged_requests as (

    select * from {{ ref('cloudtrail_events') }}
    where
        outcome = 'succeeded'
        and event_source = 'iam.amazonaws.com'
        and request_parameters like '%omitted%'
        and {{ trailhound.json_is('request_parameters', 'omitted', true) }}

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('unlogged_requests') }}

)

{{ trailhound.alert_per_request('counted', evidence={'event_names': 'event_name'}) }}
