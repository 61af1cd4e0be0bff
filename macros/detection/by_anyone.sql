{#
    The rows of a sequence in which some steps may be made by anyone, AWS services included: those
    stand once for every entity of the account that made another step with the same key, as that
    entity's. `actor_id` is who made the call. Stands where a table name stands.

    steps:  CTE with the columns of cloudtrail_events, `step`, `join_key` and `is_by_anyone`
#}
{% macro by_anyone(steps, also=[]) -%}
    (
        select
            {{ trailhound.counted_columns() | join(', ') }},
            {% for column in also %}{{ column }}, {% endfor -%}
            step,
            join_key,
            entity_id,
            entity_type,
            entity_id as actor_id
        from {{ steps }}
        where not is_by_anyone and entity_type <> 'service'
        union all
        select
            {% for column in trailhound.counted_columns() + also -%}
            anyones.{{ column }},
            {% endfor -%}
            anyones.step,
            anyones.join_key,
            own.entity_id,
            case when anyones.entity_id = own.entity_id then anyones.entity_type end as entity_type,
            anyones.entity_id as actor_id
        from {{ steps }} as anyones
        inner join (
            select distinct
                account_id,
                entity_id,
                join_key
            from {{ steps }}
            where
                not is_by_anyone
                and entity_type <> 'service'
                and {{ trailhound.is_of_recomputed_days() }}
        ) as own
            on anyones.account_id = own.account_id and anyones.join_key = own.join_key
        where anyones.is_by_anyone
    )
{%- endmacro %}
