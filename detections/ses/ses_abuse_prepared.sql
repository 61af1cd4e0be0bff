-- One entity asked how much mail it may send and prepared to send it, by three or more different
-- calls.
with

mail_calls as (

    select * from {{ ref('watched_calls') }}
    where
        event_source = 'ses.amazonaws.com'
        and event_name in (
            'GetSendQuota', 'GetSendStatistics', 'GetAccount', 'GetAccountSendingEnabled',
            'ListIdentities', 'ListEmailIdentities', 'GetIdentityVerificationAttributes',
            'UpdateAccountSendingEnabled', 'PutAccountSendingAttributes', 'PutAccountDetails',
            'CreateEmailIdentity', 'VerifyEmailIdentity', 'VerifyDomainIdentity',
            'DeleteIdentity'
        )
        and not coalesce(session_from_console, false)

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('mail_calls', distinct='event_name') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'error_codes': 'error_code'}
) }}
