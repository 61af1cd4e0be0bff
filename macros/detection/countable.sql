{#
    The rows of a CTE that count: of entities that are no AWS service, and of events that no row of
    the allow-list removes. Stands where a table name stands.
    The comments let tools ask the compiled SQL what the allow-list removed from it.
#}
{% macro countable(cte) -%}
    (
        select event.*
        from {{ cte }} as event -- countable: {{ cte }}
        where
            event.entity_type <> 'service'
            and {{ trailhound.is_of_recomputed_days('event') }}
            and not exists (
                select 1
                from {{ trailhound.allow_list_rows(trailhound.detection_name()) }} as allow
                where -- allow-list match
                    {{ trailhound.allow_list_match('event', 'allow') }}
                -- end of match
            )
    ) as countable_event
{%- endmacro %}
