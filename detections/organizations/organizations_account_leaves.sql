-- An account was to leave its organisation, or to be closed.
with

departures as (

    select * from {{ ref('watched_calls') }}
    where
        (
            (
                event_source = 'organizations.amazonaws.com'
                and event_name in ('LeaveOrganization', 'RemoveAccountFromOrganization', 'CloseAccount')
            )
            or (event_source = 'account.amazonaws.com' and event_name = 'CloseAccount')
        )

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('departures') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'error_codes': 'error_code'}
) }}
