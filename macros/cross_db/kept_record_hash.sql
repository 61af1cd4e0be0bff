{#
    What tells copies of an event apart that come with different runs: the hash of the record, where
    cloudtrail_events grows; null where it is built whole.
#}
{% macro kept_record_hash(record) -%}
    {{ return(adapter.dispatch('kept_record_hash', 'trailhound')(record)) }}
{%- endmacro %}

{# All copies are compared in one go, and hashing every record would take longer than the rest. #}
{% macro duckdb__kept_record_hash(record) -%}
    cast(null as varchar)
{%- endmacro %}

{% macro default__kept_record_hash(record) -%}
    {{ trailhound.record_hash(record) }}
{%- endmacro %}
