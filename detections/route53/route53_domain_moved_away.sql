-- A domain's lock, code, name servers or owner were changed.
with

domain_moves as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'domainName') }} as domain_name

    from {{ ref('watched_calls') }}
    where
        event_source = 'route53domains.amazonaws.com'
        and event_name in (
            'TransferDomainToAnotherAwsAccount', 'DisableDomainTransferLock',
            'RetrieveDomainAuthCode', 'UpdateDomainNameservers'
        )
        and outcome = 'succeeded'

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('domain_moves') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'domains': 'domain_name'}
) }}
