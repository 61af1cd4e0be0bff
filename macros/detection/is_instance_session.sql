{# Whether a role's session is that of an EC2 instance or a Lambda function. #}
{% macro is_instance_session(event) -%}
    ({{ event }}.entity_type = 'role' and {{ trailhound.has_marks_of_instance(event) }})
{%- endmacro %}


{#
    Whether a session bears the marks of an instance's or a function's. Its name is what stands
    behind the role in the ARN: an instance's own id. Never null.
#}
{% macro has_marks_of_instance(event) -%}
    (
        {{ event }}.ec2_role_delivery is not null
        or coalesce({{ event }}.issued_to_type, '')
        in ('AWS::EC2::Instance', 'AWS::Lambda::Function')
        or (
            coalesce({{ event }}.user_arn, '') like '%:assumed-role/%'
            and {{ trailhound.text_matches(
                'lower(split_part(' ~ event ~ ".user_arn, '/', 3))", '^i-[0-9a-f]{8,17}$'
            ) }}
        )
    )
{%- endmacro %}
