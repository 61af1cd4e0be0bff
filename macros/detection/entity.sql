{# What stands behind the last slash of an ARN, or null: a role's name, with or without a path. #}
{% macro last_arn_part(arn) -%}
    nullif(nullif(regexp_extract({{ arn }}, '[^/]+$'), {{ arn }}), '')
{%- endmacro %}


{# Whether a role's name says that its sessions are people (var human_role_patterns). #}
{% macro is_human_role(role_name) -%}
    coalesce(
        {%- for pattern in var('human_role_patterns') %}
        {{ trailhound.glob_match(role_name, trailhound.text_literal(pattern)) }}
        {%- if not loop.last %} or{% endif %}
        {%- else %}
        false
        {%- endfor %},
        false
    )
{%- endmacro %}


{# Whether an error code says that permission was wanting (var denied_error_codes). #}
{% macro is_denied(error_code) -%}
    case
        when {{ error_code }} like 'Client.%' then substr({{ error_code }}, 8) else {{ error_code }}
    end in (
        {%- for code in var('denied_error_codes') -%}
            {{ trailhound.text_literal(code) }}{{ ", " if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}


{# Two texts with a colon between; where one is null, the other alone. #}
{% macro joined_by_colon(first, second) -%}
    coalesce({{ first }} || ':' || {{ second }}, {{ first }}, {{ second }})
{%- endmacro %}


{# A text of the project's own configuration as a SQL literal. #}
{% macro text_literal(text) -%}
    '{{ text | string | replace("'", "''") }}'
{%- endmacro %}
