"""The checkpoints of a run that one may go on from."""

from __future__ import annotations

from . import manifest, seals
from .repository import Repository
from .seals import Checkpoint
from .upload import manifests


def sealed_in(repository: Repository) -> list[Checkpoint]:
    """Those that have arrived whole, in the order in which one goes on from them: the highest step first.

    Raises:
        BackendUnavailable: the store does not answer.
    """
    found = seals.complete(repository, manifest.merged(manifests(repository).values()))
    return seals.latest_first(found)
