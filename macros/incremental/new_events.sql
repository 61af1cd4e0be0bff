{#
    On engines where cloudtrail_events grows: the condition that a record was delivered since the
    newest event day built, less the days by which a delivery may be late; `true` where the table
    is built whole. Vars since and until (dates) ask for older deliveries again.

    record:  alias of a row of cloudtrail_records
#}
{% macro is_new_delivery(record) -%}
    {%- if not trailhound.builds_on_what_is_there() -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set since = var('since') -%}
    {%- if not since -%}
        {%- set newest = run_query('select cast(max(event_date) as varchar) from ' ~ this) -%}
        {%- set since = newest.columns[0].values()[0] or '1970-01-01' -%}
    {%- endif -%}
    {%- set first_day = trailhound.days_before(since, var('late_delivery_days')) -%}
    {{ record }}.delivery_day >= '{{ first_day.replace('-', '/') }}'
    {%- if var('until') %}
    and {{ record }}.delivery_day
        <= '{{ trailhound.days_before(var('until'), -var('late_delivery_days')).replace('-', '/') }}'
    {%- endif -%}
{%- endmacro %}


{#
    The condition that an event is not built yet, or is a copy with an earlier time than the one
    built; `true` where the table is built whole.
#}
{% macro is_new_event(event) -%}
    {%- if not trailhound.builds_on_what_is_there() -%}
        {{ return('true') }}
    {%- endif -%}
    not exists (
        select 1
        from {{ this }} as known
        where
            known.event_id = {{ event }}.event_id
            and known.account_id = {{ event }}.account_id
            and known.event_time <= {{ event }}.event_time
    )
{%- endmacro %}


{# Whether this run adds to a table that stands: never on DuckDB, nor in compile or unit tests. #}
{% macro builds_on_what_is_there() -%}
    {{ return(
        execute
        and flags.WHICH in ['run', 'build']
        and model.resource_type == 'model'
        and is_incremental()
    ) }}
{%- endmacro %}


{# An ISO date so many days before another one (after it, if negative). #}
{% macro days_before(iso_date, days) -%}
    {%- set day = modules.datetime.date.fromisoformat(iso_date | string) -%}
    {{ return((day - modules.datetime.timedelta(days=days)).isoformat()) }}
{%- endmacro %}
