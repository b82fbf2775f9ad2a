"""What is to be done for one call: its kind, the options it was decorated with, and the plan they give."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from .call import Call
from .context import named_run
from .errors import ConfigError
from .settings import did_you_mean

AGGREGATE = "aggregate"
PER_CALL = ("run", AGGREGATE)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a decorator may be given; every option has a default that suits most.

    A kind with options of its own has a subclass.  It is the one place that says how they are called and typed.

    Attributes:
        name: name of the run; by default the function's name and the beginning of its key.
        experiment: name of the experiment; by default that of the settings.
        parent: the run above; by default the run around the call.
        tags: further tags of each run.
        monitor: name of the metric that a bare number is logged under.
        model: whether a returned model is logged.
        per_call: ``"run"`` makes each call a run, ``"aggregate"`` all calls from one parent one run, a step for each.
    """

    name: str | None = None
    experiment: str | None = None
    parent: Any = None
    tags: Mapping[str, str] = field(default_factory=dict)
    monitor: str | None = None
    model: bool = False
    per_call: Literal["run", "aggregate"] = "run"

    @classmethod
    def chosen(cls, given: Mapping[str, Any]) -> Options:
        """The options of a decorator.

        Raises:
            ConfigError: an option is unknown or has a value that cannot be.
        """
        known = [f.name for f in fields(cls)]
        for name in given:
            if name not in known:
                raise ConfigError(f"there is no option {name!r}{did_you_mean(name, known)}")
        return cls(**given)

    def __post_init__(self) -> None:
        self._text_or_none("name", "experiment", "monitor")
        self._check("tags", isinstance(self.tags, Mapping), "a mapping of texts")
        self._check("model", isinstance(self.model, bool), "True or False")
        is_run = self.parent is None or named_run(self.parent) is not None
        self._check("parent", is_run, "a run, its reference or an MLflow run id")
        if self.per_call not in PER_CALL:
            raise ConfigError(
                f"per_call is one of {', '.join(map(repr, PER_CALL))}, not {self.per_call!r}"
                f"{did_you_mean(str(self.per_call), PER_CALL)}"
            )
        object.__setattr__(self, "tags", {str(k): str(v) for k, v in self.tags.items()})

    def fits(self, fn: Any) -> None:
        """Refuse, at decoration, a function that these options cannot be followed with.

        Raises:
            ConfigError: it is one.
        """

    def _text_or_none(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            fits = value is None or (isinstance(value, str) and bool(value.strip()))
            self._check(name, fits, "a text that is not empty")

    def _check(self, name: str, fits: bool, what: str) -> None:  # noqa: FBT001
        if not fits:
            raise ConfigError(f"{name} is {what}, not {getattr(self, name)!r}")

    def __getstate__(self) -> dict[str, Any]:
        """Plain data, so that a decorated function can be sent to another process."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)


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
    supplies: Sequence[str] = ()
    source: Callable[[Call], Any] | None = None
    is_described: bool = False


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
