{#
    Whether an account id is foreign: twelve digits, not the event's own account, in no row of the
    seed trusted_accounts. Never null.

    account:  SQL text expression
    own:      the event's account_id; of an event without an account nothing is foreign
#}
{% macro is_foreign(account, own) -%}
    (
        {{ trailhound.text_matches(account, '^[0-9]{12}$') }}
        and {{ own }} not in ('unknown', {{ account }})
        and {{ account }}
        not in (select account_id from {{ ref('trailhound', 'trusted_accounts') }})
    )
{%- endmacro %}


{# The account that a principal names, by its id or within its ARN; null if it names none. #}
{% macro account_of(principal) -%}
    case
        when {{ trailhound.text_matches(principal, '^[0-9]{12}$') }} then {{ principal }}
        when {{ principal }} like 'arn:%' then split_part({{ principal }}, ':', 5)
    end
{%- endmacro %}
