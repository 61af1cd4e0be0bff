{#
    What made a call, by what the caller says of himself: console, iac (var iac_user_agents) or
    other. A thief writes his own user agent: a detection that leaves clients out says so under
    blind_spots.
#}
{% macro client_type(user_agent, from_console) -%}
    case
        when
            {{ from_console }}
            or {{ user_agent }} like 'Mozilla/%'
            or {{ user_agent }} like '%console.%'
            or {{ user_agent }} like '%signin.amazonaws.com%'
            or {{ user_agent }} like '%S3Console%'
            or {{ user_agent }} like '%aws-internal%'
            or {{ user_agent }} = 'AWS Internal'
            then 'console'
        when {{ trailhound.holds_one_of(user_agent, 'iac_user_agents') }} then 'iac'
        else 'other'
    end
{%- endmacro %}


{# Whether a text contains one of the texts of a var, in any case. Never null. #}
{% macro holds_one_of(text, name) -%}
    (
        false
        {%- for wanted in trailhound.texts_of_var(name) %}
        or strpos(
            lower(coalesce({{ text }}, '')), {{ trailhound.text_literal(wanted | lower) }}
        ) > 0
        {%- endfor %}
    )
{%- endmacro %}
