-- A user signed in in one country, and a device in another got the user's token.
with

steps as (

    select
        event.*,
        address.country,
        case when event.event_name = 'CreateToken' then 1 else 2 end as part

    from {{ ref('watched_calls') }} as event
    left join {{ ref('source_addresses') }} as address on event.source_ip = address.source_ip
    where
        event.entity_type = 'identity_center_user'
        and event.outcome = 'succeeded'
        and (
            (
                event.event_source in ('sso.amazonaws.com', 'sso-oauth.amazonaws.com')
                and event.event_name = 'CreateToken'
                and {{ trailhound.json_text('event.request_parameters', 'grantType') }}
                = 'urn:ietf:params:oauth:grant-type:device_code'
            )
            or (
                event.event_source = 'signin.amazonaws.com'
                and event.event_name = 'UserAuthentication'
            )
        )

),

counted as (

    select
        *,
        case
            when
                count(case when part = 1 then 1 end) over recent >= 1
                and {{ trailhound.distinct_over('recent') }} >= 2
                then count(case when part = 2 then 1 end) over recent
            else 0
        end as observed

    from {{ trailhound.countable('steps', distinct='country') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'countries': 'country'}
) }}
