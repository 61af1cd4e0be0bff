{#
    The condition that a record was delivered in the days that this run reads: since the newest day
    read, less the days by which a file may come late, or what vars since and until say (ISO dates
    of events, inclusive). `true` where all is read: on a first build, with --full-refresh, on
    DuckDB.
#}
{% macro is_of_read_deliveries() -%}
    {%- set first, last = none, none -%}
    {%- if trailhound.builds_relations() and config.get('materialized') == 'table' -%}
        {%- set first, last = trailhound.read_deliveries() -%}
    {%- endif -%}
    {%- set bounds = [] -%}
    {%- if first -%}
        {%- do bounds.append("delivery_day >= '" ~ first.replace('-', '/') ~ "'") -%}
    {%- endif -%}
    {%- if last -%}
        {%- do bounds.append("delivery_day <= '" ~ last.replace('-', '/') ~ "'") -%}
    {%- endif -%}
    {{ return(bounds | join(' and ') or 'true') }}
{%- endmacro %}


{# First and last delivery day to read, ISO dates or none; notes whether that is all there is. #}
{% macro read_deliveries() -%}
    {%- set events = trailhound.built_relation('cloudtrail_events') -%}
    {%- set builds_whole = events is none or should_full_refresh() -%}
    {%- if should_full_refresh() and (var('since') or var('until')) -%}
        {%- do exceptions.raise_compiler_error(
            '--full-refresh rebuilds everything: leave out since and until'
        ) -%}
    {%- endif -%}
    {%- do graph.update({'trailhound_reads_all': builds_whole}) -%}
    {%- set late = var('late_delivery_days') -%}
    {%- set newest = trailhound.builds_so_far().get('cloudtrail_events', {}).get('delivery_day') -%}
    {%- if var('cloudtrail_table_shape') == 'ingested' -%}
        {#- Nothing comes late to an hour, and it says nothing of when events happened. -#}
        {{ return((none if builds_whole else newest, none)) }}
    {%- endif -%}
    {%- if var('since') -%}
        {%- set first = trailhound.days_before(var('since'), late) -%}
    {%- elif newest and not builds_whole -%}
        {%- set first = trailhound.days_before(newest, late) -%}
    {%- endif -%}
    {%- if var('until') -%}
        {%- set last = trailhound.days_before(var('until'), -late) -%}
    {%- endif -%}
    {{ return((first, last)) }}
{%- endmacro %}


{#
    The condition that cloudtrail_events does not hold an event yet, nor a copy of it that stays;
    `true` where the table is built whole. Looks only at days near those of the records read:
    copies of one event lie at most a day apart.

    event:  alias of a row with the columns of cloudtrail_records
#}
{% macro is_new_event(event) -%}
    {%- if not trailhound.adds_to_what_is_there() -%}
        {%- if trailhound.builds_relations()
            and config.get('materialized') == 'growing'
            and model.resource_type == 'model'
            and not graph.get('trailhound_reads_all') -%}
            {%- do exceptions.raise_compiler_error(
                'to build cloudtrail_events whole its records must be read whole in the same run: '
                ~ 'select +cloudtrail_events'
            ) -%}
        {%- endif -%}
        {{ return('true') }}
    {%- endif -%}
    not exists (
        select 1
        from {{ this }} as known
        where
            {{ trailhound.is_near_read_days('known.event_date') }}
            and known.event_id = {{ event }}.event_id
            and known.account_id = {{ event }}.account_id
            and (
                known.event_time < {{ event }}.event_time
                or (
                    known.event_time = {{ event }}.event_time
                    and known.record_hash <= {{ trailhound.record_hash(event) }}
                )
            )
    )
{%- endmacro %}


{# Pre-hook of cloudtrail_events: a row goes whose copy among the records read is the earlier one.
   That hardly ever happens, so it is asked first: a delete rewrites files. The days that lose a row
   are noted before, or a run that is cut off would leave them as they were. #}
{% macro delete_worse_copies() -%}
    {%- set worse_copies -%}
        select
            known.event_date,
            concat(known.event_id, '|', known.account_id) as copy_id
        from {{ this }} as known
        inner join {{ trailhound.built_relation('cloudtrail_records') }} as record
            on known.event_id = record.event_id and known.account_id = record.account_id
        where
            {{ trailhound.is_near_read_days('known.event_date') }}
            and (
                record.event_time < known.event_time
                or (
                    record.event_time = known.event_time
                    and {{ trailhound.record_hash('record') }} < known.record_hash
                )
            )
    {%- endset -%}
    {%- set days = run_query(
        'select distinct cast(event_date as varchar) from (' ~ worse_copies ~ ') as worse'
    ).rows | map('first') | list -%}
    {%- if days -%}
        {%- do trailhound.note_lost_events(days) -%}
        delete from {{ this }}
        where
            event_date in (date '{{ days | join("', date '") }}')
            and concat(event_id, '|', account_id)
            in (select copy_id from ({{ worse_copies }}) as worse)
    {%- endif -%}
{%- endmacro %}


{% macro is_near_read_days(event_date) -%}
    {%- set records = trailhound.built_relation('cloudtrail_records') -%}
    {%- set days = trailhound.asked_once(
        'read days', 'select distinct cast(cast(event_time as date) as varchar) from ' ~ records
    ) -%}
    {%- set near = {} -%}
    {%- for (day,) in days -%}
        {%- for distance in [-1, 0, 1] -%}
            {%- do near.update({trailhound.days_before(day, distance): true}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if near -%}
        {{ event_date }} in (date '{{ near | sort | join("', date '") }}')
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
