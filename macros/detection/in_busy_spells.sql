{#
    The rows of a CTE that may matter to a window which reaches the threshold, so that few are
    counted. A window touches at most two spells of its own length; so one of them holds half of
    what it counts, and all its events are in that spell or beside it. Stands where a table name
    stands.

    cte:      has the columns of cloudtrail_events
    measure:  SQL aggregate over a spell that is no less than what the windows in it add up to
#}
{% macro in_busy_spells(cte, measure) -%}
{%- set minutes = trailhound.window_minutes() or 1 -%}
    (
        select event.*
        from {{ cte }} as event
        inner join (
            select distinct
                account_id,
                entity_id,
                spell + shift as spell
            from (
                select
                    account_id,
                    entity_id,
                    {{ trailhound.spell_of('event_time', minutes) }} as spell
                from {{ cte }} as event
                where {{ trailhound.is_of_recomputed_days('event') }}
                group by account_id, entity_id, {{ trailhound.spell_of('event_time', minutes) }}
                having {{ measure }} * 2 >= {{ trailhound.least_threshold() }}
            ) as busy
            cross join (values (-1), (0), (1)) as shifted (shift)
        ) as near_busy
            on
                event.account_id = near_busy.account_id
                and event.entity_id = near_busy.entity_id
                and {{ trailhound.spell_of('event.event_time', minutes) }} = near_busy.spell
    )
{%- endmacro %}
