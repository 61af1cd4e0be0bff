{#
    Whether an event was denied, or its name is one that an enabled detection gives under `calls:`
    in its .yml (AWS service: names, `*` as a wildcard). Of plain names the service is the
    detection's own to compare: one that another service has too does no harm. Calls on objects,
    which may be most of a trail, are not among them: detections that need data events read
    cloudtrail_events.
#}
{% macro is_watched() -%}
    {{ return(adapter.dispatch('is_watched', 'trailhound')()) }}
{%- endmacro %}

{# A narrow copy would cost more than all that read it. #}
{% macro duckdb__is_watched() -%}
    true
{%- endmacro %}

{% macro default__is_watched() -%}
    {%- set names, patterns = {}, {} -%}
    {%- for node in graph.get('nodes', {}).values()
        if trailhound.is_detection(node) and node.config.meta.get('calls')
        and not node.config.meta.get('needs_data_events') -%}
        {%- for service, called in node.config.meta.calls.items() -%}
            {%- for name in ([called] if called is string else called) -%}
                {%- if '*' in name -%}
                    {%- do patterns.update({service ~ ' ' ~ name: [service, name]}) -%}
                {%- else -%}
                    {%- do names.update({name: true}) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    (
        outcome = 'denied'
        or event_name in (
            {%- for name in names | sort -%}
                {{ trailhound.text_literal(name) }}{{ ', ' if not loop.last }}
            {%- else -%}
                ''
            {%- endfor -%}
        )
        {%- for key in patterns | sort %}
        or (
            event_source = {{ trailhound.text_literal(patterns[key][0]) }}
            and {{ trailhound.glob_match(
                'event_name', trailhound.text_literal(patterns[key][1])
            ) }}
        )
        {%- endfor %}
    )
{%- endmacro %}
