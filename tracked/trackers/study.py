"""What a study has found, written to the run of its sweep, and where the checkpoint of its best trial lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Sized
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .. import speech
from .. import tags as t
from ..errors import TrackedError
from ..finding import find_mlflow_runs
from ..guard import guard
from ..kinds.sweep_report import search_of
from ..kinds.sweep_summary import Space, Summary
from ..kinds.sweep_summary import about as searched
from ..ports import Told
from ..run import Run
from ..sweeps.studies import read_study


def log_study(run: Run, study: Any, objective: str, trial_runs: Mapping[Any, str]) -> bool:
    """Counts, best and search space; tells whether any trial is complete."""
    found = read_study(study, None, objective)
    complete = sum(told.state == "complete" for told in found.trials)
    # Whoever has named the objectives of the study itself knows them by these names.
    names = found.names if len(found.names) > 1 else [objective]
    run.tag(searched(names, found.directions, found.about))
    Summary(
        search_of(names, found.directions, found.trials, found.best, found.front),
        found.best,
        Space(found.trials),
    ).write(run)
    run.log({"n_completed_trials": complete})
    if found.best is None:
        return False
    run.log({f"best_{name}": value for name, value in zip(names, found.best.values, strict=True)})
    _name_best(run, found.best, trial_runs)
    return True


def _name_best(run: Run, best: Told, trial_runs: Mapping[Any, str]) -> None:
    """The run of the best trial: as given, else the one child of this very run with its number."""
    if run.is_off:
        return
    named = trial_runs.get(best.number) or trial_runs.get(str(best.number)) or _child(run, best.number)
    if named:
        run.params({"best_trial_run_id": named})
        run.tag({t.BEST_TRIAL_RUN_ID: named})


def _child(run: Run, number: int) -> str | None:
    try:
        below = f"tags.`{t.MLFLOW_PARENT}` = '{run.id}' AND tags.`{t.TRIAL_NUMBER}` = '{number}'"
        children = find_mlflow_runs(run.ref.experiment, below)
    except TrackedError as error:
        speech.warn_once(f"the run of the best trial cannot be looked for: {error}")
        return None
    study = run.ref.hashes.get(t.STUDY_KEY_HASH)
    same = [child for child in children if child.data.tags.get(t.STUDY_KEY_HASH, study) == study]
    return str(same[0].info.run_id) if same else None


def best_number(study: Any) -> int | None:
    """Number of the best trial; None if none is complete."""
    best = read_study(study, None, "value").best
    return None if best is None else best.number


def checkpoint_of(top: Any, number: int | None, folds: Any, given: Any) -> Path | None:
    """The checkpoint folder: as given, else below ``top`` the best trial's; None if there is none."""
    places = [Path(given)] if given is not None else list(_places(top, number, folds))
    return next((place for place in places if place.is_dir()), None)


def _places(top: Any, number: int | None, folds: Any) -> Iterator[Path]:
    if top is None or number is None:
        return
    trials = [Path(top, f"trial_{number}"), *sorted(Path(top).glob(f"trial_{number}_*"))]
    for trial in trials:
        yield trial / "refit" / "checkpoint"
    for trial in trials:
        yield from (trial / "cv" / f"fold{fold}" / "checkpoint" for fold in _last(folds))
        yield trial / "checkpoint"


def _last(folds: Any) -> Sequence[int]:
    count = folds if isinstance(folds, int) else len(folds) if isinstance(folds, Sized) else 0
    return [count - 1] if count else []


def mark(study: Any, number: int | None) -> None:
    """Note in the study that its best checkpoint is kept; a storage that is away costs nothing else."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    told = {
        "hpo_complete": True,
        "checkpoint_uploaded": True,
        "completion_timestamp": now,
        "best_trial_number": number,
    }
    with guard:
        for name, value in told.items():
            study.set_user_attr(name, value)
