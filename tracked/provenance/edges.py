"""Which run made a value: what one call returned and another one is given joins the two.

Nothing is kept alive for it and nothing copied: a value is known by a weak reference, a path by its text.  Numbers and
texts, which are equal by chance, are never taken for the same.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import types
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from .. import tags as t
from ..context import RunRef, named_run

PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes})
"""What is equal by chance: such a value is nobody's result."""
_SHARED = (type, enum.Enum, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType)
"""What a whole program shares: to be given it says nothing of who returned it."""
_MOST_PARTS = 64
"""Parts of one result or argument that are looked at."""
_MOST_PATHS = 1000
_NO_SOURCES = {t.PROVENANCE, t.DIFF_RUN, t.BEST_TRIAL_RUN_ID, t.REFIT_RUN}
"""Tags that name a run which a run neither stands under nor was made from."""
_MADE: dict[int, tuple[weakref.ref[Any], RunRef]] = {}
_PATHS: dict[str, RunRef] = {}


def remember(result: Any, run: RunRef) -> None:
    """Note that this run made the result, and what is directly in it."""
    for value in _with_parts(result):
        if isinstance(value, Path):
            _remember_path(str(value.absolute()), run)
        elif not isinstance(value, _SHARED):
            _remember_object(value, run)


def _remember_path(path: str, run: RunRef) -> None:
    _PATHS.pop(path, None)
    _PATHS[path] = run
    if len(_PATHS) > _MOST_PATHS:
        _PATHS.pop(next(iter(tuple(_PATHS))), None)  # a copy: other threads remember too


def _remember_object(value: Any, run: RunRef) -> None:
    number = id(value)

    def forget(gone: weakref.ref[Any]) -> None:
        # Another object may have the number by now.
        if _MADE.get(number, (None,))[0] is gone:
            del _MADE[number]

    try:
        _MADE[number] = weakref.ref(value, forget), run
    except TypeError:
        return  # it knows no weak references


def maker_of(value: Any) -> RunRef | None:
    """The run that made this very object, or the file at this path; None if no run is known to have."""
    if isinstance(value, Path):
        return _PATHS.get(str(value.absolute()))
    known = _MADE.get(id(value))
    return known[1] if known is not None and known[0]() is value else None


def runs_in(arguments: Mapping[str, Any]) -> dict[str, tuple[RunRef | str, ...]]:
    """The runs that made what these arguments hold, or that they are, by argument; those without are left out."""
    found = {
        name: tuple({_id(run): run for run in _runs_of(value)}.values())
        for name, value in arguments.items()
        if type(value) not in PLAIN
    }
    return {name: runs for name, runs in found.items() if runs}


def _runs_of(argument: Any) -> Iterator[RunRef | str]:
    runs = (maker_of(value) or _that_it_is(value) for value in _with_parts(argument))
    return (run for run in runs if run is not None)


def _id(run: RunRef | str) -> str:
    return run if isinstance(run, str) else run.run_id or run.run


def _that_it_is(value: Any) -> RunRef | str | None:
    """The run that an object of ours, or of MLflow, stands for; others, which may do anything when asked, are not."""
    if type(value).__module__.partition(".")[0] not in ("tracked", "mlflow"):
        return None
    return next(
        (run for v in (value, getattr(value, "run", None)) if (run := named_run(v)) is not None), None
    )


def _with_parts(value: Any) -> Iterator[Any]:
    """A value, and what lies directly in it, but for numbers and texts."""
    if type(value) in PLAIN:
        return
    yield value
    yield from (part for part in islice(_parts(value), _MOST_PARTS) if type(part) not in PLAIN)


def _parts(value: Any) -> Iterator[Any]:
    if type(value) is dict:
        return iter(list(value.values()))
    if isinstance(value, list | tuple):
        return iter(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return (
            vars(value)[f.name] for f in dataclasses.fields(value) if f.name in getattr(value, "__dict__", ())
        )
    return iter(())


def tag_of(runs: Mapping[str, tuple[RunRef | str, ...]], folder: str) -> dict[str, str]:
    """The tag that names these runs, by the ids that delivery to this journal folder knows; empty if it knows none."""
    ids = {
        name: [_id(run) for run in made if isinstance(run, str) or run.run_id or run.folder == folder]
        for name, made in runs.items()
    }
    named = {name: made for name, made in ids.items() if made}
    return {t.INPUT_RUNS: json.dumps(named)} if named else {}


def runs_by_argument(text: str) -> dict[str, list[str]]:
    """The runs that the tag names, by argument; empty for what is no such tag."""
    with suppress(ValueError):
        told = json.loads(text)
        if isinstance(told, dict):
            return {
                name: [run for run in made if isinstance(run, str)]
                for name, made in told.items()
                if isinstance(made, list)
            }
    return {}


def runs_named(text: str) -> list[str]:
    """The runs that the tag names."""
    return [run for made in runs_by_argument(text).values() for run in made]


def sources_of(tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The runs that a run with these tags stands under or was made from, each with what says so."""
    for key in sorted(t.NAMES_A_RUN & tags.keys() - _NO_SOURCES):
        yield tags[key], key
    for argument, made in runs_by_argument(tags.get(t.INPUT_RUNS, "")).items():
        yield from ((run, f"argument {argument}") for run in made)


def with_ids(text: str, id_of: Callable[[str], str]) -> str:
    """The tag with other ids of the same runs."""
    return json.dumps({name: list(map(id_of, made)) for name, made in runs_by_argument(text).items()})
