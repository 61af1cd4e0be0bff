-- The serial console was enabled, or a key was sent to it.
with

serial_console_calls as (

    select * from {{ ref('watched_calls') }}
    where
        (
            (event_source = 'ec2.amazonaws.com' and event_name = 'EnableSerialConsoleAccess')
            or (
                event_source = 'ec2-instance-connect.amazonaws.com'
                and event_name = 'SendSerialConsoleSSHPublicKey'
            )
        )
        and outcome = 'succeeded'

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('serial_console_calls') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst('counted', evidence={'event_names': 'event_name'}) }}
