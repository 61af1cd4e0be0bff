"""The event sources and names that AWS has, as far as botocore's models of its services say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from trailhound.project.cache import shared_place

# Events that are no API calls, or that CloudTrail names in its own way; the same for sources.
_OTHERS = {
    "bedrock": {"PutFoundationModelEntitlement"},
    "ec2": {"SharedSnapshotVolumeCreated", "SharedSnapshotCopyInitiated"},
    "s3": {
        "DeleteAccountPublicAccessBlock", "DeleteBucketPublicAccessBlock", "ListObjects",
        "PutAccountPublicAccessBlock", "PutBucketLifecycle", "PutBucketPublicAccessBlock",
        "UploadPartCopy",
    },
    "signin": {
        "CheckMfa", "ConsoleLogin", "CredentialChallenge", "CredentialVerification", "ExitRole",
        "GetSigninToken", "PasswordRecoveryCompleted", "PasswordRecoveryRequested",
        "PasswordUpdated", "RenewRole", "SwitchRole", "UserAuthentication",
    },
    "sso": {"Authenticate", "Federate", "ListApplications", "ListProfilesForApplication"},
    "sso-directory": {"CreateUser", "CreateGroup", "DescribeUser", "DescribeGroup"},
}  # fmt: skip
_ALIASES = {"s3express": "s3"}
# Lambda and CloudFront put the version of the API behind the name.
_VERSION = re.compile(r"(\d{8}|\d{4}_\d{2}_\d{2})(v\d+)?$")


@dataclass(frozen=True)
class AwsNames:
    """Names of calls by service; a service is an event source without `.amazonaws.com`."""

    by_service: dict[str, frozenset[str]]

    @cached_property
    def services_of(self) -> dict[str, set[str]]:
        """The services that have a call of a name, in lower case."""
        found: dict[str, set[str]] = {}
        for service, names in self.by_service.items():
            for name in names:
                found.setdefault(name.lower(), set()).add(service)
        return found

    def spellings(self, name: str, services: Iterable[str]) -> list[str]:
        """How AWS spells a call of some services, each way once: some differ in case alone."""
        wanted = name.lower()
        return sorted(
            {
                each
                for service in services
                for each in self.by_service.get(service, ())
                if each.lower() == wanted
            }
        )


@cache
def aws_names() -> AwsNames:
    """All names, read from botocore once for each of its versions and kept in the user's cache.

    Raises ImportError without botocore.
    """
    import botocore

    kept = shared_place() / f"aws-names-{botocore.__version__}.json"
    try:
        by_service = json.loads(kept.read_bytes())
    except (OSError, ValueError):
        by_service = _read_models()
        kept.write_text(json.dumps(by_service), encoding="utf-8")
    return AwsNames({service: frozenset(names) for service, names in by_service.items()})


@cache
def members_of(source: str, call: str, shape: str) -> frozenset[str] | None:
    """The names, in lower case, of what a call takes (shape input) or gives back (output).

    None where botocore has no such service or call, or the call takes nothing. Raises ImportError
    without botocore.
    """
    from botocore.exceptions import UnknownServiceError

    try:
        model = _loader().load_service_model(source.partition(".")[0], "service-2")
        wanted = model["operations"][call][shape]["shape"]
    except (UnknownServiceError, KeyError):
        return None
    members = dict(model["shapes"][wanted].get("members", {}))
    if len(members) == 1 and shape == "output":
        # CloudTrail leaves out what only wraps the answer, as RDS's DBInstance does.
        (only,) = members.values()
        members |= model["shapes"][only["shape"]].get("members", {})
    return frozenset(name.lower() for name in members)


def without_version(name: str) -> str:
    """A call's name without the version of the API that some services put behind it."""
    return _VERSION.sub("", name)


@cache
def _loader() -> Any:
    """What reads botocore's models; it keeps those that it read."""
    import botocore
    from botocore.loaders import Loader

    return Loader(extra_search_paths=[str(Path(botocore.__file__).parent / "data")])


def _read_models() -> dict[str, list[str]]:
    loader = _loader()
    found: dict[str, set[str]] = {service: set(names) for service, names in _OTHERS.items()}
    for model in loader.list_available_services("service-2"):
        described = loader.load_service_model(model, "service-2")
        metadata = described["metadata"]
        # Several models may share an event source: bedrock-runtime signs as bedrock.
        for service in {model, metadata["endpointPrefix"], metadata.get("signingName", model)}:
            found.setdefault(service, set()).update(described["operations"])
    for alias, service in _ALIASES.items():
        found[alias] = found[service]
    return {service: sorted(names) for service, names in found.items()}
