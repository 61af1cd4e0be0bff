{#
    Post-hooks of the analyst's CSV files: a row that cannot be meant stops the build, and with
    it everything downstream. Each message names its row by what stands in it. The command line
    checks the same, with line numbers, before dbt starts.
#}
{% macro check_allow_list() -%}
    {%- if execute -%}
        {%- do trailhound.check_seed('allow_list', ['detection', 'entity_id', 'source_ip'], [
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
        {%- do trailhound.check_seed('threshold_overrides', [
            'detection', 'entity_id', 'threshold',
        ], [
            'detection', 'account_id', 'entity_id', 'threshold', 'reason', 'owner',
        ], this, [
            (trailhound.is_blank('reason'), 'no reason'),
            (trailhound.is_unknown_detection(), 'no enabled detection is named so'),
            (trailhound.names_detection_without_threshold(), 'the detection has no threshold'),
            (trailhound.is_no_threshold('threshold'), 'threshold is no whole number of at least 1'),
        ]) -%}
    {%- endif -%}
{%- endmacro %}


{% macro check_trusted_accounts() -%}
    {%- if execute -%}
        {%- do trailhound.check_seed('trusted_accounts', ['account_id', 'name'], [
            'account_id', 'name', 'reason', 'owner',
        ], this, [
            (trailhound.is_blank('reason'), 'no reason'),
            (
                'not ' ~ trailhound.text_matches('account_id', '^[0-9]{12}$'),
                'account_id is not twelve digits: did a spreadsheet eat the zeros?'
            ),
        ]) -%}
    {%- endif -%}
{%- endmacro %}


{% macro check_networks() -%}
    {%- if execute -%}
        {%- do trailhound.check_seed('networks', [
            'first_address', 'last_address', 'overlapped',
        ], [
            'first_address', 'last_address', 'network',
        ], trailhound.networks_beside_earlier(this), [
            (trailhound.is_blank('network'), 'no network'),
            (trailhound.is_no_hex_address('first_address'), 'first_address is not 32 hex digits'),
            (trailhound.is_no_hex_address('last_address'), 'last_address is not 32 hex digits'),
            ('first_address > last_address', 'first_address is above last_address'),
            ('overlapped is not null', 'the two ranges overlap'),
        ]) -%}
    {%- endif -%}
{%- endmacro %}


{% macro check_indicators() -%}
    {%- if execute -%}
        {%- do trailhound.check_seed('indicators', ['indicator', 'kind'], [
            'kind', 'indicator', 'first_address', 'last_address', 'valid_until', 'source',
        ], this, [
            (trailhound.is_blank('source'), 'no source'),
            (
                "length(coalesce(indicator, '')) < 4",
                'the indicator has less than four characters'
            ),
            (
                "coalesce(kind, '') not in "
                ~ "('address', 'user_agent', 'access_key', 'arn', 'domain')",
                'there is no such kind'
            ),
            (
                "kind = 'address' and (" ~ trailhound.is_no_hex_address('first_address') ~ ' or '
                ~ trailhound.is_no_hex_address('last_address') ~ ')',
                'first_address and last_address are not 32 hex digits'
            ),
            (
                "coalesce(valid_until, '') <> '' and try_cast(valid_until as timestamp) is null",
                'valid_until is no time'
            ),
        ]) -%}
    {%- endif -%}
{%- endmacro %}


{# The rows of networks, each with the range that begins before it, if any, and ends inside. #}
{% macro networks_beside_earlier(networks) -%}
    (
        select
            first_address,
            last_address,
            network,
            case
                when earlier_last >= first_address
                    then concat(earlier_first, ' to ', earlier_last)
            end as overlapped

        from (
            select
                *,
                max(last_address) over earlier as earlier_last,
                max_by(first_address, last_address) over earlier as earlier_first

            from {{ networks }}
            window
                earlier as (
                    order by first_address, last_address
                    rows between unbounded preceding and 1 preceding
                )
        ) as network_row
    )
{%- endmacro %}


{% macro is_no_hex_address(column) -%}
    not {{ trailhound.text_matches(column, '^[0-9a-f]{32}$') }}
{%- endmacro %}


{#
    Refuses a seed whose columns or rows are wrong, with one line for each.

    shown:   columns that name a row in its message
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
            name ~ ": row for " ~ shown[0] ~ " '" ~ (row[0] or '') ~ "'"
            ~ trailhound.shown_fields(shown, row) ~ ": " ~ row[-1]
        ) -%}
    {%- endfor -%}
    {%- if messages -%}
        {%- do exceptions.raise_compiler_error(messages | join('\n')) -%}
    {%- endif -%}
{%- endmacro %}


{% macro shown_fields(shown, row) -%}
    {%- for column in shown[1:] -%}
        {%- if row[loop.index] -%}, {{ column }} '{{ row[loop.index] }}'{%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{% macro wrong_rows(shown, rows, checks) -%}
    select
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
    order by {{ shown | join(', ') }}, problem
{%- endmacro %}


{# The names of the enabled detections, of those with a threshold if so asked. #}
{% macro known_detections(with_threshold=false) -%}
    {%- set names = [] -%}
    {%- for node in trailhound.enabled_detections()
        if (not with_threshold or node.config.meta.get('threshold') is not none) -%}
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
