{#
    CTE entity_thresholds: the threshold override in force for each account and entity that has
    one. The most specific row wins: an exact entity over a glob or none, then an exact account,
    then an exact detection, then the higher threshold. A detection without a threshold has none.
#}
{% macro entity_thresholds(counted) -%}
{%- set is_exact -%}
    coalesce(override.{column}, '') <> '' and strpos(override.{column}, '*') = 0
{%- endset -%}
overrides_by_preference as (

    select
        entity.account_id,
        entity.entity_id,
        cast(override.threshold as bigint) as threshold,
        row_number() over (
            partition by entity.account_id, entity.entity_id
            order by
                {%- for column in ['entity_id', 'account_id', 'detection'] %}
                case when {{ is_exact.replace('{column}', column) }} then 0 else 1 end,
                {%- endfor %}
                cast(override.threshold as bigint) desc
        ) as preference

    from (select distinct account_id, entity_id from {{ counted }}) as entity
    inner join {{ ref('trailhound', 'threshold_overrides') }} as override
        on
            {{ 'true' if trailhound.threshold() is not none else 'false' }}
            and {{ trailhound.glob_match(
                trailhound.text_literal(trailhound.detection_name()), 'override.detection'
            ) }}
            and {{ trailhound.glob_match('entity.account_id', 'override.account_id') }}
            and {{ trailhound.glob_match('entity.entity_id', 'override.entity_id') }}

),

entity_thresholds as (

    select
        account_id,
        entity_id,
        threshold

    from overrides_by_preference
    where preference = 1

)
{%- endmacro %}


{# The threshold in force beside a row that is joined to entity_thresholds. #}
{% macro threshold_in_force() -%}
    coalesce(entity_thresholds.threshold, {{ trailhound.threshold() or 1 }})
{%- endmacro %}
