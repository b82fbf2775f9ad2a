"""What is known to lie among the artifacts of one run, while files are sent there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from . import manifest
from .manifest import Entry
from .repository import Repository


@dataclass
class Ledger:
    """What is known to lie among the artifacts of one run."""

    repository: Repository
    own: dict[str, Entry]
    """What stands in our manifest."""
    others: dict[str, Entry]
    """What stands in those of others."""
    sent: dict[str, Entry] = field(default_factory=dict)
    """What was sent and could not be confirmed yet."""
    hashed: dict[Path, Entry] = field(default_factory=dict)
    """What was hashed and not confirmed yet, so that an outage costs no second reading."""
    refused: set[str] = field(default_factory=set)

    def known(self) -> dict[str, Entry]:
        """All files, each as it was sent last."""
        return manifest.merged((self.others, self.own))

    def expected(self, name: str) -> Entry | None:
        """What should lie under this name."""
        found = [m[name] for m in (self.others, self.own, self.sent) if name in m]
        return max(found, key=lambda entry: entry.time, default=None)
