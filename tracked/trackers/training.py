"""Trainings by hand."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from .. import tags as t
from ..guard import guard
from ..handles import RunHandle
from ..kinds.training import TRAINING
from .common import Start, Tracker, at, known


class MLflowTrainingTracker(Tracker):
    """Runs of stage ``training``."""

    kind = TRAINING

    def start_training_run(
        self,
        run_name: str,
        backbone: str,
        training_type: str = "final",
        context: Any = None,
        output_dir: Any = None,
        parent_run_id: Any = None,
        group_id: str | None = None,
    ) -> AbstractContextManager[RunHandle]:
        """Open a run for a block.

        Args:
            run_name: name of the run.
            backbone: the model that is trained.
            training_type: such as ``final``; a tag.
            context: naming context, or any object or mapping with its names.
            output_dir: where results are written; only noted.
            parent_run_id: the run above: MLflow id, run, or handle; by default the run around.
            group_id: tag by which runs can be grouped.

        Raises:
            ConfigError: the name is blank.
        """
        tags = {t.MLFLOW_RUN_TYPE: "training", t.TRAINING_TYPE: training_type}
        return self._started(
            Start(
                run_name,
                backbone,
                tags,
                parent=parent_run_id,
                context=context,
                output_dir=output_dir,
                group_id=group_id,
            )
        )

    def log_training_parameters(
        self,
        config: Any,
        data_config: Any = None,
        source_checkpoint: Any = None,
        data_strategy: str | None = None,
        random_seed: int | None = None,
    ) -> None:
        """Log what the training was given, under the names of the former system.

        Args:
            config: with ``training`` (learning_rate, batch_size, dropout, weight_decay, epochs) and ``model``.
            data_config: with ``version`` and ``dataset_path`` or ``local_path``.
            source_checkpoint: where the training went on from, which makes its type ``continued``.
            data_strategy: how the data were chosen.
            random_seed: the seed.
        """
        with guard:
            if run := self._run():
                from_training = {name: at(config, f"training.{name}") for name in _TRAINING}
                run.params(
                    known(
                        {
                            **from_training,
                            "backbone": at(config, "model.backbone", "model.name", "model"),
                            "data_version": at(data_config, "version", "data_version"),
                            "dataset_path": at(data_config, "dataset_path", "local_path"),
                            "training_type": "continued"
                            if source_checkpoint
                            else run.plan.tags.get(t.TRAINING_TYPE),
                            "source_checkpoint": source_checkpoint,
                            "data_strategy": data_strategy,
                            "random_seed": random_seed,
                        }
                    )
                )

    def log_training_metrics(
        self,
        metrics: Mapping[str, Any],
        per_entity_metrics: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Log figures by name, and those of each entity as ``<entity>_<name>``; what is no number costs no other.

        Args:
            metrics: numbers by name.
            per_entity_metrics: numbers by entity and name.
        """
        with guard:
            if run := self._run():
                run.log(metrics)
                for entity, numbers in (per_entity_metrics or {}).items():
                    run.log({f"{entity}_{name}": value for name, value in numbers.items()})

    def log_training_artifacts(
        self, checkpoint_dir: Any, metrics_json_path: Any = None, config_dir: Any = None
    ) -> None:
        """Keep ``checkpoint.tar.gz`` with its manifest, and ``metrics.json``.

        Args:
            checkpoint_dir: folder of the checkpoint.
            metrics_json_path: file with the figures.
            config_dir: taken for callers of the former system; nothing is inferred from where the checkpoint lies.
        """
        with guard:
            from ..uploading import upload_training_artifacts  # noqa: PLC0415 - few keep one

            if (run := self._run()) and not run.is_off:
                upload_training_artifacts(checkpoint_dir, metrics_json_path, run, config_dir)


_TRAINING = ("learning_rate", "batch_size", "dropout", "weight_decay", "epochs")
