{#
    The rows of a CTE that count: of entities that are no AWS service, and of events that no row of
    the allow-list removes. Stands where a table name stands.
    The comment names the CTE, so that tools can ask what the allow-list removed from it.
#}
{% macro countable(cte) -%}
    (
        select event.*
        from {{ cte }} as event -- countable: {{ cte }}
        where
            event.entity_type <> 'service'
            and not exists (
                select 1
                from {{ ref('trailhound', 'allow_list') }} as allow
                where {{ trailhound.allow_list_match('event', 'allow', trailhound.detection_name()) }}
            )
    ) as countable_event
{%- endmacro %}
