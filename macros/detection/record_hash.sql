{# SHA-256 over all that a flat record says: the id where CloudTrail gave none, the order of copies.
   Copies that differ in a column that is not here would be kept by their order of arrival. #}
{% macro record_hash(record) -%}
    {%- set texts = [
        'event_id', 'event_time_text', 'event_version', 'event_source', 'event_name',
        'aws_region', 'error_code', 'error_message',
        'user_type', 'principal_id', 'user_arn', 'user_account_id', 'user_name', 'access_key_id',
        'invoked_by', 'identity_provider', 'on_behalf_of_user_id', 'session_issuer_arn',
        'session_issuer_type', 'session_issuer_user_name', 'source_identity', 'ec2_role_delivery',
        'web_identity_provider', 'issued_to_type', 'issued_to_arn', 'mfa_authenticated',
        'session_creation_date', 'session_from_console', 'source_ip',
        'user_agent', 'read_only', 'request_parameters', 'response_elements',
        'additional_event_data', 'resources', 'request_id', 'shared_event_id', 'event_type',
        'api_version', 'service_event_details', 'event_category',
        'recipient_account_id', 'vpc_endpoint_id', 'vpc_endpoint_account_id',
    ] -%}
    {%- set parts = [] -%}
    {%- for text in texts -%}
        {%- set value = "coalesce(" ~ record ~ "." ~ text ~ ", '')" -%}
        {#- With its length before it no text can pass for the end of one and the start of the
            next. -#}
        {%- set length = "cast(length(" ~ value ~ ") as varchar)" -%}
        {%- do parts.append("concat(" ~ length ~ ", ':', " ~ value ~ ")") -%}
    {%- endfor -%}
    {{ trailhound.sha256_hex("concat(" ~ parts | join(', ') ~ ")") }}
{%- endmacro %}
