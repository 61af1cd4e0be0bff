"""An incident as a page of text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import click

from trailhound.analyst.incident import Finding
from trailhound.formats.columns import Column
from trailhound.formats.table import page_width
from trailhound.screens.alerts import ID_LENGTH, short_entity
from trailhound.screens.explain import WIDE, addresses, head, table_lines, value_lines
from trailhound.store.alerts import Alert, accounts_of
from trailhound.text import counted, visible

_COLUMNS = (
    Column("time_(UTC)\nalert", "words"),
    Column("severity\nrisk", "words"),
    Column("detection", "pair"),
    Column("entity", "pair"),
)


def incident_page(
    incident: Alert, findings: Sequence[Finding], countries: Mapping[str, str]
) -> str:
    """Everything that `explain` found of an incident, headed."""
    return "\n".join(_lines(incident, findings, countries))


def _lines(
    incident: Alert, findings: Sequence[Finding], countries: Mapping[str, str]
) -> Iterator[str]:
    accounts = accounts_of(incident)
    yield click.style(visible(incident["title"]), bold=True)
    yield f"{incident['alert_id']} · {incident['severity']}"
    yield (
        f"{visible(incident['entity_id'])} ({incident['entity_type']}) in "
        f"{visible(', '.join(accounts))}"
    )
    yield ""
    yield (
        f"The risk of different acts reached {incident['observed']} within "
        f"{incident['window_minutes']} minutes, and it takes {incident['threshold']}: "
        f"{counted(incident['event_count'], 'finding')} from {incident['first_seen']} to "
        f"{incident['last_seen']}, fired at {incident['triggered_at']}."
    )
    if incident["is_continuation"]:
        yield "It goes on from an incident of the day before, over midnight."
    yield head("What happened")
    yield from table_lines(
        _COLUMNS,
        [
            (
                (each.triggered_at, each.alert_id[:ID_LENGTH]),
                (each.severity, f"{each.risk}, signal" if each.is_signal else str(each.risk)),
                (each.title, _below(each)),
                (short_entity(each.entity_id, each.account_id), each.account_id),
            )
            for each in findings
        ],
    )
    if incident["event_count"] > len(findings):
        yield f"  and {incident['event_count'] - len(findings):,} more"
    yield head("Acts, and the greatest risk of each")
    risks = list(greatest_risks(findings).items())
    yield from table_lines((Column("act"), Column("risk", "integer")), risks)
    yield head("Who")
    yield from value_lines(
        {
            "accounts": accounts,
            "sessions": incident["session_names"],
            "access keys": incident["access_key_ids"],
            "addresses": addresses(incident, countries),
            "user agents": incident["user_agents"],
            "regions": incident["regions"],
            "resources": incident["resources"],
        }
    )
    yield head("Ask next")
    for each in findings[:1]:
        yield f"  `trailhound explain {each.alert_id[:ID_LENGTH]}` tells of the first finding;"
    yield "  no allow-list or override reaches an incident: silence the finding that is noise."


def _below(finding: Finding) -> str:
    """What stands below a title: the detection where there is room, act, tactic and author."""
    detection = finding.detection if page_width() >= WIDE else ""
    author = f"rule by {finding.author}" if finding.author else ""
    act = "" if finding.act == finding.detection else f"act {finding.act}"
    return " · ".join(filter(None, (detection, act, finding.tactic, author)))


def greatest_risks(findings: Sequence[Finding]) -> dict[str, int]:
    """Each act in the order of time with the greatest risk among its findings."""
    risks: dict[str, int] = {}
    for each in findings:
        risks[each.act] = max(risks.get(each.act, 0), each.risk)
    return risks
