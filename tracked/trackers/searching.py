"""What the configs of a sweep say of it: its objective, its params, and what data and evaluation it is about."""

from __future__ import annotations

import os
from typing import Any

from .. import tags as t
from .common import at, known


def direction_of(hpo_config: Any) -> str | None:
    """``maximize`` or ``minimize``, also where it is written short; ``direction`` wins over the old ``goal``."""
    told = str(at(hpo_config, "objective.direction", "objective.goal") or "").strip().lower()
    return next((word for word in ("maximize", "minimize") if told[:3] == word[:3]), told or None)


def objective_of(hpo_config: Any) -> dict[str, Any]:
    """The tags that say what is looked for."""
    return known({t.OBJECTIVE: at(hpo_config, "objective.metric"), t.DIRECTION: direction_of(hpo_config)})


def fingerprints_of(data_config: Any, hpo_config: Any, train_config: Any) -> dict[str, str]:
    """The tags that say which data and which evaluation it is about; none without the configs of both.

    Raises:
        IdentityError: a config has no canonical form.
    """
    from ..identity.keys import STUDY  # noqa: PLC0415 - loaded with the first run
    from ..mlflow.fingerprints import data_fingerprint, eval_fingerprint  # noqa: PLC0415 - as above

    if data_config is None or train_config is None:
        return {}
    return {
        t.KEY_SCHEMA: STUDY,
        t.DATA_FINGERPRINT: data_fingerprint(data_config).hash,
        t.EVAL_FINGERPRINT: eval_fingerprint(train_config, hpo_config).hash,
    }


def params_of(
    hpo_config: Any,
    backbone: str,
    study_name: str | None,
    checkpoint_config: Any,
    storage_path: Any,
    should_resume: bool,
) -> dict[str, Any]:
    """The params of the sweep's run, under the names of the former system."""
    metric = at(hpo_config, "objective.metric")
    trials = at(hpo_config, "sampling.max_trials", "max_trials", "n_trials")
    is_kept = storage_path is not None
    return {
        **known(
            {
                "primary_metric": metric,
                "objective_metric": metric,
                "objective_goal": direction_of(hpo_config),
                "backbone": backbone,
                "max_trials": trials,
                "n_trials_planned": trials,
                "study_name": study_name,
            }
        ),
        "checkpoint_enabled": bool(at(checkpoint_config, "enabled")),
        "checkpoint_path": os.path.abspath(storage_path) if is_kept else "None",  # noqa: PTH100 - links stay as given
        "checkpoint_storage_type": "sqlite" if is_kept else "None",
        "resumed_from_checkpoint": bool(should_resume),
    }
