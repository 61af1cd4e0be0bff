{# The ARNs of the raw table's resources as a JSON array text, or null where there is none. #}
{% macro resource_arns() -%}
    {{ return(adapter.dispatch('resource_arns', 'trailhound')()) }}
{%- endmacro %}

{% macro duckdb__resource_arns() -%}
    case
        when len(resources) > 0
            then nullif(
                cast(
                    to_json(
                        list_filter(
                            list_transform(resources, lambda resource: nullif(resource.arn, '')),
                            lambda arn: arn is not null
                        )
                    ) as varchar
                ),
                '[]'
            )
    end
{%- endmacro %}

{% macro trino__resource_arns() -%}
    nullif(
        {{ trailhound.trino__json_array_text(
            "filter(transform(resources, resource -> nullif(resource.arn, '')), "
            ~ "arn -> arn is not null)"
        ) }},
        '[]'
    )
{%- endmacro %}

{% macro athena__resource_arns() -%}
    {{ trailhound.trino__resource_arns() }}
{%- endmacro %}

{% macro default__resource_arns() -%}
    {{ trailhound.no_body_for('resource_arns') }}
{%- endmacro %}
