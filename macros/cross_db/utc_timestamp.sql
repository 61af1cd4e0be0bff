{#
    CloudTrail's eventTime as a timestamp without zone, in UTC, cut to the second; null where the
    text is not `YYYY-MM-DD`, `T` or a space, `HH:MM:SS`, an optional fraction, and `Z`, `+hh:mm`,
    `-hh:mm` or nothing, which means UTC. On the first and the last day that a year of four digits
    can have, no offset is taken: it may lead out of them.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html

    Microseconds, though there are none: Iceberg tables on Athena hold nothing else.
    The same text on every engine: zones are none of the database's business, and Trino knows none
    beyond 14 hours.
#}
{% macro utc_timestamp(expression) -%}
    {%- set local_time -%}
        try_cast(replace(substr({{ expression }}, 1, 19), 'T', ' ') as timestamp(6))
    {%- endset -%}
    {%- set offset -%} substr({{ expression }}, length({{ expression }}) - 5) {%- endset -%}
    case
        when coalesce(regexp_extract({{ expression }}, '{{ trailhound.readable_time() }}'), '') = ''
            or {{ expression }} < '0001'
            then null
        when substr({{ offset }}, 1, 1) not in ('+', '-')
            then {{ local_time }}
        when {{ expression }} < '0001-01-02' or {{ expression }} > '9999-12-31'
            then null
        else
            {{ local_time }}
            - interval '1' minute
            * cast(concat(substr({{ offset }}, 1, 1), '1') as integer)
            * (
                60 * cast(substr({{ offset }}, 2, 2) as integer)
                + cast(substr({{ offset }}, 5, 2) as integer)
            )
    end
{%- endmacro %}


{# The form as a regular expression; whether the day exists is for the cast to say. #}
{% macro readable_time() -%}
    {%- set hour_and_minute = '([01][0-9]|2[0-3]):[0-5][0-9]' -%}
    {%- set zone = '(Z|[+-]' ~ hour_and_minute ~ ')?' -%}
    ^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]{{ hour_and_minute }}:[0-5][0-9]([.][0-9]+)?{{ zone }}$
{%- endmacro %}
