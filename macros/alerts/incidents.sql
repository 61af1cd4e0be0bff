{#
    The query of the relation `incidents`: several acts of one actor within a day (vars
    incidents__risk, incidents__acts, incidents__minutes), in the columns of an alert. Its events
    are findings, that is alerts and signals; of each act only the greatest risk within the window
    counts. A person is one actor over all accounts; everyone else is one in an account.

    alerts, signals:  the relations to read
    detections:       [name, act, first tactic, whether its entity is a login] of each
#}
{% macro incidents_of(alerts, signals, detections) -%}
{%- set window = "interval '" ~ var('incidents__minutes') ~ "' minute" -%}
with

acts as (

    select *
    from (
        values
        {%- for name, act, tactic, is_login in detections %}
        (
            {{ trailhound.text_literal(name) }}, {{ trailhound.text_literal(act) }},
            {{ trailhound.text_literal(tactic) }}, {{ is_login }}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    ) as acted (acting_detection, act, first_tactic, is_login)

),

-- The same burst after midnight is no new finding.
all_findings as (

    select * from {{ alerts }}
    where not is_continuation
    union all
    select * from {{ signals }}
    where not is_continuation

),

named_findings as (

    select
        finding.*,
        acts.act,
        acts.first_tactic,
        case
            when finding.entity_type in ('sso_user', 'identity_center_user') then 'person'
            when finding.entity_type in ('address', 'account') then finding.entity_type
            else 'entity'
        end as actor_class,
        case
            when acts.is_login
                then coalesce(
                    {{ trailhound.first_arn('finding.evidence') }}, finding.entity_id
                )
            else finding.entity_id
        end as actor_name

    from all_findings as finding
    inner join acts on finding.detection = acts.acting_detection

),

findings as (

    select
        *,
        case when actor_class = 'person' then '' else account_id end as actor_account,
        case
            when entity_type = 'sso_user'
                then coalesce(nullif(regexp_extract(actor_name, '[^/]*$'), ''), actor_name)
            else actor_name
        end as actor

    from named_findings

),

-- The greatest risk of each act in the window that ends with a finding.
acts_until as (

    select
        finding.alert_id,
        recent.act,
        max(recent.risk) as risk

    from findings as finding
    inner join findings as recent
        on
            finding.actor_class = recent.actor_class
            and finding.actor_account = recent.actor_account
            and finding.actor = recent.actor
            and recent.triggered_at between finding.triggered_at - {{ window }}
            and finding.triggered_at
    group by finding.alert_id, recent.act

),

firing as (

    select
        alert_id as firing_id,
        sum(risk) as observed

    from acts_until
    group by alert_id
    having
        sum(risk) >= {{ var('incidents__risk') }}
        and count(*) >= {{ var('incidents__acts') }}

),

spaced_firing as (

    select
        findings.actor_class,
        findings.actor_account,
        findings.actor,
        findings.triggered_at as firing_time,
        firing.observed,
        lag(findings.triggered_at) over (
            partition by findings.actor_class, findings.actor_account, findings.actor
            order by findings.triggered_at
        ) as previous_firing_time

    from findings
    inner join firing on findings.alert_id = firing.firing_id

),

firing_in_bursts as (

    select
        *,
        sum(
            case
                when
                    firing_time <= previous_firing_time + {{ window }}
                    and cast(firing_time as date) = cast(previous_firing_time as date)
                    then 0
                else 1
            end
        ) over (
            partition by actor_class, actor_account, actor
            order by firing_time
        ) as burst_number

    from spaced_firing

),

bursts as (

    select
        actor_class,
        actor_account,
        actor,
        min(firing_time) as fired_at,
        max(firing_time) as fired_until,
        max(observed) as observed_risk,
        max(
            case
                when
                    firing_time <= previous_firing_time + {{ window }}
                    and cast(firing_time as date) <> cast(previous_firing_time as date)
                    then 1
                else 0
            end
        ) = 1 as goes_on

    from firing_in_bursts
    group by actor_class, actor_account, actor, burst_number

),

findings_of_incidents as (

    select
        findings.*,
        bursts.fired_at,
        bursts.fired_until,
        bursts.observed_risk,
        bursts.goes_on,
        row_number() over (
            partition by
                bursts.actor_class, bursts.actor_account, bursts.actor, bursts.fired_at
            order by findings.triggered_at, findings.alert_id
        ) as finding_rank

    from bursts
    inner join findings
        on
            bursts.actor_class = findings.actor_class
            and bursts.actor_account = findings.actor_account
            and bursts.actor = findings.actor
            and findings.triggered_at
            between bursts.fired_at - {{ window }} and bursts.fired_until

),

incidents as (

    select
        actor_account,
        actor,
        fired_at,
        min(entity_type) as entity_type,
        min(triggered_at) as first_seen,
        max(fired_until) as last_seen,
        max(case when goes_on then 1 else 0 end) = 1 as is_continuation,
        max(observed_risk) as observed,
        count(*) as event_count,
        max(observed_risk) >= 200 or count(distinct first_tactic) >= 4 as is_critical,
        {{ trailhound.json_list_in_order('alert_id', 'finding_rank', 'finding_rank <= 100') }}
            as event_ids,
        {%- for list in [
            'tactics', 'techniques', 'regions', 'source_ips', 'user_agents', 'access_key_ids',
            'session_names', 'resources',
        ] %}
        {{ trailhound.json_list_union(list) }} as {{ list }},
        {%- endfor %}
        concat(
            '{"detections":', {{ trailhound.json_list('detection') }},
            ',"severities":', {{ trailhound.json_list('severity') }},
            ',"account_ids":', {{ trailhound.json_list('account_id') }},
            '}'
        ) as evidence

    from findings_of_incidents
    group by actor_class, actor_account, actor, fired_at

)

select
    substr(
        {{ trailhound.sha256_hex(
            "concat('incidents|', actor_account, '|', actor, '|', "
            ~ trailhound.iso_utc('fired_at') ~ ")"
        ) }},
        1,
        32
    ) as alert_id,
    'incidents' as detection,
    'Incident - Several detections by one actor' as title,
    'incident - several detections by one actor' as boc,
    case when is_critical then 'critical' else 'high' end as severity,
    tactics,
    techniques,
    cast(fired_at as date) as alert_date,
    actor_account as account_id,
    actor as entity_id,
    entity_type,
    fired_at as triggered_at,
    first_seen,
    last_seen,
    is_continuation,
    cast(observed as bigint) as observed,
    cast({{ var('incidents__risk') }} as bigint) as threshold,
    cast({{ var('incidents__minutes') }} as integer) as window_minutes,
    cast(event_count as bigint) as event_count,
    event_ids,
    regions,
    source_ips,
    user_agents,
    access_key_ids,
    session_names,
    resources,
    evidence,
    cast('' as varchar) as correlated_by,
    cast(case when is_critical then 100 else 50 end as integer) as risk

from incidents
{%- endmacro %}


{# The same from what the project holds, for a build without dbt's hooks. #}
{% macro incidents_query() -%}
    {%- set acts = [] -%}
    {%- if execute -%}
        {%- for node in trailhound.enabled_detections() | sort(attribute='name') -%}
            {%- do acts.append(trailhound.act_of(node)) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ trailhound.incidents_of(
        trailhound.view_of('alerts'), trailhound.view_of('signals'),
        acts or [['', '', '', false]]
    ) }}
{%- endmacro %}


{# [name, act, first tactic, whether its entity is a login] of a detection. #}
{% macro act_of(node) -%}
    {%- set meta = node.config.meta -%}
    {{ return([
        node.name, meta.get('act') or node.name, (meta.get('tactics') or [''])[0],
        'true' if meta.get('key') == 'login' else 'false',
    ]) }}
{%- endmacro %}


{# One of the views over all detections. #}
{% macro view_of(name) -%}
    {{ return(api.Relation.create(
        database=target.database, schema=target.schema, identifier=name
    )) }}
{%- endmacro %}


{# The first ARN among the actors of an alert's evidence, or null. #}
{% macro first_arn(evidence) -%}
    nullif(regexp_extract({{ evidence }}, '"actors":\[(?:"[^"]*",)*?"(arn:[^"]*)"', 1), '')
{%- endmacro %}
