{#
    CTE new_values: account_id, entity_id, seen_value, event_date and first_time of the days on
    which a value is new. It is where it was on none of the days of history before (var
    history_days), and where history covers enough: the account has events on so many of those days
    (var history_floor_days), and the entity matching ones on so many. A log that begins is silent,
    not wrong.

    days:         CTE of entity_days of one dimension, the value's day before beside it as
                  previous_date
    known_days:   days on which the entity must have been seen, or none for other keys
    entity_days:  CTE with account_id, entity_id and event_date of those days
#}
{% macro new_values(days, known_days=none, entity_days=none) -%}
{%- set before -%}
between {{ days }}.event_date - interval '{{ var("history_days") }}' day
                and {{ days }}.event_date - interval '1' day
{%- endset -%}
new_values as (

    select
        {{ days }}.account_id,
        {{ days }}.entity_id,
        {{ days }}.seen_value,
        {{ days }}.event_date,
        min({{ days }}.first_time) as first_time

    from {{ days }}
    inner join {{ ref('trailhound', 'account_days') }} as covered
        on
            {{ days }}.account_id = covered.account_id
            and covered.event_date {{ before }}
    {%- if known_days %}
    inner join {{ entity_days or days }} as known
        on
            {{ days }}.account_id = known.account_id
            and {{ days }}.entity_id = known.entity_id
            and known.event_date {{ before }}
    {%- endif %}
    where
        {{ days }}.previous_date is null
        or {{ days }}.previous_date
        < {{ days }}.event_date - interval '{{ var("history_days") }}' day
    group by
        {{ days }}.account_id, {{ days }}.entity_id, {{ days }}.seen_value, {{ days }}.event_date
    having
        count(distinct covered.event_date) >= {{ var('history_floor_days') }}
        {%- if known_days %}
        and count(distinct known.event_date) >= {{ known_days }}
        {%- endif %}

)
{%- endmacro %}
