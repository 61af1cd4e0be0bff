{#
    Whether a call came from outside of AWS: from an address that is none of AWS's own, unless it is
    a private one behind a VPC endpoint of the account or of a trusted one. A source that is no
    address says nothing.

    event:    alias of a row of cloudtrail_events
    address:  alias of a row of source_addresses
#}
{% macro is_outside_aws(event, address) -%}
    (
        not {{ address }}.is_aws_address
        and not (
            {{ address }}.is_private
            and {{ event }}.vpc_endpoint_id is not null
            and (
                {{ event }}.vpc_endpoint_account_id is null
                or {{ event }}.vpc_endpoint_account_id = {{ event }}.account_id
                or {{ event }}.vpc_endpoint_account_id
                in (select account_id from {{ ref('trailhound', 'trusted_accounts') }})
            )
        )
    )
{%- endmacro %}
