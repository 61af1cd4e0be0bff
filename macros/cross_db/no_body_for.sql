{# Refuses to guess: an engine for which a cross-engine macro has no body fails with its name. #}
{% macro no_body_for(macro_name) -%}
    {% do exceptions.raise_compiler_error(
        "trailhound: macros/cross_db/" ~ macro_name ~ ".sql has no body for " ~ target.type
    ) %}
{%- endmacro %}
