{#
    CTE firing: the counted events that reach the threshold in force for their entity, with it and
    with alert_key, what makes an alert one beside account and entity, as text. Of the overrides
    that match an entity the one with the greatest preference counts; a detection without a
    threshold (each event, new, one completed sequence) takes none.

    counted:        the CTE with the events that count and `observed` beside them
    correlated_by:  SQL text expression of the key, or none
#}
{% macro firing_events(counted, correlated_by=none) -%}
{%- set key = correlated_by or "cast('' as varchar)" -%}
{#- dbt learns of a reference only outside of conditions. -#}
{%- set rules = ref('trailhound', 'threshold_rules') -%}
{%- set default = trailhound.threshold() -%}
{%- set is_of_detection -%}
    {{ trailhound.text_literal(trailhound.detection_name()) }}
    like rule.detection_pattern escape '!'
{%- endset -%}
{%- if default is none -%}
firing as (

    select
        *,
        {{ key }} as alert_key,
        1 as threshold

    from {{ counted }}
    where observed >= 1

)
{%- else -%}
-- What fires for nobody, whatever the overrides say, goes first.
candidates as (

    select
        *,
        {{ key }} as alert_key

    from {{ counted }}
    where observed >= {{ trailhound.least_threshold() }}

),

candidates_and_thresholds as (

    select
        *,
        coalesce(
            (
                select max_by(rule.threshold, rule.preference)
                from {{ rules }} as rule
                where
                    {{ is_of_detection }}
                    and candidates.account_id like rule.account_pattern escape '!'
                    and candidates.entity_id like rule.entity_pattern escape '!'
            ),
            {{ default }}
        ) as threshold

    from candidates

),

firing as (

    select * from candidates_and_thresholds
    where observed >= threshold

)
{%- endif -%}
{%- endmacro %}


{# The least threshold that any entity has for the detection: what stays below fires for nobody. #}
{% macro least_threshold() -%}
{%- set default = trailhound.threshold() or 1 -%}
(
        select least({{ default }}, coalesce(min(rule.threshold), {{ default }}))
        from {{ ref('trailhound', 'threshold_rules') }} as rule
        where
            {{ trailhound.text_literal(trailhound.detection_name()) }}
            like rule.detection_pattern escape '!'
    )
{%- endmacro %}
