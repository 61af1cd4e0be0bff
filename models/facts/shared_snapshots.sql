-- The calls that share a snapshot or an image with somebody outside, once for each they share it with:
-- an account that is not trusted, an organisation, a unit of one, or everyone (`all`).
with

share_calls as (

    select
        {{ trailhound.event_columns() }},
        coalesce(
            {{ trailhound.json_text('request_parameters', 'snapshotId') }},
            {{ trailhound.json_text('request_parameters', 'imageId') }},
            {{ trailhound.json_text('request_parameters', 'dBSnapshotIdentifier') }},
            {{ trailhound.json_text('request_parameters', 'dBClusterSnapshotIdentifier') }},
            {{ trailhound.json_text('request_parameters', 'snapshotIdentifier') }}
        ) as snapshot_id,
        case event_name
            when 'ModifySnapshotAttribute'
                then {{ trailhound.json_items('request_parameters', 'createVolumePermission.add.items') }}
            when 'ModifyImageAttribute'
                then {{ trailhound.json_items('request_parameters', 'launchPermission.add.items') }}
        end as added_items,
        case
            when
                event_source = 'rds.amazonaws.com'
                and {{ trailhound.json_text('request_parameters', 'attributeName') }} = 'restore'
                then {{ trailhound.json_texts('request_parameters', 'valuesToAdd') }}
        end as added_values,
        {{ trailhound.json_text('request_parameters', 'accountWithRestoreAccess') }} as restorer

    from {{ ref('watched_calls') }}
    where
        outcome = 'succeeded'
        and (
            (
                event_source = 'ec2.amazonaws.com'
                and event_name in ('ModifySnapshotAttribute', 'ModifyImageAttribute')
            )
            or (
                event_source = 'rds.amazonaws.com'
                and event_name in ('ModifyDBSnapshotAttribute', 'ModifyDBClusterSnapshotAttribute')
            )
            or (
                event_source = 'redshift.amazonaws.com'
                and event_name = 'AuthorizeSnapshotAccess'
            )
        )

),

shares as (

    -- EC2: an item is an account, a group, an organisation or a unit.
    select
        {{ trailhound.event_columns() }},
        snapshot_id,
        {{ trailhound.account_of(trailhound.json_text('item', 'userId')) }} as receiving_account,
        case when lower({{ trailhound.json_text('item', 'group') }}) = 'all' then 'all' end as everyone,
        {{ trailhound.json_value('item', 'organizationArn') }} as organization,
        {{ trailhound.json_value('item', 'organizationalUnitArn') }} as unit

    from {{ trailhound.each_of('share_calls', 'added_items', 'item') }}
    union all
    select
        {{ trailhound.event_columns() }},
        snapshot_id,
        {{ trailhound.account_of('item') }} as receiving_account,
        case when lower(item) = 'all' then 'all' end as everyone,
        cast(null as varchar) as organization,
        cast(null as varchar) as unit

    from {{ trailhound.each_of('share_calls', 'added_values', 'item') }}
    union all
    select
        {{ trailhound.event_columns() }},
        snapshot_id,
        {{ trailhound.account_of('restorer') }} as receiving_account,
        cast(null as varchar) as everyone,
        cast(null as varchar) as organization,
        cast(null as varchar) as unit

    from share_calls
    where event_source = 'redshift.amazonaws.com'

),

shares_outside as (

    select
        *,
        case
            when {{ trailhound.is_foreign('receiving_account', 'shares.account_id') }}
                then receiving_account
        end as foreign_account

    from shares

)

select
    {{ trailhound.event_columns() }},
    snapshot_id,
    receiver

from {{ trailhound.each_of(
    'shares_outside', 'array[foreign_account, everyone, organization, unit]', 'receiver'
) }}
where receiver is not null
