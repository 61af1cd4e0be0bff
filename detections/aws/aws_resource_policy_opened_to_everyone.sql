-- A secret, key, repository, topic, queue, layer or document was opened to everyone.
with

opened_resources as (

    select {{ trailhound.event_columns() }}
    from {{ ref('policy_statements') }}
    where
        event_source not in ('iam.amazonaws.com', 's3.amazonaws.com')
        and is_open_to_everyone
    union all
    select {{ trailhound.event_columns() }}
    from {{ ref('watched_calls') }}
    where
        outcome = 'succeeded'
        and (
            (
                event_source = 'lambda.amazonaws.com'
                and event_name like 'AddLayerVersionPermission%'
                and {{ trailhound.json_text('request_parameters', 'principal') }} = '*'
                and {{ trailhound.json_value('request_parameters', 'organizationId') }} is null
            )
            or (
                event_source = 'ssm.amazonaws.com'
                and event_name = 'ModifyDocumentPermission'
                and {{ trailhound.json_has(
                    'lower(request_parameters)', 'accountidstoadd', ['all']
                ) }}
            )
        )

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('opened_resources') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'event_sources': 'event_source'}
) }}
