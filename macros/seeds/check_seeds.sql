{#
    Post-hooks of the analyst's two CSV files: a row that cannot be meant stops the build, and with
    it everything downstream. Each message names its row by what stands in it. The command line
    checks the same, with line numbers, before dbt starts.
#}
{% macro check_allow_list() -%}
    {%- if execute -%}
        {%- do trailhound.check_seed('allow_list', ['entity_id', 'source_ip'], [
            'detection', 'account_id', 'entity_id', 'source_ip', 'region', 'user_agent',
            'event_name', 'expires_on', 'reason', 'owner',
        ], trailhound.allow_list_sources(this), [
            (trailhound.is_blank('reason'), 'no reason'),
            (trailhound.is_unknown_detection(), 'no enabled detection is named so'),
            (trailhound.is_no_source(), 'source_ip is no address, CIDR range or text with *'),
            (
                trailhound.has_host_bits(),
                'source_ip is no CIDR range: it has bits behind its prefix'
            ),
            (trailhound.is_no_date('expires_on'), 'expires_on is no date YYYY-MM-DD'),
        ]) -%}
    {%- endif -%}
{%- endmacro %}


{% macro check_threshold_overrides() -%}
    {%- if execute -%}
        {%- do trailhound.check_seed('threshold_overrides', ['entity_id', 'threshold'], [
            'detection', 'account_id', 'entity_id', 'threshold', 'reason', 'owner',
        ], this, [
            (trailhound.is_blank('reason'), 'no reason'),
            (trailhound.is_unknown_detection(), 'no enabled detection is named so'),
            (trailhound.names_detection_without_threshold(), 'the detection has no threshold'),
            (trailhound.is_no_threshold('threshold'), 'threshold is no whole number of at least 1'),
        ]) -%}
    {%- endif -%}
{%- endmacro %}


{#
    Refuses a seed whose columns or rows are wrong, with one line for each.

    shown:   columns that name a row in its message, beside the detection
    rows:    the seed, or a subquery of it
    checks:  (SQL condition under which a row is wrong, what is then wrong with it)
#}
{% macro check_seed(name, shown, columns, rows, checks) -%}
    {%- set found = adapter.get_columns_in_relation(this) | map(attribute='name') | list -%}
    {%- if found | sort != columns | sort -%}
        {%- do exceptions.raise_compiler_error(
            name ~ ": the columns must be " ~ columns | join(',') ~ ", not " ~ found | join(',')
        ) -%}
    {%- endif -%}
    {%- set wrong_rows = run_query(trailhound.wrong_rows(shown, rows, checks)) -%}
    {%- set messages = [] -%}
    {%- for row in wrong_rows -%}
        {%- do messages.append(
            name ~ ": row for detection '" ~ (row[0] or '') ~ "'"
            ~ trailhound.shown_fields(shown, row) ~ ": " ~ row[-1]
        ) -%}
    {%- endfor -%}
    {%- if messages -%}
        {%- do exceptions.raise_compiler_error(messages | join('\n')) -%}
    {%- endif -%}
{%- endmacro %}


{% macro shown_fields(shown, row) -%}
    {%- for column in shown -%}
        {%- if row[loop.index] -%}, {{ column }} '{{ row[loop.index] }}'{%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{% macro wrong_rows(shown, rows, checks) -%}
    select
        detection,
        {{ shown | join(', ') }},
        problem

    from (
        select
            *,
            case
                {%- for condition, problem in checks %}
                when {{ condition }} then {{ trailhound.text_literal(problem) }}
                {%- endfor %}
            end as problem

        from {{ rows }} as seed_row
    ) as checked_row
    where problem is not null
    order by 1, 2, 3, 4
{%- endmacro %}


{# The names of the enabled detections, of those with a threshold if so asked. #}
{% macro known_detections(with_threshold=false) -%}
    {%- set names = [] -%}
    {%- for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
        if node.config.meta.get('severity')
        and (not with_threshold or node.config.meta.get('threshold') is not none) -%}
        {%- do names.append(node.name) -%}
    {%- endfor -%}
    {{ return(names | sort) }}
{%- endmacro %}


{% macro is_blank(column) -%}
    not {{ trailhound.text_matches(column, '\\S') }}
{%- endmacro %}


{# Whether the detection of a row, a name or a glob, names none. #}
{% macro is_unknown_detection() -%}
    not (
        {{ trailhound.is_blank('detection') }}
        {%- for name in trailhound.known_detections() %}
        or {{ trailhound.glob_match(trailhound.text_literal(name), 'detection') }}
        {%- endfor %}
    )
{%- endmacro %}


{% macro names_detection_without_threshold() -%}
    {%- set with_threshold = trailhound.known_detections(with_threshold=true) -%}
    false
    {%- for name in trailhound.known_detections() if name not in with_threshold %}
    or detection = {{ trailhound.text_literal(name) }}
    {%- endfor %}
{%- endmacro %}


{# A source may be a text that does not look like an address: AWS Internal, for one. #}
{% macro is_no_source() -%}
    (
        strpos(source_ip, '/') > 0
        and not (
            first_address is not null
            and {{ trailhound.text_matches('source_ip', '^[^/]+/[0-9]{1,3}$') }}
            and prefix_bits <= 128
        )
    )
    or (
        first_address is null
        and strpos(source_ip, '*') = 0
        and {{ trailhound.text_matches('source_ip', '^[ 0-9]|:') }}
    )
{%- endmacro %}


{% macro has_host_bits() -%}
    first_address <> {{ trailhound.range_end('first_address', 'prefix_bits', '0') }}
{%- endmacro %}


{% macro is_no_date(column) -%}
    coalesce({{ column }}, '') <> ''
    and (
        not {{ trailhound.text_matches(column, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$') }}
        or try_cast({{ column }} as date) is null
    )
{%- endmacro %}


{% macro is_no_threshold(column) -%}
    not (
        {{ trailhound.text_matches(column, '^[0-9]+$') }}
        and coalesce(try_cast({{ column }} as bigint) >= 1, false)
    )
{%- endmacro %}


{# Whether a pattern that matches no empty text is found in a text; never null. No engine's name
   for it is another's. #}
{% macro text_matches(text, pattern) -%}
    coalesce(regexp_extract({{ text }}, '{{ pattern }}'), '') <> ''
{%- endmacro %}
