-- One entity destroyed five or more backups within an hour.
with

deletions as (

    select
        *,
        case
            when event_source = 'backup.amazonaws.com' and event_name = 'DeleteRecoveryPoint'
                then {{ trailhound.json_text('request_parameters', 'recoveryPointArn') }}
            when event_source = 'backup.amazonaws.com' and event_name = 'DeleteBackupVault'
                then {{ trailhound.json_text('request_parameters', 'backupVaultName') }}
            when event_source = 'backup.amazonaws.com' and event_name = 'DeleteBackupVaultLockConfiguration'
                then {{ trailhound.json_text('request_parameters', 'backupVaultName') }}
            when event_source = 'rds.amazonaws.com' and event_name = 'DeleteDBSnapshot'
                then {{ trailhound.json_text('request_parameters', 'dBSnapshotIdentifier') }}
            when event_source = 'rds.amazonaws.com' and event_name = 'DeleteDBClusterSnapshot'
                then {{ trailhound.json_text('request_parameters', 'dBClusterSnapshotIdentifier') }}
            when event_source = 'rds.amazonaws.com' and event_name = 'DeleteDBInstanceAutomatedBackup'
                then {{ trailhound.json_text('request_parameters', 'dbiResourceId') }}
            when event_source = 'rds.amazonaws.com' and event_name = 'DeleteDBClusterAutomatedBackup'
                then {{ trailhound.json_text('request_parameters', 'dbClusterResourceId') }}
            when event_source = 'ec2.amazonaws.com' and event_name = 'DeleteSnapshot'
                then {{ trailhound.json_text('request_parameters', 'snapshotId') }}
            when event_source = 'ec2.amazonaws.com' and event_name = 'DeregisterImage'
                then {{ trailhound.json_text('request_parameters', 'imageId') }}
            when event_source = 'dynamodb.amazonaws.com' and event_name = 'DeleteBackup'
                then {{ trailhound.json_text('request_parameters', 'backupArn') }}
            when event_source = 'redshift.amazonaws.com' and event_name = 'DeleteClusterSnapshot'
                then {{ trailhound.json_text('request_parameters', 'snapshotIdentifier') }}
            when event_source = 'fsx.amazonaws.com' and event_name = 'DeleteBackup'
                then {{ trailhound.json_text('request_parameters', 'backupId') }}
        end as backup_id

    from {{ ref('watched_calls') }}
    where outcome = 'succeeded'

),

destroyed_backups as (

    select
        *,
        concat(event_name, '|', backup_id) as backup

    from deletions
    where backup_id is not null

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('destroyed_backups', distinct='backup') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'backups': 'backup_id'}
) }}
