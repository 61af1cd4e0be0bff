-- The calls after which a trail no longer records management events, or not all of them.
{%- set harmless = ['kms.amazonaws.com', 'rdsdata.amazonaws.com'] %}
with

trail_calls as (

    select * from {{ ref('watched_calls') }}
    where
        event_source = 'cloudtrail.amazonaws.com'
        and event_name in ('PutEventSelectors', 'UpdateTrail')
        and outcome = 'succeeded'

),

-- What a selector leaves out it names; without a word it records everything.
selectors as (

    select
        account_id,
        event_id,
        event_date,
        coalesce({{ trailhound.json_text('selector', 'readWriteType') }}, 'All') as recorded,
        coalesce(lower({{ trailhound.json_text('selector', 'includeManagementEvents') }}), 'true')
        = 'true'
        and {{ trailhound.json_only('selector', 'excludeManagementEventSources', harmless) }}
            as is_of_management

    from {{ trailhound.each_of(
        'trail_calls', trailhound.json_items('request_parameters', 'eventSelectors'), 'selector'
    ) }}
    where event_name = 'PutEventSelectors'

),

-- One that reads and one that writes are as good as one for all.
selections as (

    select
        account_id,
        event_id,
        event_date

    from selectors
    group by account_id, event_id, event_date
    having
        max(case when is_of_management and recorded = 'All' then 1 else 0 end) = 0
        and (
            max(case when is_of_management and recorded = 'ReadOnly' then 1 else 0 end) = 0
            or max(case when is_of_management and recorded = 'WriteOnly' then 1 else 0 end) = 0
        )

),

advanced_selectors as (

    select
        account_id,
        event_id,
        event_date,
        {{ trailhound.json_value('selector', '') }} as selector,
        {{ trailhound.json_items('selector', 'fieldSelectors') }} as field_selectors

    from {{ trailhound.each_of(
        'trail_calls', trailhound.json_items('request_parameters', 'advancedEventSelectors'), 'selector'
    ) }}
    where event_name = 'PutEventSelectors'

),

-- An advanced selector records management events where it asks for the category and nothing more.
judged_selectors as (

    select
        account_id,
        event_id,
        event_date,
        selector,
        max(
            case
                when
                    {{ trailhound.json_text('field_selector', 'field') }} = 'eventCategory'
                    and {{ trailhound.json_has('field_selector', 'equals', ['Management']) }}
                    then 1
                else 0
            end
        ) = 1
        and max(
            case
                when
                    {{ trailhound.json_text('field_selector', 'field') }} = 'eventCategory'
                    and {{ trailhound.json_has('field_selector', 'equals', ['Management']) }}
                    then 0
                when
                    {{ trailhound.json_text('field_selector', 'field') }} = 'eventSource'
                    and {{ trailhound.json_value('field_selector', 'notEquals') }} is not null
                    and {{ trailhound.json_only('field_selector', 'notEquals', harmless) }}
                    then 0
                else 1
            end
        ) = 0 as is_of_management

    from advanced_selectors
    left join unnest(advanced_selectors.field_selectors) as written (field_selector) on true
    group by account_id, event_id, event_date, selector

),

advanced_selections as (

    select
        account_id,
        event_id,
        event_date

    from judged_selectors
    group by account_id, event_id, event_date
    having max(case when is_of_management then 1 else 0 end) = 0

),

narrowed_trails as (

    select
        account_id,
        event_id,
        event_date

    from trail_calls
    where
        event_name = 'UpdateTrail'
        and (
            {{ trailhound.json_is('request_parameters', 'isMultiRegionTrail', false) }}
            or {{ trailhound.json_is('request_parameters', 'includeGlobalServiceEvents', false) }}
            or {{ trailhound.json_is('request_parameters', 'enableLogFileValidation', false) }}
        )

),

blinding_calls as (

    select * from selections
    union
    select * from advanced_selections
    union
    select * from narrowed_trails

)

select trail_calls.*
from trail_calls
inner join blinding_calls
    on
        trail_calls.account_id = blinding_calls.account_id
        and trail_calls.event_id = blinding_calls.event_id
        and trail_calls.event_date = blinding_calls.event_date
