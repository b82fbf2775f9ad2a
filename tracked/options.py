"""The options that a decorator may be given: how they are called and typed, and which values they can have."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from .context import named_run
from .errors import ConfigError
from .nearest import did_you_mean
from .spans import seconds_of

if TYPE_CHECKING:
    from .plan import Kind

AGGREGATE = "aggregate"
PER_CALL = ("run", AGGREGATE)
NEW, REUSE, RESUME, ERROR = EXISTING = ("new", "reuse", "resume", "error")
WAIT, JOIN = "wait", "join"
TWIN = (WAIT, JOIN, NEW)
SELF = "self"
"""In ``ignore``: the object whose method is called."""


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
        on_existing: what a call does whose work was done before: ``"new"`` makes a run all the same; ``"reuse"`` gives
            the result of the finished run back, and the function does not run; ``"resume"`` goes on with a run that
            failed or died; ``"error"`` raises ``RunExists`` where a run has finished or is at work.
        twin: with ``"reuse"`` or ``"resume"``, what a call does while another process is at the same work: ``"wait"``
            until that ends, and take its result or go on with its run; ``"join"`` runs the function too, and logs into
            that run; ``"new"`` makes a run of its own.  By default a call that resumes waits, and one that reuses does
            not look.
        key: names of the arguments that alone say what the work is, or a function of the bound arguments that returns
            what does; by default every argument counts that is no plumbing.
        ignore: names of arguments that do not say what the work is; ``"config.epochs"`` is a part of one, ``"self"``
            the object whose method is called.
        key_code: whether the source of the function, and of all functions and classes of the project that it uses,
            counts too.
        expires: how old a finished run may be to be reused: a ``timedelta``, seconds, or a text such as ``"7d"``
            (units: s, m, h, d, w).
    """

    name: str | None = None
    experiment: str | None = None
    parent: Any = None
    tags: Mapping[str, str] = field(default_factory=dict)
    monitor: str | None = None
    model: bool = False
    per_call: Literal["run", "aggregate"] = "run"
    on_existing: Literal["new", "reuse", "resume", "error"] = "new"
    twin: Literal["wait", "join", "new"] | None = None
    key: str | Sequence[str] | Callable[[Mapping[str, Any]], Any] | None = None
    ignore: str | Sequence[str] = ()
    key_code: bool = False
    expires: timedelta | float | str | None = None

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
        self._one_of("per_call", PER_CALL)
        self._one_of("on_existing", EXISTING)
        if self.twin is not None:
            self._one_of("twin", TWIN)
            is_asked = self.on_existing in (REUSE, RESUME)
            self._check("twin", is_asked, f"for on_existing={REUSE!r} or {RESUME!r}")
        if self.per_call == AGGREGATE and self.on_existing != NEW:
            raise ConfigError(
                f"on_existing={self.on_existing!r} is about one call, and per_call={AGGREGATE!r} about many"
            )
        is_key = callable(self.key) or _are_names(self.key or ())
        self._check("key", is_key, "names of arguments, or a function of them")
        self._check("ignore", _are_names(self.ignore), "names of arguments")
        self._check("key_code", isinstance(self.key_code, bool), "True or False")
        is_span = self.expires is None or seconds_of(self.expires) is not None
        self._check(
            "expires", is_span, "a timedelta, seconds from 0 on, or a text such as '7d' (s, m, h, d, w)"
        )
        object.__setattr__(self, "tags", {str(k): str(v) for k, v in self.tags.items()})

    @property
    def found_alive(self) -> str:
        """What is done while another process is at the same work."""
        return self.twin or (WAIT if self.on_existing == RESUME else NEW)

    @property
    def key_names(self) -> tuple[str, ...] | None:
        """Names of the arguments that alone count; None if there are none such."""
        return None if self.key is None or callable(self.key) else _names(self.key)

    @property
    def ignored(self) -> tuple[str, ...]:
        """Names that do not count."""
        return _names(self.ignore) if self.ignore else ()

    def adapted(self, kind: Kind) -> Kind:
        """The kind as these options have it; by default itself."""
        return kind

    def fits(self, fn: Any) -> None:
        """Refuse, at decoration, a function that these options cannot be followed with.

        Raises:
            ConfigError: it is one.
        """
        named = {"key": self.key_names or (), "ignore": (n for n in self.ignored if n != SELF)}
        if self.key is None and not self.ignore:
            return
        parameters = inspect.signature(getattr(fn, "__func__", fn)).parameters
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            return
        for option, names in named.items():
            for name in names:
                # What stands behind the first dot is a part of an argument, and only a call can tell.
                first = name if option == "key" else name.partition(".")[0]
                if first.partition("/")[0] not in parameters:
                    raise ConfigError(
                        f"{option}: there is no argument {first!r}{did_you_mean(first, parameters)}"
                    )

    @property
    def asked(self) -> Mapping[str, Any]:
        """What of the options says which result is wanted: a finished run of other ones is not reused."""
        return {}

    def gives(self, _fn: Any) -> Any:
        """The type of what a call of this function gives back, where its annotation does not say so; else None."""
        return None

    def _text_or_none(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            fits = value is None or (isinstance(value, str) and bool(value.strip()))
            self._check(name, fits, "a text that is not empty")

    def _one_of(self, name: str, choices: Sequence[str]) -> None:
        value = getattr(self, name)
        if value not in choices:
            raise ConfigError(
                f"{name} is one of {', '.join(map(repr, choices))}, not {value!r}"
                f"{did_you_mean(str(value), choices)}"
            )

    def _check(self, name: str, fits: bool, what: str) -> None:  # noqa: FBT001
        if not fits:
            raise ConfigError(f"{name} is {what}, not {getattr(self, name)!r}")

    def __getstate__(self) -> dict[str, Any]:
        """Plain data, so that a decorated function can be sent to another process."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)


def _names(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _are_names(given: Any) -> bool:
    if not isinstance(given, str | list | tuple | set | frozenset):
        return False
    names: tuple[Any, ...] = _names(given)
    return all(isinstance(name, str) and name.strip() for name in names)
