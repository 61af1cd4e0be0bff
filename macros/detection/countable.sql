{#
    The rows of a CTE that count: of entities that are no AWS service, of events that no row of the
    allow-list removes, and no second record of a call seen at a VPC endpoint, unless the endpoint
    itself refused it. Stands where a table name stands.

    cte:       has the columns of cloudtrail_events; its entity_id is the one that alerts show
    services:  whether events of AWS services count too
    distinct:  SQL expression whose values `distinct_over` counts, or none
    by:        a column by which its windows are apart, beside account and entity; or none
#}
{% macro countable(cte, services=false, distinct=none, by=none) -%}
{%- set rows %}
    (
        select event.*
        from {{ cte }} as event
        left join {{ ref('trailhound', 'allow_list_rows') }} as allow
            on
                {{ trailhound.allow_list_match('event', 'allow') }}
        where
            allow.detection_pattern is null
            {%- if not services %}
            and coalesce(event.entity_type, '') <> 'service'
            {%- endif %}
            and {{ trailhound.is_call('event') }}
            and {{ trailhound.is_of_recomputed_days('event') }}
    )
{%- endset -%}
    {{ trailhound.with_distinct_value(rows, distinct, by) if distinct else rows }}
    as countable_event
{%- endmacro %}


{# Whether an event is a call of its own: a network-activity record repeats one, and tells of one
   that nothing else tells of only where the VPC endpoint's policy refused it. #}
{% macro is_call(event) -%}
    (
        {{ event }}.event_category is distinct from 'NetworkActivity'
        or {{ event }}.error_code is not distinct from 'VpceAccessDenied'
    )
{%- endmacro %}
