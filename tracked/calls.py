"""From one call of a decorated function to the plan of its run.  Pure: nothing is opened or written."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import PurePath
from typing import Any, TypeVar

from . import speech
from . import tags as t
from .call import Call
from .context import CURRENT, guessed
from .guard import guard
from .identity import Key, backbone_of, call_key, code_used_by, resolve
from .markers import Artifact, Markers, Metric
from .measure import number_of
from .naming import qualified_name, run_name
from .params import params_of
from .plan import Kind, Options, RunPlan
from .provenance.origin import origin_of
from .redact import secret_values

INPUTS = "inputs"
"""Folder of the artifacts that a run was given."""
M = TypeVar("M", Artifact, Metric)


def plan_of(kind: Kind, options: Options, call: Call, fn: Any) -> RunPlan:
    """The run that this call asks for: name, params, tags and keys, as far as there are keys."""
    secrets = secret_values(os.environ)
    markers = call.markers(fn)
    flat = params_of(call.arguments, markers, secrets)
    if flat.remark:
        speech.warn_once(flat.remark, about="params of one name")
    hashes: dict[str, str] = {}
    key = None
    with guard:
        hashes, key = _keys(kind, options, call, markers, fn, (*secrets, *flat.secrets))
        if key.weak:
            _say_what_is_weak(call, key)
    return RunPlan(
        name=options.name or run_name(call.name, kind.stage, key.hash if key else None),
        stage=kind.stage,
        experiment=options.experiment,
        parent=options.parent,
        is_named=options.name is not None,
        params=flat.values,
        whole_params=flat.long,
        tags={**kind.tags, **_about(call, key), **options.tags},
        hashes=hashes,
        source=_source(kind, call),
        inherit=_named_run(call.arguments),
        monitor=options.monitor,
        secrets=flat.secrets,
        inputs=_inputs(call.arguments, markers),
        metrics=_metrics(call.arguments, markers),
        is_described=kind.is_described,
        origin=partial(origin_of, call, markers, (*secrets, *flat.secrets), key),
        key=key,
    )


def _source(kind: Kind, call: Call) -> Any:
    """The run that this call works on, if its kind finds one; finding none costs nothing else."""
    with guard:
        return kind.source(call) if kind.source else None
    return None


def secrets_of(call: Call, fn: Any) -> tuple[str, ...]:
    """Texts among the arguments that must not be shown."""
    return params_of(call.arguments, call.markers(fn), secret_values(os.environ)).secrets


def key_of(kind: Kind, options: Options, call: Call, fn: Any) -> Key:
    """The key by which this call is recognised.

    Raises:
        IdentityError: a part of it has no canonical form.
    """
    secrets = (*secret_values(os.environ), *secrets_of(call, fn))
    return _keys(kind, options, call, call.markers(fn), fn, secrets)[1]


def _keys(
    kind: Kind, options: Options, call: Call, markers: Markers, fn: Any, secrets: Collection[str]
) -> tuple[dict[str, str], Key]:
    outer = CURRENT.get() or guessed()
    inherited = outer.ref.hashes if outer else {}
    identify = kind.identify or (lambda call, inherited: resolve(call.arguments, inherited, secrets))
    hashes = dict(identify(call, inherited))
    key = call_key(
        call,
        _study(kind, options, hashes, inherited),
        markers,
        options.ignored,
        options.key_names or options.key,
        secrets,
        code=code_used_by(fn) if options.key_code else None,
    )
    return hashes, key


def _study(
    kind: Kind, options: Options, hashes: Mapping[str, str], inherited: Mapping[str, str]
) -> str | None:
    """The study in a call's key: arguments that were left out of that do not come back by the study that they make."""
    if options.key is not None:
        return None
    if options.ignored:
        return None if kind.identify else inherited.get(t.STUDY_KEY_HASH)
    return hashes.get(t.STUDY_KEY_HASH)


def _about(call: Call, key: Key | None) -> dict[str, str]:
    backbone = backbone_of(call.arguments)
    return {
        t.FUNCTION: call.function,
        **({} if call.owner is None else {t.CLASS: _class_of(call.owner)}),
        **({t.CALL_KEY: key.hash} if key else {}),
        **({t.WEAK: ", ".join(key.weak)[:500]} if key and key.weak else {}),
        **({t.BACKBONE: backbone} if backbone else {}),
    }


def _class_of(owner: Any) -> str:
    return qualified_name(owner if isinstance(owner, type) else type(owner))


def _say_what_is_weak(call: Call, key: Key) -> None:
    """Say once which arguments no rule tells apart; an object is not to blame that its method was called."""
    paths = (path.partition("arguments.")[2] for path in key.weak)
    named = dict.fromkeys(re.split(r"[.\[(]", path)[0] for path in paths if path)
    if named:
        speech.warn_once(
            f"calls of {call.name} with other values of {', '.join(named)} may look like the same work: what they "
            "hold cannot be read in full; a method __tracked_key__() of their class says what counts, the marker "
            "Param(key=False) that nothing does",
            about=f"weak key of {call.function}",
        )


def _inputs(arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """What is to be uploaded, by its name among the artifacts; a name that is taken stands under its argument's."""
    found: dict[str, Any] = {}
    for name, marker in _marked(arguments, markers, Artifact):
        content = arguments[name]
        if isinstance(content, str | PurePath | bytes | bytearray):
            own = marker.name or (name if isinstance(content, bytes | bytearray) else PurePath(content).name)
            found[f"{INPUTS}/{own}" if f"{INPUTS}/{own}" not in found else f"{INPUTS}/{name}/{own}"] = content
    return found


def _metrics(arguments: Mapping[str, Any], markers: Markers) -> dict[str, float]:
    numbers = {
        marker.name or name: number_of(arguments[name])
        for name, marker in _marked(arguments, markers, Metric)
    }
    return {name: number for name, number in numbers.items() if number is not None}


def _marked(arguments: Mapping[str, Any], markers: Markers, kind: type[M]) -> Iterator[tuple[str, M]]:
    """Arguments with a marker of this kind, and the marker."""
    for name in (n for n in arguments if n in markers) if markers else ():
        yield from ((name, marker) for marker in markers[name] if isinstance(marker, kind))


def _named_run(arguments: Mapping[str, Any]) -> str | None:
    """The MLflow run whose keys this call shall share, where one is named and the keys are not."""
    for run, key in (("trial_run_id", "trial_key_hash"), ("hpo_parent_run_id", "study_key_hash")):
        if isinstance(arguments.get(run), str) and not arguments.get(key):
            return str(arguments[run])
    return None
