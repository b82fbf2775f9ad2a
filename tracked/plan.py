"""What is to be done for one call: its kind, the options it was decorated with, and the plan they give."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .attempts import Former
from .call import Call
from .options import AGGREGATE, ERROR, EXISTING, JOIN, NEW, PER_CALL, RESUME, REUSE, SELF, TWIN, WAIT, Options

if TYPE_CHECKING:
    from .identity import Key

__all__ = [
    "AGGREGATE",
    "ERROR",
    "EXISTING",
    "JOIN",
    "NEW",
    "PER_CALL",
    "RESUME",
    "REUSE",
    "SELF",
    "TWIN",
    "WAIT",
    "Kind",
    "Options",
    "RunPlan",
]


@dataclass(frozen=True)
class Kind:
    """One stage of work, as data.  A new decorator is a new ``Kind`` given to ``decorator_for``.

    Attributes:
        stage: value of the tag ``stage``, by which runs of this kind are found.
        identify: the tags that say which work a call is, from the call and the tags of hashes inherited from
            the run around; None means the usual keys.
        parents: stages of the runs that it usually stands under; empty means any.
        tags: tags of every run of this kind.
        read: makes of a result what is logged of it; None means the usual rules.
        drive: runs the user's function in a way of its own, given the open run, the call's options, the function
            and its arguments; None means a plain call.
        conclude: notes on the run what is to be found at the end of a call, whatever the shape of the function and
            whether it raised; given the open run, the call's options, the function, the bound arguments and the result.
        begin: opens the run of a call in a way of its own, given the plan, the call's options and the function; None
            means as usual.
        supplies: names of parameters that ``drive`` fills in, so that the caller does not.
        source: finds in a call the run that it works on; the call's run stands under it where nothing else is above.
        is_described: whether its runs have a description of how they ended even where they are not at the root.
    """

    stage: str
    identify: Callable[[Call, Mapping[str, str]], Mapping[str, str]] | None = None
    parents: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    read: Callable[[Any], Any] | None = None
    drive: Callable[..., Any] | None = None
    conclude: Callable[..., None] | None = None
    begin: Callable[[RunPlan, Any, Any], Any] | None = None
    supplies: Sequence[str] = ()
    source: Callable[[Call], Any] | None = None
    is_described: bool = False


def _no_origin(_folder: str) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class RunPlan:
    """A run before it is opened: all of it is known before anything is written."""

    name: str
    stage: str = ""
    experiment: str | None = None
    parent: Any = None
    """The run above: a run, its reference, or an MLflow run id; None means the run around."""
    is_named: bool = True
    """Whether a person chose the name; if not, a template may make another."""
    params: Mapping[str, str] = field(default_factory=dict)
    whole_params: Mapping[str, str] = field(default_factory=dict)
    """Params that are too long for the store, whole."""
    tags: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    """Keys that children inherit, by tag; written as tags too."""
    source: Any = None
    """The run that this one works on; it is the run above where there is no other."""
    inherit: str | None = None
    """MLflow id of a run whose hashes win over these."""
    monitor: str | None = None
    secrets: Collection[str] = field(default=(), repr=False)
    """Texts that must not be shown; never written down."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """Paths, or bytes, of what the run is given, by their names among its artifacts."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Numbers that it is given and that are metrics."""
    is_described: bool = False
    """Whether it has a description of how it ended even where it is not at the root."""
    origin: Callable[[str], Mapping[str, str]] = _no_origin
    """Gives, for a journal folder, the tags that tell what the call was made from; asked where they are wanted."""
    former: Former | None = None
    """The run that is there already and gone on with; None for a new one."""
    key: Key | None = field(default=None, repr=False)
    """What its work is recognised by, with all that it was made of; None where there is no telling."""
    study: Any = field(default=None, repr=False)
    """Of a sweep whose study is shared with other processes: that study."""
