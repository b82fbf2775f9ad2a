"""Conversions by hand."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from .. import tags as t
from ..guard import guard
from ..handles import RunHandle
from ..kinds.conversion import CONVERSION
from ..run import Run
from .common import Start, Tracker, known


class MLflowConversionTracker(Tracker):
    """Runs of stage ``conversion``."""

    kind = CONVERSION

    def start_conversion_run(
        self,
        run_name: str,
        conversion_type: str,
        source_training_run: Any = None,
        context: Any = None,
        output_dir: Any = None,
        parent_run_id: Any = None,
        group_id: str | None = None,
    ) -> AbstractContextManager[RunHandle]:
        """Open a run for a block.

        Args:
            run_name: name of the run.
            conversion_type: such as ``onnx``; a tag.
            source_training_run: the training whose model is converted: MLflow id, run, or handle.
            context: naming context, or any object or mapping with its names.
            output_dir: where results are written; only noted.
            parent_run_id: the run above; by default the run around, else the source.
            group_id: tag by which runs can be grouped.

        Raises:
            ConfigError: the name is blank.
        """
        tags = {t.MLFLOW_RUN_TYPE: "conversion", t.CONVERSION_TYPE: conversion_type}
        return self._started(
            Start(
                run_name,
                tags=tags,
                parent=parent_run_id,
                source=source_training_run or parent_run_id,
                context=context,
                output_dir=output_dir,
                group_id=group_id,
            )
        )

    def log_conversion_parameters(
        self,
        checkpoint_path: Any,
        conversion_target: str,
        quantization: str | None = None,
        opset_version: int | None = None,
        backbone: str | None = None,
    ) -> None:
        """Log what is converted, and to what.

        Args:
            checkpoint_path: where the model lies.
            conversion_target: the format.
            quantization: its kind.
            opset_version: of ONNX.
            backbone: the model.
        """
        params = {
            "conversion_source": checkpoint_path,
            "conversion_target": conversion_target,
            "quantization": quantization,
            "onnx_opset_version": opset_version,
            "conversion_backbone": backbone,
        }
        tags = {
            t.CONVERSION_FORMAT: conversion_target,
            t.CONVERSION_QUANTIZATION: quantization,
            t.CONVERSION_OPSET: opset_version,
            t.BACKBONE: backbone,
        }
        with guard:
            if run := self._run():
                run.params(known(params))
                run.tag(known(tags))

    def log_conversion_results(
        self,
        conversion_success: bool,
        onnx_model_path: Any = None,
        original_checkpoint_size: float | None = None,
        smoke_test_passed: bool | None = None,
        conversion_log_path: Any = None,
    ) -> None:
        """Log how it went, and keep the model below ``onnx_model/`` and ``conversion_log.txt``.

        Args:
            conversion_success: whether there is a model.
            onnx_model_path: the model, a file or a folder.
            original_checkpoint_size: in MB.
            smoke_test_passed: whether it was run, and gave what it should.
            conversion_log_path: what was printed.
        """
        told = {"conversion_success": conversion_success, "smoke_test_passed": smoke_test_passed}
        with guard:
            if run := self._run():
                run.log({name: float(bool(value)) for name, value in known(told).items()})
                if onnx_model_path is not None and Path(onnx_model_path).exists():
                    run.log(_sizes(Path(onnx_model_path), original_checkpoint_size))
                if not run.is_off:
                    _keep(run, onnx_model_path, conversion_log_path)


def _keep(run: Run, model: Any, log: Any) -> None:
    from ..uploading import ArtifactUploader, upload_conversion_artifacts  # noqa: PLC0415 - few keep one

    if model is not None:
        upload_conversion_artifacts(model, run)
    uploader = ArtifactUploader(run, CONVERSION.stage)
    if log is not None and uploader.switches.log_conversion_log:
        uploader.upload_file(log, "conversion_log.txt")


def _sizes(model: Path, before: float | None) -> dict[str, float]:
    from ..kinds.product import MB, size_of  # noqa: PLC0415 - what measures models is loaded where one is

    size = size_of(model) / MB
    return {"onnx_model_size_mb": size, **({"compression_ratio": before / size} if before and size else {})}
