"""What the four trackers share: a block that is a run, and the run that a verb writes to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .. import speech
from .. import tags as t
from ..context import CURRENT, RunRef, around, named_run
from ..errors import ConfigError
from ..guard import guard
from ..handles import RunHandle, block, existing_run, key_hash
from ..inputs import flat_params
from ..plan import Kind, RunPlan
from ..run import Run
from ..scope import open_run
from ..shapes import fields_of
from ..track import current


@dataclass(frozen=True)
class Start:
    """What a run begins with, as the ``start_*_run`` methods are given it."""

    name: str
    backbone: str | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    parent: Any = None
    """The run above: a run, its handle, or an MLflow run id."""
    source: Any = None
    """The run that it works on, which is above where no other is."""
    lineage: Mapping[str, Any] = field(default_factory=dict)
    """Further runs that it comes from, by the tag that names each."""
    identity: Mapping[str, Any] = field(default_factory=dict)
    """Hashes, and the configs that they can be computed from, as in ``identity.resolve``."""
    context: Any = None
    """A naming context of the former system, or any object or mapping with its names."""
    output_dir: Any = None
    group_id: str | None = None


class Tracker:
    """Runs of one kind, by hand.  Making one reads nothing and sets nothing.

    ``start_*_run`` opens a run for a block.  The ``log_*`` methods write to the nearest run of this kind around
    them, whoever opened it, so that they work inside a decorated function too.

    Args:
        experiment_name: experiment of the runs; None means that of the run around, else that of the set-up.

    Raises:
        ConfigError: the name is blank.
    """

    kind: ClassVar[Kind]

    def __init__(self, experiment_name: str | None = None) -> None:
        if experiment_name is not None and not str(experiment_name).strip():
            raise ConfigError(f"experiment_name is a text that is not empty, not {experiment_name!r}")
        self.experiment_name = experiment_name

    @contextmanager
    def _started(self, start: Start) -> Iterator[RunHandle]:
        """A run around a block.  Where this kind is switched off, its handle is false, and nothing is recorded."""
        if not str(start.name or "").strip():
            raise ConfigError(f"a run needs a name, not {start.name!r}")
        plan, key = RunPlan(str(start.name), self.kind.stage, self.experiment_name, start.parent), None
        with guard:
            plan, key = self._planned(start)
        run = open_run(plan)
        with guard:
            run.tag({tag: name_of(other) for tag, other in start.lineage.items() if other})
        with block(run):
            yield RunHandle(run, key)

    def _planned(self, start: Start) -> tuple[RunPlan, str | None]:
        """The run, and its key if all parts of that are known."""
        from ..identity import resolve  # noqa: PLC0415 - loaded with the first run, not with `import tracked`

        outer = CURRENT.get()
        about = {**told_by(start.context), **known({"backbone": start.backbone, **start.identity})}
        hashes: dict[str, str] = {}
        with guard:
            hashes = resolve(about, outer.ref.hashes if outer else {})
        key = run_key(self.kind.stage, about, hashes)
        tags = {**self.kind.tags, **_tags(start), **known({t.RUN_KEY_HASH: key_hash(key)}), **start.tags}
        flat = flat_params(start.params)
        plan = RunPlan(
            str(start.name),
            self.kind.stage,
            self.experiment_name,
            start.parent,
            tags={name: str(value) for name, value in tags.items()},
            params=flat.values,
            whole_params=flat.long,
            secrets=flat.secrets,
            hashes=hashes,
            source=start.source,
        )
        return plan, key

    def _run(self, named: Any = None) -> Run | None:
        """The run that is named, else the nearest around of this kind, else the one around."""
        if named is not None:
            return existing_run(named)
        chain = [run for run in reversed(around()) if isinstance(run, Run)]
        near = (run for run in chain if run.ref.stage == self.kind.stage)
        found = next(near, None) or current()
        if found is None:
            speech.warn_once(
                f"{type(self).__name__} logs into the run around it, and there is none: call it inside "
                f"`with tracker.start_{_VERB.get(self.kind.stage, self.kind.stage)}_run(...)`"
            )
        return found


_VERB = {"hpo": "sweep"}


def told_by(context: Any) -> dict[str, Any]:
    """What a naming context says, by name."""
    return known(fields_of(context) or {})


def known(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Those that are there."""
    return {str(name): value for name, value in values.items() if value is not None and value != ""}


def name_of(run: Any) -> str:
    """The text by which a tag names a run; one of ours is named by its local id, which delivery translates."""
    named = named_run(run)
    if isinstance(named, RunRef):
        return named.run_id or named.run
    return named or str(run)


_IN_CONTEXT = (
    *("process_type", "environment", "storage_env", "stage", "study_name", "spec_fp", "exec_fp", "variant"),
    *("trial_id", "parent_training_id", "conv_fp", "benchmark_config_hash"),
)


def _tags(start: Start) -> dict[str, Any]:
    """The tags of every run that a tracker opens."""
    told = told_by(start.context)
    return known(
        {
            t.BACKBONE: start.backbone or told.get("model"),
            t.GROUP: start.group_id,
            t.OUTPUT_DIR: None if start.output_dir is None else os.fspath(start.output_dir),
            t.TRIAL_NUMBER: told.get("trial_number"),
            t.FOLD: told.get("fold_idx"),
            **{t.CONTEXT + name: told.get(name) for name in _IN_CONTEXT},
        }
    )


_KEYS = {
    "hpo": "hpo:{backbone}:study_{study_key_hash}",
    "training": "final_training:{backbone}:spec_{spec_fp}:exec_{exec_fp}:v{variant}",
    "benchmark": "benchmark:{backbone}:{trial_id}",
    "conversion": "conversion:{backbone}:{parent_training_id}:conv_{conv_fp}",
}


def run_key(stage: str, about: Mapping[str, Any], hashes: Mapping[str, str]) -> str | None:
    """What a run is, in the words of the former system; None if a part is not known: it would be no key."""
    study, trial = hashes.get(t.STUDY_KEY_HASH), hashes.get(t.TRIAL_KEY_HASH)
    parts = {**about, **known({"study_key_hash": study, "trial_id": about.get("trial_id") or trial})}
    try:
        return _KEYS[stage].format_map({"variant": 1, **known({"backbone": about.get("model")}), **parts})
    except KeyError:
        return None


def at(config: Any, *places: str) -> Any:
    """What a config holds at the first of these places that it has, such as ``objective.metric``; else None."""
    return next((value for value in (_at(config, place) for place in places) if value is not None), None)


def _at(value: Any, place: str) -> Any:
    for name in place.split("."):
        value = (fields_of(value) or {}).get(name)
    return value
