"""What can go wrong, as a tree of exceptions.

    TrackedError
    ├── ConfigError (also ValueError)          an option, setting or configuration file is wrong
    ├── IdentityError                          a key cannot be computed from what was given
    ├── RunNotFound (also LookupError)         no such run, experiment or artifact
    ├── RunExists                              the work of a call with ``on_existing="error"`` was done before
    ├── ArtifactNotFound (also LookupError)    no such artifact in a run that is there
    ├── DigestMismatch                         what the store gives back is not what was sent there
    ├── MetricNotFound (also LookupError)      a sweep was to optimise what none of its trials reported
    ├── BackendUnavailable                     the store does not answer now; what was recorded is kept
    │   └── LoginRefused                       the store answers, and does not let us in
    ├── Refused                                the store will never take this piece of data
    │   └── NameTaken                          there is a file of this name, and none can be written twice
    └── BundleError                            a bundle of ``tracked export`` is damaged, hostile or not for this store

They are raised only where a person asked for something (set-up, finding, synchronising, a search for the best,
the command line).
Inside a decorated call or a ``track.run`` block they are said once on stderr and never raised, but for ``RunExists``,
which ``on_existing="error"`` asks for.
"""

from __future__ import annotations

from typing import Any


class TrackedError(Exception):
    """Anything that ``tracked`` itself reports."""


class ConfigError(TrackedError, ValueError):
    """An option, a setting or a configuration file is wrong; the message names the nearest valid choice."""


class IdentityError(TrackedError):
    """A key cannot be computed: a part that it needs is missing or has no canonical form."""


class RunNotFound(TrackedError, LookupError):
    """No such run, experiment or artifact; the message says what was looked for and where.

    ``report`` holds each way in which one run was looked for, where it was.
    """

    def __init__(self, message: str, report: Any = None) -> None:
        super().__init__(message)
        self.report = report


class RunExists(TrackedError):
    """A call was not made because its work was done before or is being done, and ``on_existing="error"``."""


class ArtifactNotFound(TrackedError, LookupError):
    """The run is there and the artifact is not; the message says which ones there are, or what is gone."""


class DigestMismatch(TrackedError):
    """What the store gives back is not what was sent there: other bytes, or a name that leads somewhere else."""


class MetricNotFound(TrackedError, LookupError):
    """A sweep was to optimise a metric that none of its trials returned or logged; ``sweep`` holds what they did."""

    def __init__(self, message: str, sweep: Any = None) -> None:
        super().__init__(message)
        self.sweep = sweep


class TrialPruned(BaseException):
    """Raised where a trial logs, to end it: its sweep has a ``space`` and a ``pruner``, and that finds it hopeless.

    No error, and so nothing that ``except Exception`` in a training would catch.
    """


class BackendUnavailable(TrackedError):
    """The store does not answer now.  What was recorded is kept and delivered later."""

    after = 0.0
    """Seconds for which the store asks not to be asked again."""


class LoginRefused(BackendUnavailable):
    """The store answers, and does not let us in.  Asking again with the same credentials does not help."""


class Refused(TrackedError):
    """The store will never take this piece of data, however often it is sent."""


class NameTaken(Refused):
    """There is a file of this name in the store, and it lets none be written twice."""


class BundleError(TrackedError):
    """A bundle cannot be made, or is damaged, hostile or for another store; nothing of it was imported."""
