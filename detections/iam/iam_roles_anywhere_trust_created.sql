-- A certificate authority outside AWS may vouch for roles now.
with

trust_anchors as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'name') }} as anchor_name

    from {{ ref('watched_calls') }}
    where
        event_source = 'rolesanywhere.amazonaws.com'
        and event_name in ('CreateTrustAnchor', 'UpdateTrustAnchor')
        and outcome = 'succeeded'
        and (
            {{ trailhound.json_text('request_parameters', 'source.sourceType') }} <> 'AWS_ACM_PCA'
            or (
                event_name = 'CreateTrustAnchor'
                and {{ trailhound.json_text('request_parameters', 'source.sourceType') }} is null
            )
        )

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('trust_anchors') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'anchor_names': 'anchor_name'}
) }}
