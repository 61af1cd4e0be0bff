{#
    CloudTrail's eventTime as a timestamp without zone, in UTC, cut to the second; null where the
    text is not `YYYY-MM-DD`, `T` or a space, `HH:MM:SS`, an optional fraction, and `Z`, `+hh:mm`,
    `-hh:mm` or nothing, which means UTC.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
#}
{% macro utc_timestamp(expression) -%}
    {{ return(adapter.dispatch('utc_timestamp', 'trailhound')(expression)) }}
{%- endmacro %}

{% macro readable_time_pattern() -%}
    ^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?$
{%- endmacro %}

{# The common form needs no time zone database: a cast of its first 19 characters. #}
{% macro duckdb__utc_timestamp(expression) -%}
    case
        when length({{ expression }}) = 20 and suffix({{ expression }}, 'Z')
            and regexp_full_match({{ expression }}, '{{ trailhound.readable_time_pattern() }}')
            then try_cast(left({{ expression }}, 19) as timestamp)
        when regexp_full_match({{ expression }}, '{{ trailhound.readable_time_pattern() }}')
            then
                try_cast(left({{ expression }}, 19) as timestamp)
                - case
                    when regexp_matches({{ expression }}, '[+-][0-9]{2}:[0-9]{2}$')
                        then
                            to_minutes(
                                cast(concat(left(right({{ expression }}, 6), 1), '1') as integer)
                                * (
                                    cast(left(right({{ expression }}, 5), 2) as integer) * 60
                                    + cast(right({{ expression }}, 2) as integer)
                                )
                            )
                    else to_minutes(0)
                end
    end
{%- endmacro %}

{# A plain cast keeps the local time of an offset; a space is no ISO 8601; without a zone the
   session's own would count. #}
{% macro trino__utc_timestamp(expression) -%}
    case
        when regexp_like({{ expression }}, '{{ trailhound.readable_time_pattern() }}')
            then try(
                cast(
                    at_timezone(
                        from_iso8601_timestamp(
                            concat(
                                replace(substr({{ expression }}, 1, 19), ' ', 'T'),
                                coalesce(
                                    regexp_extract({{ expression }}, '(Z|[+-][0-9]{2}:[0-9]{2})$'),
                                    'Z'
                                )
                            )
                        ),
                        'UTC'
                    ) as timestamp
                )
            )
    end
{%- endmacro %}

{% macro athena__utc_timestamp(expression) -%}
    {{ trailhound.trino__utc_timestamp(expression) }}
{%- endmacro %}

{% macro default__utc_timestamp(expression) -%}
    {{ trailhound.no_body_for('utc_timestamp') }}
{%- endmacro %}
