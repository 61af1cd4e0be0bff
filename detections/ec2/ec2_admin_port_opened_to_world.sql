-- A port of remote administration was opened to the whole Internet, or to any address of a range
-- without a prefix.
with

ingress_calls as (

    select * from {{ ref('watched_calls') }}
    where
        event_source = 'ec2.amazonaws.com'
        and event_name = 'AuthorizeSecurityGroupIngress'
        and outcome = 'succeeded'

),

-- Permissions stand in a list, or flat among the parameters.
permissions as (

    select
        {{ trailhound.event_columns() }},
        permission

    from {{ trailhound.each_of(
        'ingress_calls', trailhound.json_items('request_parameters', 'ipPermissions.items'), 'permission'
    ) }}
    union all
    select
        {{ trailhound.event_columns() }},
        permission

    from {{ trailhound.each_of(
        'ingress_calls', trailhound.json_items('request_parameters', 'ipPermissions'), 'permission'
    ) }}
    where {{ trailhound.json_value('permission', 'items') }} is null
    union all
    select
        {{ trailhound.event_columns() }},
        permission

    from {{ trailhound.each_of(
        'ingress_calls', trailhound.json_items('request_parameters', ''), 'permission'
    ) }}

),

open_permissions as (

    select
        *,
        {{ trailhound.json_text('permission', 'ipProtocol') }} as protocol,
        try_cast({{ trailhound.json_text('permission', 'fromPort') }} as bigint) as from_port,
        try_cast({{ trailhound.json_text('permission', 'toPort') }} as bigint) as to_port

    from permissions
    where
        coalesce({{ trailhound.json_text('permission', 'cidrIp') }}, '') like '%/0'
        or {{ trailhound.text_matches(
            trailhound.json_value('permission', 'ipRanges'), '"cidrIp":"[^"]*/0"'
        ) }}
        or {{ trailhound.text_matches(
            trailhound.json_value('permission', 'ipv6Ranges'), '"cidrIpv6":"[^"]*/0"'
        ) }}

),

open_admin_ports as (

    select
        *,
        cast(from_port as varchar) || '-' || cast(to_port as varchar) as ports

    from open_permissions
    where
        protocol = '-1'
        or {{ trailhound.is_between_one_of('from_port', 'to_port', 'admin_ports') }}

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('open_admin_ports') }}

)

{{ trailhound.alert_per_request(
    'counted',
    evidence={'event_names': 'event_name', 'ports': 'ports'}
) }}
