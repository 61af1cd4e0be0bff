{#
    What a detection knows of itself. Its name is its file's stem; everything else has its one home
    in the .yml beside it (config: meta), and a var `<name>__threshold` or `<name>__minutes`
    overrides the two numbers. In a unit test the node is the test, and the detection what it tests;
    dbt hides the graph there, so the test names the numbers itself (overrides: vars).
#}
{% macro detection_id() -%}
    {{ return(model.get('tested_node_unique_id') or model.unique_id) }}
{%- endmacro %}


{% macro detection_name() -%}
    {{ return(trailhound.detection_id().split('.')[-1]) }}
{%- endmacro %}


{# The meta of the detection's .yml; empty while dbt only parses, and in unit tests. #}
{% macro detection_meta() -%}
    {%- set node = graph.get('nodes', {}).get(trailhound.detection_id()) -%}
    {{ return(node.config.meta if node else {}) }}
{%- endmacro %}


{# The count at which the detection fires: a whole number, or none for "each event". #}
{% macro threshold() -%}
    {{ return(trailhound.detection_number('threshold')) }}
{%- endmacro %}


{# The detection's window as a SQL interval, to stand before `preceding`. #}
{% macro window_interval() -%}
    {%- set minutes = trailhound.window_minutes() -%}
    {%- if minutes is none and execute -%}
        {%- do exceptions.raise_compiler_error(
            trailhound.detection_name() ~ ' counts within a window: its .yml must say minutes'
        ) -%}
    {%- endif -%}
    interval '{{ minutes }}' minute
{%- endmacro %}


{# The detection's window in minutes, or none for a request rule. #}
{% macro window_minutes() -%}
    {{ return(trailhound.detection_number('minutes')) }}
{%- endmacro %}


{# The share of a ratio, a whole number of percent from 1 to 100. #}
{% macro share_percent() -%}
    {{ return(trailhound.detection_number('share_percent')) }}
{%- endmacro %}


{% macro detection_number(kind) -%}
    {%- set name = trailhound.detection_name() ~ '__' ~ kind -%}
    {%- set number = var(name, trailhound.detection_meta().get(kind)) -%}
    {%- set is_share = kind == 'share_percent' -%}
    {%- if number is none or (
        number is integer and number is not boolean
        and number >= 1 and not (is_share and number > 100)
    ) -%}
        {{ return(number) }}
    {%- endif -%}
    {% do exceptions.raise_compiler_error(
        name ~ " must be a whole number "
        ~ ("from 1 to 100" if is_share else "of at least 1") ~ ", not " ~ number
    ) %}
{%- endmacro %}
