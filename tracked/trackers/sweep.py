"""Hyperparameter sweeps by hand, over a study that the user's own code runs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from .. import speech
from .. import tags as t
from ..guard import guard
from ..handles import RunHandle
from ..kinds.sweep import SWEEP
from ..run import Run
from .common import Start, Tracker, at
from .searching import fingerprints_of, objective_of, params_of


class MLflowSweepTracker(Tracker):
    """Runs of stage ``hpo``; the trials are runs of their own: decorated calls, or ``create_child_run``."""

    kind = SWEEP

    def start_sweep_run(
        self,
        run_name: str,
        hpo_config: Any,
        backbone: str,
        study_name: str | None = None,
        checkpoint_config: Any = None,
        storage_path: Any = None,
        should_resume: bool = False,
        context: Any = None,
        output_dir: Any = None,
        group_id: str | None = None,
        data_config: Any = None,
        benchmark_config: Any = None,
        train_config: Any = None,
        config_dir: Any = None,
    ) -> AbstractContextManager[RunHandle]:
        """Open a run for a block.

        With ``data_config``, ``hpo_config``, ``train_config`` and ``backbone`` the study is recognised: its key and
        that of its family are tags, and runs inside inherit them.

        Args:
            run_name: name of the run.
            hpo_config: with ``objective.metric``, ``objective.direction`` (or ``goal``), ``sampling.max_trials``.
            backbone: the model that is searched for.
            study_name: name of the study.
            checkpoint_config: with ``enabled``: whether the study is kept in ``storage_path``.
            storage_path: file of the study.
            should_resume: whether the study goes on from an earlier one.
            context: naming context, or any object or mapping with its names.
            output_dir: where results are written; only noted.
            group_id: tag by which runs can be grouped.
            data_config: what the data are.
            benchmark_config: taken for callers of the former system; a study does not depend on it.
            train_config: how each trial trains.
            config_dir: as ``benchmark_config``; nothing is inferred.

        Raises:
            ConfigError: the name is blank.
        """
        del benchmark_config, config_dir
        start = Start(run_name, backbone, context=context, output_dir=output_dir, group_id=group_id)
        with guard:
            configs = {"data_config": data_config, "hpo_config": hpo_config, "train_config": train_config}
            start = Start(
                run_name,
                backbone,
                {**_TAGS, **objective_of(hpo_config), **fingerprints_of(**configs)},
                params_of(hpo_config, backbone, study_name, checkpoint_config, storage_path, should_resume),
                identity=configs,
                context=context,
                output_dir=output_dir,
                group_id=group_id,
            )
        return self._started(start)

    def log_final_metrics(
        self,
        study: Any,
        objective_metric: str,
        parent_run_id: Any = None,
        run_name: str | None = None,
        should_resume: bool = False,
        hpo_output_dir: Any = None,
        backbone: str | None = None,
        run_id: Any = None,
        fold_splits: Any = None,
        hpo_config: Any = None,
        child_runs_map: Mapping[Any, str] | None = None,
        upload_checkpoint: bool = True,
        output_dir: Any = None,
        config_dir: Any = None,
    ) -> None:
        """Log what the study has found; with no complete trial, only how many there were.

        Args:
            study: the Optuna study.
            objective_metric: name of its value.
            parent_run_id: the sweep's run: MLflow id, run, or handle; by default the one around.
            run_name: as all that is not named here, taken for callers of the former system.
            should_resume: as ``run_name``.
            hpo_output_dir: where the trials' checkpoints lie; needed for the upload.
            backbone: the model.
            run_id: as ``run_name``.
            fold_splits: the folds, where trials are cross-validated.
            hpo_config: with ``refit.enabled`` and ``mlflow.log_best_checkpoint``.
            child_runs_map: MLflow ids of the trials' runs by number; by default they are looked for.
            upload_checkpoint: keep the best checkpoint, if ``hpo_config`` says so.
            output_dir: as ``run_name``.
            config_dir: as ``run_name``.
        """
        del run_name, should_resume, run_id, output_dir
        with guard:
            from .study import log_study  # noqa: PLC0415 - whoever has a study has loaded Optuna

            run = self._run(parent_run_id)
            if run is None or not log_study(run, study, objective_metric, child_runs_map or {}):
                return
            if at(hpo_config, "refit.enabled"):
                run.tag({t.REFIT_PLANNED: "true"})
            if upload_checkpoint and at(hpo_config, "mlflow.log_best_checkpoint"):
                self.log_best_checkpoint(
                    study,
                    hpo_output_dir,
                    backbone,
                    fold_splits=fold_splits,
                    parent_run_id=run,
                    config_dir=config_dir,
                )

    def log_best_checkpoint(
        self,
        study: Any,
        hpo_output_dir: Any,
        backbone: str | None = None,
        run_id: Any = None,
        fold_splits: Any = None,
        prefer_checkpoint_dir: Any = None,
        refit_ok: bool | None = None,
        parent_run_id: Any = None,
        refit_run_id: Any = None,
        config_dir: Any = None,
    ) -> bool:
        """Keep ``best_trial_checkpoint.tar.gz`` and its manifest with the refit's run, else with the sweep's.

        The folder is ``prefer_checkpoint_dir``; else, below ``hpo_output_dir`` in the folder of the best trial, the
        refit's, the last fold's or the trial's own.  Nothing else is looked at: paths are taken as they are given.

        Args:
            study: the Optuna study.
            hpo_output_dir: folder with a folder ``trial_<number>...`` for each trial.
            backbone: taken for callers of the former system.
            run_id: the sweep's run, where ``parent_run_id`` is not given.
            fold_splits: the folds; the last one's checkpoint counts.
            prefer_checkpoint_dir: the folder itself.
            refit_ok: whether the refit went well: a tag.
            parent_run_id: the sweep's run: MLflow id, run, or handle; by default the one around.
            refit_run_id: the refit's run.
            config_dir: as ``backbone``.

        Returns:
            Whether it is kept; if not, the reason is said.
        """
        del backbone, config_dir
        with guard:
            from ..uploading import upload_hpo_artifacts  # noqa: PLC0415 - few keep one
            from .study import best_number, checkpoint_of, mark  # noqa: PLC0415 - as above

            parent = self._run(parent_run_id if parent_run_id is not None else run_id)
            target = parent if refit_run_id is None else self._run(refit_run_id)
            runs: list[Run] = [run for run in (target, parent) if run is not None]
            if refit_ok is not None:
                _tag(runs, {t.REFIT_COMPLETED: str(bool(refit_ok)).lower()})
            number = best_number(study)
            folder = checkpoint_of(hpo_output_dir, number, fold_splits, prefer_checkpoint_dir)
            if folder is None or number is None:
                speech.warn_once(
                    f"no checkpoint of trial {number} lies below {hpo_output_dir}: none is kept; "
                    "prefer_checkpoint_dir= names its folder"
                )
            elif runs and not runs[0].is_off and upload_hpo_artifacts(folder, number, runs[0]):
                _tag(runs, {t.ARTIFACT_AVAILABLE: "true"})
                mark(study, number)
                return True
        return False


def _tag(runs: list[Run], values: Mapping[str, str]) -> None:
    for run in runs:
        run.tag(values)


_TAGS = {
    t.AZUREML_RUN_TYPE: "sweep",
    t.AZUREML_SWEEP: "true",
    t.MLFLOW_RUN_TYPE: "sweep",
    t.ARTIFACT_AVAILABLE: "false",
}
