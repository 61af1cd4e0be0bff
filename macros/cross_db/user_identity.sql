{#
    A text field of CloudTrail's userIdentity in the raw table, '' as null.

    path:  field names in lower case, joined by dots: 'sessioncontext.sessionissuer.arn'
#}
{% macro user_identity(path) -%}
    {{ return(adapter.dispatch('user_identity', 'trailhound')(path)) }}
{%- endmacro %}

{% macro duckdb__user_identity(path) -%}
    nullif(useridentity.{{ path }}, '')
{%- endmacro %}

{# Through JSON, for a user's own table may be of an older definition: a field that its struct
   lacks is then null, where a field access would fail. #}
{% macro trino__user_identity(path) -%}
    nullif(json_extract_scalar(cast(useridentity as json), '$.{{ path }}'), '')
{%- endmacro %}

{% macro athena__user_identity(path) -%}
    {{ trailhound.trino__user_identity(path) }}
{%- endmacro %}

{% macro default__user_identity(path) -%}
    {{ trailhound.no_body_for('user_identity') }}
{%- endmacro %}
