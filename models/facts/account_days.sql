-- On which UTC days an account has any event: the days that history covers.
select
    account_id,
    event_date,
    sum(events) as events

from {{ ref('active_days') }}
group by account_id, event_date
