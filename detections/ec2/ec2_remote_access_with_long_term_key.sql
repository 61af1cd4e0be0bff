-- A long-term key, or root, opened a way into an instance.
with

entries as (

    select * from {{ ref('watched_calls') }}
    where
        (
            (
                event_source = 'ssm.amazonaws.com'
                and event_name in ('StartSession', 'SendCommand')
            )
            or (
                event_source = 'ec2-instance-connect.amazonaws.com'
                and event_name = 'SendSSHPublicKey'
            )
        )
        and outcome = 'succeeded'
        and (access_key_id like 'AKIA%' or entity_type = 'root')

),

counted as (

    select
        *,
        count(*) over recent as observed

    from {{ trailhound.countable('entries') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst('counted', evidence={'event_names': 'event_name'}) }}
