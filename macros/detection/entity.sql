{# What stands behind the last slash of an ARN, or null: a role's name, with or without a path. #}
{% macro last_arn_part(arn) -%}
    nullif(nullif(regexp_extract({{ arn }}, '[^/]+$'), {{ arn }}), '')
{%- endmacro %}


{# Whether a role's name says that its sessions are people (var human_role_patterns). #}
{% macro is_human_role(role_name) -%}
    coalesce(
        {%- for pattern in trailhound.texts_of_var('human_role_patterns') %}
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
        {%- for code in trailhound.texts_of_var('denied_error_codes') -%}
            {{ trailhound.text_literal(code) }}{{ ", " if not loop.last }}
        {%- else -%}
            null
        {%- endfor -%}
    )
{%- endmacro %}


{# Two texts with a colon between; where one is null, the other alone. #}
{% macro joined_by_colon(first, second) -%}
    coalesce({{ first }} || ':' || {{ second }}, {{ first }}, {{ second }})
{%- endmacro %}


{# The texts that a var names: it may be a list of them or a single one. #}
{% macro texts_of_var(name) -%}
    {%- set texts = [var(name)] if var(name) is string else var(name) -%}
    {%- if texts is not sequence or texts is mapping or texts | reject('string') | list -%}
        {%- do exceptions.raise_compiler_error(
            name ~ ' must be a text or a list of texts, not ' ~ var(name)
        ) -%}
    {%- endif -%}
    {{ return(texts) }}
{%- endmacro %}


{# A text of the project's own configuration as a SQL literal. #}
{% macro text_literal(text) -%}
    '{{ text | string | replace("'", "''") }}'
{%- endmacro %}
