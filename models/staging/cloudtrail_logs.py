"""CloudTrail as AWS's own Athena table has it, filled from files: one row a record."""


def model(dbt, session):
    """Load what is new under var `logs` into this model's table."""
    from trailhound.load import ensure_table, load

    dbt.config(materialized="cloudtrail_load")
    table, logs = str(dbt.this), dbt.config.get("logs") or []
    ensure_table(session, table, commit=False)
    if logs:
        load(session, [logs] if isinstance(logs, str) else logs, table=table, commit=False)
    return None
