-- The calls that share a snapshot or an image with somebody outside, once for each they share it with:
-- an account that is not trusted, an organisation, or everyone (`all`).
with

shares as (

    -- EC2: an item is an account, a group, an organisation or a unit.
    select
        event.*,
        {{ trailhound.json_text('event.request_parameters', 'snapshotId') }} as snapshot_id,
        shared_with,
        coalesce(
            shared_with in (
                {{ trailhound.json_text('item', 'organizationArn') }},
                {{ trailhound.json_text('item', 'organizationalUnitArn') }}
            ),
            false
        ) as is_organization

    from {{ ref('watched_calls') }} as event
    cross join unnest(
        {{ trailhound.json_items('event.request_parameters', 'createVolumePermission.add.items') }}
    ) as added (item)
    cross join unnest(array[
        {{ trailhound.json_text('item', 'userId') }},
        {{ trailhound.json_text('item', 'group') }},
        {{ trailhound.json_text('item', 'organizationArn') }},
        {{ trailhound.json_text('item', 'organizationalUnitArn') }}
    ]) as named (shared_with)
    where
        event_source = 'ec2.amazonaws.com'
        and event_name = 'ModifySnapshotAttribute'
        and outcome = 'succeeded'
    union all
    select
        event.*,
        {{ trailhound.json_text('event.request_parameters', 'imageId') }} as snapshot_id,
        shared_with,
        coalesce(
            shared_with in (
                {{ trailhound.json_text('item', 'organizationArn') }},
                {{ trailhound.json_text('item', 'organizationalUnitArn') }}
            ),
            false
        ) as is_organization

    from {{ ref('watched_calls') }} as event
    cross join unnest(
        {{ trailhound.json_items('event.request_parameters', 'launchPermission.add.items') }}
    ) as added (item)
    cross join unnest(array[
        {{ trailhound.json_text('item', 'userId') }},
        {{ trailhound.json_text('item', 'group') }},
        {{ trailhound.json_text('item', 'organizationArn') }},
        {{ trailhound.json_text('item', 'organizationalUnitArn') }}
    ]) as named (shared_with)
    where
        event_source = 'ec2.amazonaws.com'
        and event_name = 'ModifyImageAttribute'
        and outcome = 'succeeded'
    union all
    select
        event.*,
        coalesce(
            {{ trailhound.json_text('event.request_parameters', 'dBSnapshotIdentifier') }},
            {{ trailhound.json_text('event.request_parameters', 'dBClusterSnapshotIdentifier') }}
        ) as snapshot_id,
        shared_with,
        false as is_organization

    from {{ ref('watched_calls') }} as event
    cross join unnest(
        {{ trailhound.json_texts('event.request_parameters', 'valuesToAdd') }}
    ) as added (shared_with)
    where
        event_source = 'rds.amazonaws.com'
        and event_name in ('ModifyDBSnapshotAttribute', 'ModifyDBClusterSnapshotAttribute')
        and {{ trailhound.json_text('event.request_parameters', 'attributeName') }} = 'restore'
        and outcome = 'succeeded'
    union all
    select
        event.*,
        {{ trailhound.json_text('event.request_parameters', 'snapshotIdentifier') }} as snapshot_id,
        {{ trailhound.json_text('event.request_parameters', 'accountWithRestoreAccess') }} as shared_with,
        false as is_organization

    from {{ ref('watched_calls') }} as event
    where
        event_source = 'redshift.amazonaws.com'
        and event_name = 'AuthorizeSnapshotAccess'
        and outcome = 'succeeded'

),

shares_with_accounts as (

    select
        *,
        {{ trailhound.account_of('shared_with') }} as shared_account

    from shares

)

select
    *,
    case
        when lower(shared_with) = 'all' then 'all'
        when is_organization then shared_with
        else shared_account
    end as receiver

from shares_with_accounts
where
    {{ trailhound.is_foreign('shared_account', 'shares_with_accounts.account_id') }}
    or (
        event_source <> 'redshift.amazonaws.com'
        and lower(shared_with) = 'all'
    )
    or is_organization
