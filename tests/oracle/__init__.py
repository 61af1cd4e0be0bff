"""The detections in plain Python: the definition that the project's SQL is held against.

Written from the detections' specification alone, with the obvious definition wherever a faster
one would need thought: windows are sets of events picked by comparing times, one event after the
other. It reads records as JSON gives them and returns events, counts and alerts.

Where the specification leaves room, this is what was chosen:

Records and events
- A value that should be text and is a number or a boolean is its JSON text; a list or an object
  there counts as absent.
- `requestParameters`, `responseElements` and `additionalEventData` that are a JSON text in a
  string are read as that JSON.
- The text `null` means null in `requestParameters` and `responseElements` only.
- A time must be a date and a time that exist (no second 60, no hour 24), nothing before or after.
- An Insights record (`eventType` AwsCloudTrailInsight or `eventCategory` Insight) is skipped
  before anything else is asked of it. What is no object is rejected.
- Two records without an `eventID` are the same event when they are equal as JSON, whatever the
  order of their keys.
- A failed ConsoleLogin is `denied` when it has an error code that says so, else `failed`; a
  `ConsoleLogin: Success` succeeded whatever its error code.

Entities
- `userIdentity.accountId` alone fills in a root ARN, never the recipient.
- The role's name is the last part of the issuer's ARN, else the issuer's `userName`, else what
  follows `assumed-role/` in `arn`, else the last part of a role's own ARN.
- An ARN loses what follows the role's name; one without `assumed-role/R/S` stays as it is.
- A role that is both a service's and matches a human pattern is the service's.
- An `sso_user` without `arn` is `unknown`: the row has no other alternative.
- `session_name` is what follows the role in an assumed role's ARN, else what follows the colon
  in the principal id; other types have none.

Detections
- `actionsEnabled` may be false or the text `false`.
- An instance type without a dot is its own last part.
- An address with leading zeros or a scope is no address. A range that holds it is the first in
  the table.
- The evidence of a rule about large instances names the large ones alone.
- A call about a bucket with an empty name is a call without a bucket.

Tuning
- A field that is absent in an event matches an empty field of an allow-list row and no other.
- `exact` means neither empty nor with a wildcard. Of two overrides equally specific the higher
  threshold wins.
- A row's removed events are counted per detection and summed.
"""

from oracle.alerts import Alert, Result, Settings, evaluate
from oracle.compare import compare, compare_events
from oracle.events import Event, Trail, read_records
from oracle.rows import KINDS
from oracle.rules import RULES, Rule
from oracle.tuning import AllowRow, Override

__all__ = [
    "KINDS",
    "RULES",
    "Alert",
    "AllowRow",
    "Event",
    "Override",
    "Result",
    "Rule",
    "Settings",
    "Trail",
    "compare",
    "compare_events",
    "evaluate",
    "read_records",
]
