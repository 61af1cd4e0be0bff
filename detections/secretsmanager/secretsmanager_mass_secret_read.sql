-- One entity read ten or more secrets within ten minutes.
with

secret_calls as (

    select * from {{ ref('watched_calls') }}
    where
        event_source = 'secretsmanager.amazonaws.com'
        and event_name in ('GetSecretValue', 'BatchGetSecretValue')
        and outcome = 'succeeded'

),

secret_reads as (

    select *
    from {{ trailhound.each_of(
        'secret_calls', trailhound.json_texts('request_parameters', 'secretId'), 'named_secret'
    ) }}
    where event_name = 'GetSecretValue'
    union all
    select *
    from {{ trailhound.each_of(
        'secret_calls', trailhound.json_texts('request_parameters', 'secretIdList'), 'named_secret'
    ) }}
    where event_name = 'BatchGetSecretValue'
    union all
    -- A batch by filters is known by them and by its page.
    select
        *,
        concat(
            coalesce({{ trailhound.json_value('request_parameters', 'filters') }}, ''),
            '|',
            coalesce({{ trailhound.json_text('request_parameters', 'nextToken') }}, '')
        ) as named_secret

    from secret_calls
    where
        event_name = 'BatchGetSecretValue'
        and not {{ trailhound.json_any('request_parameters', 'secretIdList', "item not in ('', 'null', '[]')") }}
        and coalesce(
            {{ trailhound.json_value('request_parameters', 'filters') }},
            {{ trailhound.json_text('request_parameters', 'nextToken') }}
        ) is not null

),

-- arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SixCha
secrets as (

    select
        *,
        case
            when named_secret like 'arn:%'
                then regexp_replace(regexp_extract(named_secret, '[^:]*$'), '-[A-Za-z0-9]{6}$', '')
            else named_secret
        end as secret_name

    from secret_reads

),

counted as (

    select
        *,
        {{ trailhound.distinct_over('recent') }} as observed

    from {{ trailhound.countable('secrets', distinct='secret_name') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'secrets': 'secret_name'}
) }}
