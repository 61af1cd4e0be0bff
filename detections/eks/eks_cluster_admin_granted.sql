-- A principal was made administrator of a Kubernetes cluster.
with

cluster_grants as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'principalArn') }} as principal

    from {{ ref('watched_calls') }}
    where
        event_source = 'eks.amazonaws.com' and event_name = 'AssociateAccessPolicy'
        and outcome = 'succeeded'
        and (
            {{ trailhound.json_text('request_parameters', 'policyArn') }} like '%/AmazonEKSClusterAdminPolicy'
            or {{ trailhound.json_text('request_parameters', 'policyArn') }} like '%/AmazonEKSAdminPolicy'
        )

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('cluster_grants') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'principals': 'principal'}
) }}
