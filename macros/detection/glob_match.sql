{#
    Whether a text matches a pattern whose only wildcard is `*`, any number of characters. An empty
    pattern, or none, matches everything; a text that is null matches as an empty one does. Never
    null itself. Upper and lower case differ.
#}
{% macro glob_match(value, pattern) -%}
    coalesce({{ value }}, '') like {{ trailhound.like_pattern(pattern) }} escape '!'
{%- endmacro %}


{# Such a pattern as LIKE takes it, with ! as the escape character. #}
{% macro like_pattern(pattern) -%}
    {%- set replaced = namespace(text="coalesce(nullif(" ~ pattern ~ ", ''), '*')") -%}
    {%- for old, new in [('!', '!!'), ('%', '!%'), ('_', '!_'), ('*', '%')] -%}
        {%- set replaced.text = "replace(" ~ replaced.text ~ ", '" ~ old ~ "', '" ~ new ~ "')" -%}
    {%- endfor -%}
    {{ replaced.text }}
{%- endmacro %}
