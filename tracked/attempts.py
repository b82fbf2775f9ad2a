"""Runs that are there already: what the store tells of one, and what an attempt goes on with.  Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from . import tags as t


class KnownRun(NamedTuple):
    """A run as the store knows it."""

    run_id: str
    experiment_id: str
    status: str
    time: int
    """When it began."""
    end_time: int | None
    params: Mapping[str, str]
    tags: Mapping[str, str]
    steps: Mapping[str, int]
    """The highest step of each metric."""

    @property
    def local_id(self) -> str:
        """The local id that its attempt of now writes under."""
        return local_id(self.tags)


class Former(NamedTuple):
    """What a run that exists has by now, for a process that goes on with it."""

    run_id: str
    run: str
    """Local id that this process writes under."""
    attempt: int
    """Which attempt this is; 0 for a run that somebody else is at, and ends.

    1 is a run that this process has made to claim its work, and that nothing is in yet.
    """
    params: Mapping[str, str] = MappingProxyType({})
    steps: Mapping[str, int] = MappingProxyType({})
    """The highest step of each metric."""
    start: int = 1
    """Of the run of a job: which start of that job this is."""


NOTHING_BEFORE = Former("", "", 0)
"""What a run goes on with that begins."""


def without_claims(params: Mapping[str, str]) -> dict[str, str]:
    """The params of a run as its user knows them; those by which its attempts were claimed are ours."""
    return {key: value for key, value in params.items() if not key.startswith(t.CLAIM)}


def local_id(tags: Mapping[str, str]) -> str:
    """The local id that the attempt of now writes under, of a run with these tags; empty if it is none of ours."""
    return tags.get(t.ATTEMPT_ID) or tags.get(t.LOCAL_ID, "")
