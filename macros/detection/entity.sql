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


{# The AWS partition that a region lies in, as ARNs name it. #}
{% macro partition_of(region) -%}
    case
        when {{ region }} like 'cn-%' then 'aws-cn'
        when {{ region }} like 'us-gov-%' then 'aws-us-gov'
        else 'aws'
    end
{%- endmacro %}


{# Whether an event's entity is a person: a user or a session of single sign-on, not a role. #}
{% macro is_people(event='') -%}
    {{ event ~ '.' if event }}entity_type in (
        'root', 'iam_user', 'sso_user', 'federated_user', 'identity_center_user', 'saml_user'
    )
{%- endmacro %}


{# Whether a text matches one of the globs of a var. #}
{% macro matches_one_of(text, name) -%}
    (
        false
        {%- for pattern in trailhound.texts_of_var(name) %}
        or {{ trailhound.glob_match(text, trailhound.text_literal(pattern)) }}
        {%- endfor %}
    )
{%- endmacro %}


{# Whether an ARN names an OIDC provider that issues tokens to anybody's repositories. #}
{% macro is_shared_oidc_provider(arn) -%}
    (
        false
        {%- for name in trailhound.texts_of_var('shared_oidc_providers') %}
        or {{ trailhound.glob_match(arn, trailhound.text_literal('*oidc-provider/' ~ name)) }}
        {%- endfor %}
    )
{%- endmacro %}


{# Whether a range of ports holds one of those of a var. Never null. #}
{% macro is_between_one_of(first, last, name) -%}
    (
        false
        {%- for port in var(name) %}
        or coalesce({{ port }} between {{ first }} and {{ last }}, false)
        {%- endfor %}
    )
{%- endmacro %}


{# Whether PutAccountPublicAccessBlock's parameters leave one of the four doors open. #}
{% macro public_access_block_is_open(request_parameters) -%}
    (
        {%- for door in [
            'BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'
        ] %}
        {{ 'or ' if not loop.first }}
        {{- trailhound.json_is(
            request_parameters, 'PublicAccessBlockConfiguration.' ~ door, false
        ) }}
        {%- endfor %}
    )
{%- endmacro %}


{# Evidence that an alert about instances was counted from a request whose response was left out. #}
{% macro counted_from_request() -%}
    {{ return({'counted_from': "max(case when is_from_request then '\"request\"' end)"}) }}
{%- endmacro %}
