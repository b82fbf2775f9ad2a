"""From one call of a decorated function to the plan of its run.  Pure: nothing is opened or written."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

from . import tags as t
from .call import Call
from .context import CURRENT
from .guard import guard
from .identity import Key, backbone_of, call_key, resolve
from .naming import run_name
from .params import params_of
from .plan import Kind, Options, RunPlan
from .redact import secret_values


def plan_of(kind: Kind, options: Options, call: Call, fn: Any) -> RunPlan:
    """The run that this call asks for: name, params, tags and keys, as far as there are keys."""
    secrets = secret_values(os.environ)
    hashes: dict[str, str] = {}
    key = None
    with guard:
        hashes, key = _keys(kind, call, fn, secrets)
    flat = params_of(call.arguments, call.markers(fn), secrets)
    return RunPlan(
        name=options.name or run_name(call.name, kind.stage, key.hash if key else None),
        stage=kind.stage,
        experiment=options.experiment,
        parent=options.parent,
        params=flat.values,
        whole_params=flat.long,
        tags={**kind.tags, **_about(call, key), **options.tags},
        hashes=hashes,
        inherit=_named_run(call.arguments),
        monitor=options.monitor,
    )


def key_of(kind: Kind, call: Call, fn: Any) -> Key:
    """The key by which this call is recognised.

    Raises:
        IdentityError: a part of it has no canonical form.
    """
    return _keys(kind, call, fn, secret_values(os.environ))[1]


def _keys(kind: Kind, call: Call, fn: Any, secrets: Collection[str]) -> tuple[dict[str, str], Key]:
    outer = CURRENT.get()
    inherited = outer.ref.hashes if outer else {}
    identify = kind.identify or (lambda call, inherited: resolve(call.arguments, inherited, secrets))
    hashes = dict(identify(call, inherited))
    return hashes, call_key(call, hashes.get(t.STUDY_KEY_HASH), call.markers(fn), secrets=secrets)


def _about(call: Call, key: Key | None) -> dict[str, str]:
    backbone = backbone_of(call.arguments)
    return {
        t.FUNCTION: call.function,
        **({t.CALL_KEY: key.hash} if key else {}),
        **({t.WEAK: ", ".join(key.weak)[:500]} if key and key.weak else {}),
        **({t.BACKBONE: backbone} if backbone else {}),
    }


def _named_run(arguments: Mapping[str, Any]) -> str | None:
    """The MLflow run whose keys this call shall share, where one is named and the keys are not."""
    for run, key in (("trial_run_id", "trial_key_hash"), ("hpo_parent_run_id", "study_key_hash")):
        if isinstance(arguments.get(run), str) and not arguments.get(key):
            return str(arguments[run])
    return None
