{#
    What earlier runs have seen, as kept in warehouse_builds, by relation: noted_at (text: every
    event built until then has been seen), chosen_days (first and last ISO date of days that runs of
    chosen days built, with their noted_at) and, for cloudtrail_events, delivery_day (ISO date: the
    newest delivery read). The chosen_days of cloudtrail_events are those that lost an event.
#}
{% macro builds_so_far() -%}
    {%- set found = {} -%}
    {%- set builds = trailhound.built_relation('warehouse_builds') -%}
    {%- if builds is not none -%}
        {%- set rows = trailhound.asked_once(
            'builds',
            'select relation, cast(max(noted_at) as varchar), max(delivery_day) from '
            ~ builds ~ ' group by relation'
        ) -%}
        {%- for relation, noted_at, delivery_day in rows -%}
            {%- set name, _, days = relation.partition(' of ') -%}
            {%- set build = found.setdefault(name, {'chosen_days': []}) -%}
            {%- if days -%}
                {%- do build.chosen_days.append(days.split(' to ') + [noted_at]) -%}
            {%- else -%}
                {%- do build.update({
                    'noted_at': noted_at,
                    'delivery_day': (delivery_day or '').replace('/', '-'),
                }) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}


{#
    At the end of a run: what was built has seen all there is; a detection of chosen days (vars
    since and until) on these days only.
#}
{% macro note_builds() -%}
    {%- if not trailhound.builds_relations() -%}
        {{ return('') }}
    {%- endif -%}
    {%- set builds = trailhound.built_relation('warehouse_builds') -%}
    {%- if builds is none -%}
        {{ return('') }}
    {%- endif -%}
    {%- set so_far = trailhound.builds_so_far() -%}
    {%- set days = trailhound.of_chosen_days() -%}
    {%- set seen_all, seen_days = [], [] -%}
    {%- for result in results if result.status == 'success' -%}
        {%- set name = trailhound.build_name(result.node) -%}
        {%- if name == 'cloudtrail_events' -%}
            {%- if not trailhound.leaves_a_gap(so_far.get(name)) -%}
                {%- do seen_all.append(name) -%}
            {%- endif -%}
        {%- elif trailhound.grows(result.node) -%}
            {%- if days and trailhound.is_detection(result.node)
                and name not in graph.get('trailhound_built_whole', {}) -%}
                {%- do seen_days.append(name ~ days) -%}
            {%- else -%}
                {%- do seen_all.append(name) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if seen_all or seen_days -%}
        {%- do run_query(trailhound.insert_builds(builds, seen_all + seen_days, so_far)) -%}
        {%- for name in seen_all if name in so_far -%}
            {%- if loop.first %}delete from {{ builds }} where {% else %} or {% endif -%}
            (
                {# The days that lost an event are not everybody's yet. -#}
                {{ 'relation' if name == 'cloudtrail_events'
                    else "split_part(relation, ' of ', 1)" }}
                = {{ trailhound.text_literal(name) }}
                and noted_at <= cast('{{ trailhound.last_noted_at(so_far[name]) }}' as timestamp)
            )
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{# What stands behind the name of a relation of which a run saw only chosen days; else empty. #}
{% macro of_chosen_days() -%}
    {%- if var('since') or var('until') -%}
        {{ return(
            ' of ' ~ (var('since') or '0001-01-01') ~ ' to ' ~ (var('until') or '9999-12-30')
        ) }}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}


{# When anything was last noted of a relation, as builds_so_far() has it. #}
{% macro last_noted_at(build) -%}
    {{ return(
        ([build.get('noted_at') or ''] + build.chosen_days | map('last') | list) | max
    ) }}
{%- endmacro %}


{# Note before it happens that the events of some days (ISO dates) lose one. #}
{% macro note_lost_events(days) -%}
    {%- set names = [] -%}
    {%- for day in days -%}
        {%- do names.append('cloudtrail_events of ' ~ day ~ ' to ' ~ day) -%}
    {%- endfor -%}
    {%- set builds = trailhound.built_relation('warehouse_builds') -%}
    {%- do run_query(trailhound.insert_builds(builds, names, {})) -%}
    {%- do graph.trailhound_answers.pop('builds') -%}
{%- endmacro %}


{# When the events are built whole: nobody has seen them, nor which days lost all they had. #}
{% macro forget_builds() -%}
    {%- if trailhound.builds_so_far() -%}
        {%- do run_query('delete from ' ~ trailhound.built_relation('warehouse_builds')) -%}
        {%- do graph.trailhound_answers.pop('builds') -%}
    {%- endif -%}
{%- endmacro %}


{% macro insert_builds(builds, seen, so_far) -%}
    {%- set newest_delivery = so_far.get('cloudtrail_events', {}).get('delivery_day', '') -%}
    insert into {{ builds }}
    select
        built.relation,
        {{ trailhound.utc_now() }} as noted_at,
        case
            when built.relation = 'cloudtrail_events'
                then greatest(newest.delivery_day, '{{ newest_delivery.replace('-', '/') }}')
        end as delivery_day

    from (
        values
        {%- for name in seen %}
        (cast({{ trailhound.text_literal(name) }} as varchar)){{ ',' if not loop.last }}
        {%- endfor %}
    ) as built (relation)
    cross join (
        select coalesce(max(delivery_day), '') as delivery_day
        from {{ trailhound.built_relation('cloudtrail_records') }}
    ) as newest
{%- endmacro %}


{# Whether a run of chosen days begins after days that no run has read. #}
{% macro leaves_a_gap(events_build) -%}
    {{ return(
        events_build is not none
        and events_build.get('delivery_day')
        and var('since')
        and var('cloudtrail_table_shape') != 'ingested'
        and trailhound.days_before(var('since'), var('late_delivery_days') + 1)
        > events_build.delivery_day
    ) }}
{%- endmacro %}
