"""Event sources and names of a rule, against those that AWS has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trailhound.project.aws_names import AwsNames, without_version
from trailhound.text import visible

_DOMAIN = ".amazonaws.com"


@dataclass(frozen=True)
class Names:
    """What a rule's names are called by AWS itself."""

    aws: AwsNames

    def source(self, text: str) -> str | None:
        """An event source in AWS's spelling; None if there is no such service."""
        lower = text.lower()
        known = lower.endswith(_DOMAIN) and lower.removesuffix(_DOMAIN) in self.aws.by_service
        return lower if known else None

    def events(self, text: str, sources: Sequence[str]) -> list[str]:
        """An event name in AWS's spellings; none if no service, or none of the sources, has it."""
        bare = without_version(text)
        services = self.aws.services_of.get(bare.lower(), set())
        named = {source.removesuffix(_DOMAIN) for source in sources}
        spelt = self.aws.spellings(bare, services & named or (() if named else services))
        return [each + text[len(bare) :] for each in spelt]

    def event(self, text: str, sources: Sequence[str]) -> str | None:
        """The same, one of them: the text itself if that is one."""
        spelt = self.events(text, sources)
        return text if text in spelt else next(iter(spelt), None)

    def what_is(self, text: str, sources: Sequence[str]) -> str:
        """Why a name is none of the sources', in words."""
        services = self.aws.services_of.get(without_version(text).lower())
        if services is None:
            return f"no AWS service has a call {visible(text)}"
        of = ", ".join(sorted(services)[:3])
        return f"{visible(text)} is a call of {of}, not of {', '.join(sources)}"
