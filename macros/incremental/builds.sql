{#
    What earlier runs have seen, as kept in warehouse_builds: {relation: row}. A row has noted_at
    (text: every event built until then has been seen) and, for cloudtrail_events, delivery_day (ISO
    date: the newest delivery read).
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
            {%- do found.update({relation: {
                'noted_at': noted_at,
                'delivery_day': (delivery_day or '').replace('/', '-'),
            }}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}


{#
    At the end of a run: what was built has seen all there is. A run of chosen days (vars since and
    until) has not: other days may depend on what it built, and the next ordinary run sees to them.
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
    {%- set seen = [] -%}
    {%- for result in results if result.status == 'success' -%}
        {%- set name = trailhound.build_name(result.node) -%}
        {%- if name == 'cloudtrail_events' and not trailhound.leaves_a_gap(so_far.get(name)) -%}
            {%- do seen.append(name) -%}
        {%- elif trailhound.day_column(result.node)
            and (name not in so_far or not (var('since') or var('until'))) -%}
            {%- do seen.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if seen -%}
        {%- do run_query(trailhound.insert_builds(builds, seen, so_far)) -%}
        {%- for name in seen if name in so_far -%}
            {%- if loop.first %}delete from {{ builds }} where {% else %} or {% endif -%}
            (
                relation = {{ trailhound.text_literal(name) }}
                and noted_at <= cast('{{ so_far[name].noted_at }}' as timestamp)
            )
        {%- endfor -%}
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
        and var('since')
        and trailhound.days_before(var('since'), var('late_delivery_days') + 1)
        > events_build.delivery_day
    ) }}
{%- endmacro %}


{# A table that is made empty where it is missing, and left as it is where it stands. #}
{% materialization kept_table, default %}
    {%- if load_cached_relation(this) is none -%}
        {% call statement('main') -%}
            {{ create_table_as(false, this.incorporate(type='table'), compiled_code) }}
        {%- endcall %}
    {%- else -%}
        {% call noop_statement('main', 'KEPT') %}{% endcall %}
    {%- endif -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
