-- The threshold overrides ready to be compared: LIKE patterns with ! as the escape character, and a
-- number that is greater the more specific a row is: an exact entity before an exact account before
-- an exact detection before the higher threshold.
select
    {{ trailhound.like_pattern('detection') }} as detection_pattern,
    {{ trailhound.like_pattern('account_id') }} as account_pattern,
    {{ trailhound.like_pattern('entity_id') }} as entity_pattern,
    cast(threshold as bigint) as threshold,
    1000000000000000000 * (
        case when coalesce(entity_id, '') <> '' and strpos(entity_id, '*') = 0 then 4 else 0 end
        + case when coalesce(account_id, '') <> '' and strpos(account_id, '*') = 0 then 2 else 0 end
        + case when coalesce(detection, '') <> '' and strpos(detection, '*') = 0 then 1 else 0 end
    ) + least(cast(threshold as bigint), 999999999999999999) as preference

from {{ ref('threshold_overrides') }}
