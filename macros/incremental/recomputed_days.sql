{#
    Detections on engines where they grow by day. The alerts of a day depend on the events of that
    day and of two windows before it, so a run computes anew every day since the oldest one that
    has a new event, deletes what stood there, and appends. What a detection has seen is kept in
    detection_builds, written last: a run that was cut off is done again.
#}

{# The first day to compute anew, as ISO date; none where the table is built whole. #}
{% macro first_day() -%}
    {%- if not trailhound.builds_on_what_is_there() -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if var('since') -%}
        {{ return(var('since') | string) }}
    {%- endif -%}
    {%- set oldest_new_day -%}
        select cast(min(event_date) as varchar)
        from {{ ref('trailhound', 'cloudtrail_events') }}
        where built_at > coalesce(
            (
                select max(events_built_at)
                from {{ ref('trailhound', 'detection_builds') }}
                where detection = '{{ trailhound.detection_name() }}'
            ),
            cast('1970-01-01 00:00:00' as timestamp)
        )
    {%- endset -%}
    {{ return(run_query(oldest_new_day).columns[0].values()[0] or '9999-12-30') }}
{%- endmacro %}


{# The condition that an event can matter to the days computed anew. #}
{% macro is_of_recomputed_days(event) -%}
    {%- set day = trailhound.first_day() -%}
    {%- if day is none -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set two_windows = 2 * (trailhound.window_minutes() or 0) -%}
    {{ event }}.event_time
        >= cast('{{ day }} 00:00:00' as timestamp) - interval '{{ two_windows }}' minute
    and {{ event }}.event_date
        >= cast('{{ trailhound.days_before(day, (two_windows + 1439) // 1440) }}' as date)
    {%- if var('until') %}
    and {{ event }}.event_date <= cast('{{ var('until') }}' as date)
    {%- endif -%}
{%- endmacro %}


{# The condition that an alert is of the days computed anew. #}
{% macro is_alert_of_recomputed_days(alert_day) -%}
    {%- set day = trailhound.first_day() -%}
    {%- if day is none -%}
        {{ return('true') }}
    {%- endif -%}
    {{ alert_day }} >= cast('{{ day }}' as date)
    {%- if var('until') %} and {{ alert_day }} <= cast('{{ var('until') }}' as date) {%- endif -%}
{%- endmacro %}


{# Pre-hook of detections: the days computed anew are emptied. #}
{% macro empty_recomputed_days() -%}
    {%- if trailhound.grows_by_day() and trailhound.first_day() is not none -%}
        delete from {{ this }} where {{ trailhound.is_alert_of_recomputed_days('alert_date') }}
    {%- endif -%}
{%- endmacro %}


{# Post-hook of detections: the newest event it has seen. #}
{% macro note_detection_build() -%}
    {%- if trailhound.grows_by_day() -%}
        insert into {{ ref('trailhound', 'detection_builds') }}
        select
            cast('{{ trailhound.detection_name() }}' as varchar) as detection,
            max(built_at) as events_built_at
        from {{ ref('trailhound', 'cloudtrail_events') }}
    {%- endif -%}
{%- endmacro %}


{# Whether the model is a detection of an engine where they grow by day. #}
{% macro grows_by_day() -%}
    {{ return(
        config.get('materialized') == 'incremental'
        and model.original_file_path.startswith('detections/')
    ) }}
{%- endmacro %}
