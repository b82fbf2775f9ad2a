"""Keeping checkpoints, and no more of them than a policy says.

A checkpoint is a folder among the artifacts, ``checkpoints/step-N``.  ``checkpoint.json`` in it is its seal: it goes
last, and names the files with their digests, so that half of a checkpoint is never offered.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from .errors import ConfigError
from .guard import guard
from .keeping import keep_given_model
from .patience import bounded
from .ports import SEAL
from .records import Artifact
from .run import Run
from .stowing import stow

PLACE = "checkpoints"
PATIENCE = 10.0
"""Seconds that the store is given to say which checkpoints earlier attempts have kept."""


class Kept(NamedTuple):
    """A checkpoint of this process."""

    place: str
    step: int | None
    value: float | None
    """What it was measured at."""


@dataclass(frozen=True)
class Policy:
    """Which checkpoints are kept: the best and the last of them, together; all, where neither is said.

    Raises:
        ConfigError: a number below 1, a mode that is none, or a best of nothing that is measured.
    """

    monitor: str | None = None
    mode: str = "max"
    keep_best: int | None = None
    keep_last: int | None = None

    def __post_init__(self) -> None:
        if self.mode not in ("max", "min"):
            raise ConfigError(f"mode is 'max' or 'min', not {self.mode!r}")
        for name in ("keep_best", "keep_last"):
            if (number := getattr(self, name)) is not None and (type(number) is not int or number < 1):
                raise ConfigError(f"{name} is a number of checkpoints from 1 on, not {number!r}")
        if self.keep_best is not None and self.monitor is None:
            raise ConfigError("keep_best needs monitor=, the name of the metric that tells which is best")

    @property
    def keeps_all(self) -> bool:
        """Whether none is ever removed."""
        return self.keep_best is None and self.keep_last is None

    def unwanted(self, kept: Sequence[Kept]) -> list[Kept]:
        """Which of these, given in the order of keeping, are to be removed."""
        if self.keeps_all:
            return []
        sign = -1 if self.mode == "max" else 1
        measured = [k for k in kept if k.value is not None and not math.isnan(k.value)]
        # Sorting keeps the order of equal ones: the first of them is the best.
        best = sorted(measured, key=lambda k: sign * (k.value or 0.0))[: self.keep_best or 0]
        last = kept[-self.keep_last :] if self.keep_last else []
        return [k for k in kept if k not in best and k not in last]


def keep_checkpoint(run: Run, content: Any, step: int | None, **options: Any) -> None:
    """Keep a checkpoint: bytes, a path, or a model; then let go of those that are no longer wanted.

    Args:
        run: the run.
        content: what is kept.
        step: the step that it belongs to, if it is said.
        options: the fields of ``Policy``.
    """
    with guard:
        policy = Policy(**options)
        if run.is_off or not run.switches.log_checkpoint:
            return
        if not policy.keeps_all and not run.checkpoints and run.is_resumed:
            run.checkpoints[:] = _of_attempts_before(run)
        if step is None and not policy.keeps_all:
            step = max((k.step for k in run.checkpoints if k.step is not None), default=-1) + 1
        place = PLACE if step is None else f"{PLACE}/step-{step}"
        if _keep(run, content, place):
            value = run.last.get(policy.monitor or "")
            told = {"step": step, "monitor": policy.monitor, "value": value}
            _stow(run, json.dumps(told).encode(), f"{place}/{SEAL}")
            run.checkpoints[:] = [k for k in run.checkpoints if k.place != place] + [Kept(place, step, value)]
            _let_go(run, policy)


def _of_attempts_before(run: Run) -> list[Kept]:
    """What earlier attempts at this run have kept, the oldest first; nothing where the store does not say."""
    from .mlflow.artifacts.repository import Repository  # noqa: PLC0415 - loads MLflow: only a run that goes on asks
    from .mlflow.artifacts.sealed import sealed_in  # noqa: PLC0415
    from .mlflow.client import client_for  # noqa: PLC0415

    session, former = run.session, run.plan.former
    if session is None or former is None or not session.is_mlflow:
        return []
    with guard:
        client = client_for(session.uri, session.templates)
        found = bounded(lambda: sealed_in(Repository(client, former.run_id)), PATIENCE)
        return [Kept(one.path, one.step, one.value) for one in reversed(found)]
    return []


def _keep(run: Run, content: Any, place: str) -> bool:
    if isinstance(content, str | os.PathLike):
        path = Path(content)
        return _stow(run, path, f"{place}/{path.name}")
    if isinstance(content, bytes | bytearray):
        return _stow(run, bytes(content), f"{place}/checkpoint.bin")
    kept: list[bool] = []

    def keep(content: Path | str | bytes, name: str | None = None, *, move: bool = False) -> None:
        kept.append(_stow(run, content, name, move=move))

    keep_given_model(run, content, f"{place}/model", keep)
    return any(kept)


def _stow(run: Run, content: Path | str | bytes, name: str | None, *, move: bool = False) -> bool:
    if run.session is None:
        return False
    record = stow(run.session, run.ref.run, content, name, move=move)
    if record is not None:
        run.story.keeps(record)
    return record is not None


def _let_go(run: Run, policy: Policy) -> None:
    for kept in policy.unwanted(run.checkpoints):
        removal = Artifact(run.ref.run, kept.place, "", -1)
        if run.session is not None:
            run.session.write(removal)
            run.story.keeps(removal)
        run.checkpoints.remove(kept)
