"""What can go wrong, as a tree of exceptions.

    TrackedError
    ├── ConfigError (also ValueError)          an option, setting or configuration file is wrong
    ├── IdentityError                          a key cannot be computed from what was given
    ├── RunNotFound (also LookupError)         no such run, experiment or artifact
    ├── BackendUnavailable                     the store does not answer now; what was recorded is kept
    │   └── LoginRefused                       the store answers, and does not let us in
    └── Refused                                the store will never take this piece of data

They are raised only where a person asked for something (set-up, finding, synchronising, the command line).
Inside a decorated call or a ``track.run`` block they are said once on stderr and never raised.
"""

from __future__ import annotations


class TrackedError(Exception):
    """Anything that ``tracked`` itself reports."""


class ConfigError(TrackedError, ValueError):
    """An option, a setting or a configuration file is wrong; the message names the nearest valid choice."""


class IdentityError(TrackedError):
    """A key cannot be computed: a part that it needs is missing or has no canonical form."""


class RunNotFound(TrackedError, LookupError):
    """No such run, experiment or artifact; the message says what was looked for and where."""


class BackendUnavailable(TrackedError):
    """The store does not answer now.  What was recorded is kept and delivered later."""


class LoginRefused(BackendUnavailable):
    """The store answers, and does not let us in.  Asking again with the same credentials does not help."""


class Refused(TrackedError):
    """The store will never take this piece of data, however often it is sent."""
