-- One call a row and indicator that it matches: its address, key, user agent or caller is on the
-- list, and the indicator was still valid.
with

valid_indicators as (

    select
        kind,
        indicator,
        first_address,
        last_address,
        lower(indicator) as lower_indicator,
        coalesce(
            try_cast(nullif(valid_until, '') as timestamp), cast('9999-12-31' as timestamp)
        ) as ends_at,
        source as indicator_source

    from {{ ref('indicators') }}

),

-- Each address, user agent and caller is compared once a day: a run reads only the days it computes.
addresses as (

    select distinct
        event_date,
        source_address

    from {{ ref('cloudtrail_events') }}
    where source_address is not null

),

agents as (

    select
        event_date,
        user_agent,
        lower(user_agent) as lower_agent

    from {{ ref('cloudtrail_events') }}
    where user_agent is not null
    group by event_date, user_agent

),

callers as (

    select distinct
        event_date,
        user_arn,
        entity_id,
        session_issuer_arn

    from {{ ref('cloudtrail_events') }}

),

address_matches as (

    select
        addresses.*,
        valid_indicators.*

    from addresses
    inner join valid_indicators
        on addresses.source_address
            between valid_indicators.first_address and valid_indicators.last_address
    where valid_indicators.kind = 'address'

),

-- A domain is no part of a longer name, but may have names before it.
agent_matches as (

    select
        agents.event_date,
        agents.user_agent,
        valid_indicators.*

    from agents
    inner join valid_indicators
        on strpos(agents.lower_agent, valid_indicators.lower_indicator) > 0
    where
        valid_indicators.kind = 'user_agent'
        or (
            valid_indicators.kind = 'domain'
            and not {{ trailhound.text_matches(
                "substr(concat(' ', agents.lower_agent), "
                "strpos(agents.lower_agent, valid_indicators.lower_indicator), 1)",
                '[a-z0-9-]'
            ) }}
            and not {{ trailhound.text_matches(
                "substr(concat(agents.lower_agent, ' '), "
                "strpos(agents.lower_agent, valid_indicators.lower_indicator) "
                "+ length(valid_indicators.lower_indicator), 1)",
                '[a-z0-9.-]'
            ) }}
        )

),

caller_matches as (

    select
        callers.*,
        valid_indicators.*

    from callers
    inner join valid_indicators
        on valid_indicators.indicator
            in (callers.user_arn, callers.entity_id, callers.session_issuer_arn)
    where valid_indicators.kind = 'arn'

)

{%- set same_day = 'event.event_date = found.event_date and ' %}
{%- set joins = [
    ('address_matches', same_day ~ 'event.source_address = found.source_address'),
    ('agent_matches', same_day ~ 'event.user_agent = found.user_agent'),
    ('valid_indicators', "found.kind = 'access_key' and event.access_key_id = found.indicator"),
    (
        'caller_matches',
        same_day ~ 'event.entity_id = found.entity_id '
        'and event.user_arn is not distinct from found.user_arn '
        'and event.session_issuer_arn is not distinct from found.session_issuer_arn'
    ),
] %}
{%- for matches, condition in joins %}
{%- if not loop.first %}
union all
{%- endif %}
select
    event.*,
    found.indicator,
    found.indicator_source

from {{ ref('cloudtrail_events') }} as event
inner join {{ matches }} as found on {{ condition }}
where event.event_time < found.ends_at
{%- endfor %}
