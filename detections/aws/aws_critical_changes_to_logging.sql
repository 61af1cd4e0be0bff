-- A call stopped, deleted or weakened what records or watches an account.
with

changes_to_logging as (

    select * from {{ ref('watched_calls') }}
    where
        outcome = 'succeeded'
        and (
            (
                event_source = 'cloudtrail.amazonaws.com'
                and event_name in (
                    'StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors',
                    'PutInsightSelectors', 'DeleteEventDataStore', 'StopEventDataStoreIngestion',
                    'UpdateEventDataStore'
                )
            )
            or (event_source = 'ec2.amazonaws.com' and event_name = 'DeleteFlowLogs')
            or (
                event_source = 'logs.amazonaws.com'
                and event_name in (
                    'DeleteLogGroup', 'DeleteLogStream', 'DeleteSubscriptionFilter',
                    'DeleteMetricFilter', 'DeleteDestination', 'PutRetentionPolicy',
                    'DeleteRetentionPolicy', 'DisassociateKmsKey'
                )
            )
            or (
                event_source = 'monitoring.amazonaws.com'
                and (
                    event_name in ('DeleteAlarms', 'DisableAlarmActions', 'SetAlarmState')
                    or (
                        event_name = 'PutMetricAlarm'
                        and {{ trailhound.json_is('request_parameters', 'actionsEnabled', false) }}
                    )
                )
            )
        )

),

counted as (

    select
        *,
        1 as observed

    from {{ trailhound.countable('changes_to_logging') }}

)

{{ trailhound.alert_per_request(
    'counted', evidence={'event_names': 'event_name', 'request_parameters': 'request_parameters'}
) }}
