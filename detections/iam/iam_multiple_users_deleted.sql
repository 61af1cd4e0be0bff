-- One entity deleted five or more IAM users within an hour.
with

deleted_users as (

    select
        *,
        {{ trailhound.json_text('request_parameters', 'userName') }} as deleted_user_name

    from {{ ref('watched_calls') }}
    where
        event_source = 'iam.amazonaws.com'
        and event_name = 'DeleteUser'
        and outcome = 'succeeded'
        and {{ trailhound.json_text('request_parameters', 'userName') }} is not null

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('deleted_users', distinct='deleted_user_name') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst('counted', evidence={'user_names': 'deleted_user_name'}) }}
