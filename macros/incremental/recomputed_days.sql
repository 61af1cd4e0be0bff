{#
    A run recomputes the days that events it has not seen can change, and no others. An event
    changes the facts of its own UTC day; the alerts of a detection of that day, of those that two
    windows (of a sequence three) after it reach into, and of as many more as the detection looks
    back in history. What stood on these days goes, and a day that lost its last alert ends empty.
#}

{#
    The UTC days that this model recomputes, as [first, last] of ISO dates; empty if nothing is
    new, none where the table is built whole. Vars since and until choose the days of detections;
    facts, which detections of other days read too, are never left behind the events.
#}
{% macro recomputed_days() -%}
    {%- if not trailhound.adds_to_what_is_there() -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set until = var('until') | string or '9999-12-30' -%}
    {%- set chosen = [[var('since') | string, until]] if var('since') else [] -%}
    {%- if chosen and trailhound.is_detection(model) -%}
        {{ return(chosen) }}
    {%- endif -%}
    {%- set kept = graph.setdefault('trailhound_changed_days', {}) -%}
    {%- if model.unique_id not in kept -%}
        {%- do kept.update({model.unique_id: trailhound.changed_days()}) -%}
    {%- endif -%}
    {%- set changed = kept[model.unique_id] -%}
    {%- if not trailhound.is_detection(model) -%}
        {{ return(changed + chosen) }}
    {%- endif -%}
    {%- set days = [] -%}
    {%- for first, last in changed if first <= until -%}
        {%- do days.append([first, [last, until] | min]) -%}
    {%- endfor -%}
    {{ return(days) }}
{%- endmacro %}


{# The days of this model that events which it has not seen can change, as recomputed_days() has
   them. #}
{% macro changed_days() -%}
    {%- set build = trailhound.builds_so_far().get(trailhound.build_name(model), {}) -%}
    {%- set seen_until = build.get('noted_at') -%}
    {%- set news = trailhound.news_since(seen_until or '1970-01-01 00:00:00') -%}
    {%- set days_after = trailhound.days_of_effect() -%}
    {#- What a table holds of which nothing is noted, nobody knows. -#}
    {%- if news and (seen_until is none or days_after is none) -%}
        {{ return([[news | min, '9999-12-30']]) }}
    {%- endif -%}
    {%- set changed = {} -%}
    {%- for event_day, built_at in news.items()
        if not trailhound.misses_all_calls(trailhound.calls_since(seen_until).get(event_day)) -%}
        {%- for distance in range(days_after + 1) -%}
            {%- set day = trailhound.days_before(event_day, -distance) -%}
            {%- set is_seen = namespace(yes=false) -%}
            {%- for first, last, noted_at in build.get('chosen_days', [])
                if first <= day <= last and noted_at >= built_at -%}
                {%- set is_seen.yes = true -%}
            {%- endfor -%}
            {%- if not is_seen.yes -%}
                {%- do changed.update({day: true}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(trailhound.as_ranges(changed | sort)) }}
{%- endmacro %}


{#
    {UTC day of events (ISO date): when the last event there was built, or taken away (UTC)} for
    days with events that came or went since a time.
#}
{% macro news_since(time) -%}
    {%- set news = {} -%}
    {%- for day, built_at in trailhound.asked_once(
        'news since ' ~ time,
        'select cast(event_date as varchar), cast(max(built_at) as varchar) from '
        ~ trailhound.built_relation('cloudtrail_events')
        ~ " where built_at > cast('" ~ time ~ "' as timestamp) group by event_date"
    ) -%}
        {%- do news.update({day: built_at}) -%}
    {%- endfor -%}
    {%- for day, _, noted_at in trailhound.lost_days() if noted_at > time -%}
        {%- do news.update({day: [noted_at, news.get(day, '')] | max}) -%}
    {%- endfor -%}
    {{ return(news) }}
{%- endmacro %}


{#
    {UTC day of events (ISO date): [service, name, whether denied] of the calls of the new ones} for
    days on which events came, and none was taken away, since a time. Empty if these are so many
    days that it is not worth asking.
#}
{% macro calls_since(time) -%}
    {%- set calls = {} -%}
    {%- if trailhound.news_since(time) | length <= 31 -%}
        {%- for day, service, name, denied in trailhound.asked_once(
            'calls since ' ~ time,
            'select distinct cast(event_date as varchar), event_source, event_name, '
            ~ "case when outcome = 'denied' then 1 else 0 end from "
            ~ trailhound.built_relation('cloudtrail_events')
            ~ " where built_at > cast('" ~ time ~ "' as timestamp)"
        ) -%}
            {%- do calls.setdefault(day, []).append([service, name, denied]) -%}
        {%- endfor -%}
        {%- for day, _, noted_at in trailhound.lost_days() if noted_at > time -%}
            {%- do calls.pop(day, none) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(calls) }}
{%- endmacro %}


{# Ask both for the time that most relations have seen: dbt builds several at once, and each would
   ask for itself. #}
{% macro ask_for_news() -%}
    {%- set times = trailhound.builds_so_far().values() | map(attribute='noted_at') | select -%}
    {%- for time in [times | max] if time -%}
        {%- do trailhound.calls_since(time) -%}
    {%- endfor -%}
{%- endmacro %}


{# Whether some calls, as calls_since() has them of a day, are none that this detection counts, nor
   history or events that it reads beyond them: cli/trailhound/build says the same. #}
{% macro misses_all_calls(calls) -%}
    {%- set counted = trailhound.detection_meta().get('calls') -%}
    {%- if not calls or not counted or not trailhound.is_detection(model)
        or trailhound.reads_any_of(['active_days', 'account_days'])
        or (
            trailhound.reads_any_of(['cloudtrail_events'])
            and not trailhound.detection_meta().get('needs_data_events')
        ) -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set names, globs = {}, [] -%}
    {%- for service, called in counted.items() -%}
        {%- for name in ([called] if called is string else called) -%}
            {%- if '*' in name -%}
                {%- do globs.append([
                    service, modules.re.compile(modules.re.escape(name).replace('\\*', '.*') ~ '$')
                ]) -%}
            {%- else -%}
                {%- do names.update({name: true}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set counts_denied = "'denied'" in model.raw_code -%}
    {%- for source, name, denied in calls -%}
        {%- if name in names or (denied and counts_denied) -%}
            {{ return(false) }}
        {%- endif -%}
        {%- for service, glob in globs if service == source and glob.match(name) -%}
            {{ return(false) }}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(true) }}
{%- endmacro %}


{# Whether this model reads some of these models itself. #}
{% macro reads_any_of(names) -%}
    {%- for name in names if 'model.trailhound.' ~ name in model.depends_on.nodes -%}
        {{ return(true) }}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{# [day, day, noted_at] of the UTC days (ISO dates) that lost an event then. #}
{% macro lost_days() -%}
    {{ return(
        trailhound.builds_so_far().get('cloudtrail_events', {}).get('chosen_days', [])
    ) }}
{%- endmacro %}


{#
    For how many days after its own an event can change the rows of this model, 0 for its own day
    alone; none if there is no bound: the detection reads facts by day and does not say how far back
    (meta: lookback_days).
#}
{% macro days_of_effect() -%}
    {%- set meta = trailhound.detection_meta() -%}
    {%- set history = [meta.get('lookback_days') or 0] -%}
    {%- if meta.get('kind') == 'first_seen' -%}
        {%- do history.append(var('history_days')) -%}
    {%- endif -%}
    {%- if history | max == 0 and trailhound.is_detection(model)
        and trailhound.reads_any_of(['active_days', 'account_days', 'entity_days']) -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(history | max + (trailhound.minutes_of_effect() + 1439) // 1440) }}
{%- endmacro %}


{# For how many minutes after it an event can change alerts. A firing event of a sequence counts
   completions of the window before it, whose chains begin in the one before that. #}
{% macro minutes_of_effect() -%}
    {%- set windows = 3 if trailhound.detection_meta().get('kind') == 'sequence' else 2 -%}
    {{ return(windows * (trailhound.window_minutes() or 0)) }}
{%- endmacro %}


{# Days, ISO dates in order, as ranges [first, last]. More ranges than a query should name are
   joined over the days between, which are then recomputed too. #}
{% macro as_ranges(days) -%}
    {%- for step in [1, 7, 31, 3652059] -%}
        {%- set ranges = [] -%}
        {%- for day in days -%}
            {%- if ranges and day <= trailhound.days_before(ranges[-1][1], -step) -%}
                {%- do ranges.append([ranges.pop()[0], day]) -%}
            {%- else -%}
                {%- do ranges.append([day, day]) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if ranges | length <= 30 -%}
            {{ return(ranges) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{# The condition that an event can matter to the recomputed days. #}
{% macro is_of_recomputed_days(event=none) -%}
    {%- set days = trailhound.recomputed_days() -%}
    {%- set minutes_before = trailhound.minutes_of_effect() -%}
    {%- set at = event ~ '.' if event else '' -%}
    {{ trailhound.is_of_days(at ~ 'event_date', days, (minutes_before + 1439) // 1440) }}
    {%- if days and minutes_before %}
    and (
        {%- for first, last in days %}
        {{ 'or ' if not loop.first -}}
        {{ at }}event_time
        between cast('{{ first }} 00:00:00' as timestamp) - interval '{{ minutes_before }}' minute
        and cast('{{ trailhound.days_before(last, -1) }} 00:00:00' as timestamp)
        {%- endfor %}
    )
    {%- endif -%}
{%- endmacro %}


{# The condition that an alert, or the row of a fact by day, is of the recomputed days. #}
{% macro is_alert_of_recomputed_days(alert_day) -%}
    {{ trailhound.is_of_days(alert_day, trailhound.recomputed_days()) }}
{%- endmacro %}


{#
    The condition that a day is of some days, which the engines read as partitions.

    day:          SQL date
    days:         as recomputed_days() gives them
    days_before:  how many days before each range count too
#}
{% macro is_of_days(day, days, days_before=0) -%}
    {%- if days is none -%}
        true
    {%- elif not days -%}
        false
    {%- else -%}
    (
        {%- for first, last in days %}
        {{ 'or ' if not loop.first -}}
        {{ day }} between date '{{ trailhound.days_before(first, days_before) }}'
        and date '{{ last }}'
        {%- endfor %}
    )
    {%- endif -%}
{%- endmacro %}
