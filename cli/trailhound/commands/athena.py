"""trailhound athena."""

from __future__ import annotations

import os
from datetime import date

import click

from trailhound.athena.ddl import Ingested, Place, Trail, athena_statements, trino_statements
from trailhound.commands.moments import Moment
from trailhound.errors import TrailhoundError, WrongUsage, extra
from trailhound.main import command
from trailhound.screens.console import say
from trailhound.settings import Settings
from trailhound.text import visible
from trailhound.workspace import Work


@command(
    "athena",
    example="trailhound athena ddl --trail s3://my-trail --accounts 111122223333 "
    "--since 2026-01-01\ntrailhound athena check",
)
@click.argument("action", type=click.Choice(["ddl", "check"]))
@click.option(
    "--trail", metavar="URL", help="s3:// and the trail's bucket, with its prefix if it has one."
)
@click.option("--accounts", metavar="ID,…", help="The accounts that the trail records.")
@click.option(
    "--regions",
    metavar="NAME,…",
    help="Their regions.  [default: all of the target's partition, as AWS, China, GovCloud]",
)
@click.option("--organization", metavar="ID", help="The organization, for an organization's trail.")
@click.option(
    "--ingested",
    metavar="URL",
    help="In place of a trail the folder that `trailhound ingest` writes to.",
)
@click.option("--since", type=Moment(whole_day=True), help="The first day that the table has.")
@click.option("--apply", is_flag=True, help="Create the table instead of printing the statements.")
@click.pass_obj
def athena(  # noqa: PLR0913 - each is a part of where a trail is
    settings: Settings,
    /,
    action: str,
    *,
    trail: str | None,
    accounts: str | None,
    regions: str | None,
    organization: str | None,
    ingested: str | None,
    since: date | None,
    apply: bool,
) -> None:
    """Set up and check the CloudTrail table that a warehouse reads.

    ddl prints the statements for Athena, with --target trino those for Trino; --trail may be any
    path below AWSLogs; with --ingested the table is one over what `trailhound ingest` writes. check
    tries, on Athena, all that a run needs: credentials, folders, a table that it makes and drops,
    the CloudTrail table, a few of its records, one detection, and says what was scanned; exit code
    1 if something is missing.
    """
    work = Work(settings)
    if action == "check":
        _check(work)
        return
    if ingested is not None and (trail or accounts or regions or organization):
        raise WrongUsage("--ingested stands for a trail: leave out what says where one is")
    if ingested is not None and since is not None:
        shape = work.project.variables(work.settings.vars)["cloudtrail_table_shape"]
        if shape != "ingested":
            raise WrongUsage(
                "--ingested needs the variables cloudtrail_table, which names the table, and "
                "cloudtrail_table_shape: ingested"
            )
        _ddl(work, Ingested(ingested, since), apply=apply)
        return
    needed = {"--trail": trail, "--accounts": accounts, "--since": since}
    if ingested is not None:
        needed = {"--since": since}
    if trail is None or accounts is None or since is None:
        missing = [option for option, value in needed.items() if value is None]
        raise WrongUsage(f"ddl needs {', '.join(missing)}")
    place = Trail(
        trail,
        accounts.split(","),
        regions.split(",") if regions else _all_regions(work),
        since,
        organization,
    )
    _ddl(work, place, apply=apply)


def _ddl(work: Work, place: Place, *, apply: bool) -> None:
    variables = work.project.variables(work.settings.vars)
    database, table = str(variables["cloudtrail_database"]), str(variables["cloudtrail_table"])
    if work.target.type == "trino":
        catalog = str(variables.get("cloudtrail_catalog") or work.target.config["database"])
        statements = trino_statements(place, catalog, database, table)
    elif apply and work.target.type != "athena":
        raise WrongUsage(f"--apply is for a warehouse, not for {work.target.name}: add --target")
    else:
        statements = athena_statements(place, database, table)
    if not apply:
        click.echo(";\n\n".join(statements) + ";")
        return
    with work.warehouse() as warehouse:
        for statement in statements:
            warehouse.query(statement)
    say(work.settings, f"{database}.{table} reads {place.root}")


def _all_regions(work: Work) -> list[str]:
    """The regions with CloudTrail in the partition of the target's region, else of the default."""
    with extra("athena", "the list of AWS's regions"):
        import boto3
    region = work.target.config.get("region_name") or os.environ.get("AWS_DEFAULT_REGION")
    session = boto3.Session(region_name=region or "us-east-1")
    partition = session.get_partition_for_region(session.region_name)
    return sorted(session.get_available_regions("cloudtrail", partition_name=partition))


def _check(work: Work) -> None:
    from trailhound.analyst.findings import NOTE, OK
    from trailhound.athena.check import examine

    for finding in examine(work):
        mark = {OK: "✓", NOTE: "·"}.get(finding.state, "✗")
        advice = f" ({finding.advice})" if finding.advice else ""
        click.echo(visible(f"{mark} {finding.subject}: {finding.found}{advice}"))
        if finding.state not in (OK, NOTE):
            raise TrailhoundError(f"{finding.subject}: a run would fail here")
