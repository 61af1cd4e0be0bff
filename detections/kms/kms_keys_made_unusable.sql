-- A key was scheduled for deletion, disabled, or cut off from its material.
with

lost_keys as (

    select
        *,
        coalesce(
            {{ trailhound.json_text('request_parameters', 'keyId') }},
            {{ trailhound.json_text('request_parameters', 'customKeyStoreId') }}
        ) as key_id

    from {{ ref('watched_calls') }}
    where
        event_source = 'kms.amazonaws.com'
        and event_name in (
            'ScheduleKeyDeletion', 'DisableKey', 'DeleteImportedKeyMaterial',
            'DisconnectCustomKeyStore'
        )
        and outcome = 'succeeded'
        and coalesce(
            {{ trailhound.json_text('request_parameters', 'keyId') }},
            {{ trailhound.json_text('request_parameters', 'customKeyStoreId') }}
        ) is not null

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('lost_keys', distinct='key_id') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'key_ids': 'key_id'}
) }}
