-- One entity downloaded 500 or more objects within an hour, three times its busiest day.
with

downloads as (

    select * from {{ ref('cloudtrail_events') }}
    where
        event_source = 's3.amazonaws.com'
        and event_name = 'GetObject'
        and outcome = 'succeeded'

),

busy_downloads as (

    select * from {{ trailhound.in_busy_spells('downloads', 'count(*)') }} as busy_download

),

days_before as (

    select
        account_id,
        entity_id,
        event_date,
        max(events) over fortnight as busiest,
        count(*) over fortnight as known_days

    from {{ ref('entity_days') }}
    where dimension = 's3_mass_download'
    window
        fortnight as (
            partition by account_id, entity_id
            order by event_date
            range between interval '14' day preceding and interval '1' day preceding
        )

),

downloads_within_window as (

    select
        *,
        count(*) over recent as downloads

    from {{ trailhound.countable('busy_downloads') }}
    window
        recent as (
            partition by account_id, entity_id
            order by event_time
            range between {{ trailhound.window_interval() }} preceding and current row
        )

),

counted as (

    select
        download.*,
        {{ trailhound.json_text('download.request_parameters', 'bucketName') }} as bucket_name,
        days_before.busiest,
        case
            when days_before.known_days < 3 or download.downloads >= 3 * days_before.busiest
                then download.downloads
            else 0
        end as observed

    from downloads_within_window as download
    inner join days_before
        on
            download.account_id = days_before.account_id
            and download.entity_id = days_before.entity_id
            and download.event_date = days_before.event_date

)

{{ trailhound.alert_per_burst(
    'counted',
    evidence={'event_names': 'event_name', 'buckets': 'bucket_name'},
    facts={
        'busiest_day': "coalesce(cast(max(case when event_time >= triggered_at then busiest end) as varchar), 'null')"
    }
) }}
