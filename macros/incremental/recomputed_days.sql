{#
    The alerts of a day depend on the events of that day and of two windows before it; the rows of a
    fact by day on that day's alone. So what grows computes anew every day since the oldest one that
    got an event it has not seen: what stood there goes, and a day that lost its last alert ends
    empty.
#}

{# The first day to compute anew, as ISO date; none where the table is built whole. #}
{% macro first_day() -%}
    {%- if not trailhound.adds_to_what_is_there() -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if var('since') -%}
        {{ return(var('since') | string) }}
    {%- endif -%}
    {%- set build = trailhound.builds_so_far().get(trailhound.build_name(model), {}) -%}
    {%- set seen_until = build.get('noted_at') or '1970-01-01 00:00:00' -%}
    {%- set days = trailhound.asked_once(
        'first day since ' ~ seen_until,
        'select cast(min(event_date) as varchar) from '
        ~ trailhound.built_relation('cloudtrail_events')
        ~ " where built_at > cast('" ~ seen_until ~ "' as timestamp)"
    ) -%}
    {# Nothing new: a day that no event has. #}
    {{ return(days[0][0] or '9999-12-30') }}
{%- endmacro %}


{# The condition that an event can matter to the days computed anew. #}
{% macro is_of_recomputed_days(event=none) -%}
    {%- set day = trailhound.first_day() -%}
    {%- if day is none -%}
        {{ return('true') }}
    {%- endif -%}
    {#- A firing event of a sequence counts completions of the window before it, whose chains begin
        in the one before that. -#}
    {%- set windows = 3 if trailhound.detection_meta().get('kind') == 'sequence' else 2 -%}
    {%- set minutes_before = windows * (trailhound.window_minutes() or 0) -%}
    {%- set at = event ~ '.' if event else '' %}
    {{ at }}event_time
        >= cast('{{ day }} 00:00:00' as timestamp) - interval '{{ minutes_before }}' minute
    and {{ at }}event_date
        >= date '{{ trailhound.days_before(day, (minutes_before + 1439) // 1440) }}'
    {%- if var('until') %}
    and {{ at }}event_date <= date '{{ var('until') }}'
    {%- endif -%}
{%- endmacro %}


{# The condition that an alert, or the row of a fact by day, is of the days computed anew. #}
{% macro is_alert_of_recomputed_days(alert_day) -%}
    {%- set day = trailhound.first_day() -%}
    {%- if day is none -%}
        {{ return('true') }}
    {%- endif -%}
    {{ alert_day }} >= date '{{ day }}'
    {%- if var('until') %} and {{ alert_day }} <= date '{{ var('until') }}' {%- endif -%}
{%- endmacro %}
