{#
    One run at a time on a warehouse: two would each add what both found new. Table warehouse_lock
    has one row, which says what run builds, or none. It is made once, by a statement that fails
    where the table stands; and it is taken by an update of that row: of two at once Iceberg lets
    one commit, since both rewrite the same file, and fails the other. Nor is that trusted: who
    reads another run's name afterwards gives up.
#}

{#
    Take the lock: at the start of a run, and before upkeep. Raises, and so ends the run, if another
    run has it that has not ended, unless var free_lock says to take it all the same.

    hours:  after which it counts as dead
#}
{% macro take_lock(hours=none) -%}
    {%- set lock = trailhound.lock_relation() -%}
    {%- if lock is none -%}
        {{ return('') }}
    {%- endif -%}
    {%- set now = trailhound.utc_now() -%}
    {%- if adapter.get_relation(lock.database, lock.schema, lock.identifier) is none -%}
        {%- do run_query(trailhound.create_iceberg_table(
            lock,
            "select cast('' as varchar) as run_id, " ~ now ~ ' as taken_at, ' ~ now
            ~ ' as expires_at'
        )) -%}
    {%- endif -%}
    {%- set mine = trailhound.text_literal(invocation_id) -%}
    {%- set hours = hours or var('lock_hours') -%}
    {%- do run_query(
        'update ' ~ lock ~ ' set run_id = ' ~ mine ~ ', taken_at = ' ~ now
        ~ ', expires_at = ' ~ now ~ " + interval '" ~ (hours | int) ~ "' hour where "
        ~ ('true' if var('free_lock') else "run_id = '' or expires_at <= " ~ now)
    ) -%}
    {%- set others = run_query(
        'select run_id, cast(taken_at as varchar) from ' ~ lock ~ ' where run_id <> ' ~ mine
    ).rows -%}
    {%- if others | length > 0 -%}
        {%- do run_query(trailhound.free(lock)) -%}
        {%- do exceptions.raise_compiler_error(
            'another run builds this warehouse (' ~ others[0][0] ~ ', since '
            ~ others[0][1][:16] ~ ' UTC): wait for its end; if it was killed, add '
            ~ "--vars '{free_lock: true}'"
        ) -%}
    {%- endif -%}
    {%- do graph.update({'trailhound_has_lock': true}) -%}
{%- endmacro %}


{# At the end of a run, whatever became of its models: free the lock. #}
{% macro free_lock() -%}
    {%- if graph.get('trailhound_has_lock') -%}
        {{ trailhound.free(trailhound.lock_relation()) }}
    {%- endif -%}
{%- endmacro %}


{% macro free(lock) -%}
    update {{ lock }} set run_id = '' where run_id = {{ trailhound.text_literal(invocation_id) }}
{%- endmacro %}


{# The table warehouse_lock, which may not stand yet; none where nothing grows, or is built. #}
{% macro lock_relation() -%}
    {%- if execute and flags.WHICH in ['run', 'build', 'retry', 'run-operation'] -%}
        {%- set builds = graph.nodes.get('model.trailhound.warehouse_builds') -%}
        {%- if builds -%}
            {{ return(api.Relation.create(
                database=builds.database, schema=builds.schema, identifier='warehouse_lock'
            )) }}
        {%- endif -%}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}
