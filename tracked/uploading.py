"""Uploads by hand, under the former system's names: each is an artifact of a run, recorded here and sent later on.

True means recorded: from then on it is delivered as everything else is, whatever happens to the store or this
process.  Nothing here raises; what is wrong is said once, and False comes back.  Retries are the shipper's, so that
``max_retries`` and ``base_delay`` mean nothing any more.  Artifacts have exact names: ``metrics.json``, and not
``metrics.json/metrics.json``.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import session as sessions
from . import speech
from .context import CURRENT
from .guard import guard
from .handles import existing_run
from .run import Run
from .stowing import stow
from .switches import Switches
from .track import current

ARCHIVE = "best_trial_checkpoint.tar.gz"
PathLike = str | os.PathLike[str]


def log_artifact_safe(
    local_path: PathLike,
    artifact_path: str | None = None,
    run_id: Any = None,
    max_retries: int = 5,
    base_delay: float = 2.0,
) -> bool:
    """Keep a file with a run.

    Args:
        local_path: the file.
        artifact_path: its name among the artifacts; where that has no ending and the file has one, or ends with
            ``/``, the folder that it is put in.  By default the file's own name.
        run_id: MLflow's id, a run, or a handle; by default the run around, or the one the environment hands over.
        max_retries: means nothing here.
        base_delay: means nothing here.

    Returns:
        Whether it is recorded.
    """
    del max_retries, base_delay
    return _kept(run_id, Path(local_path), _name(Path(local_path), artifact_path))


def log_artifacts_safe(
    local_dir: PathLike,
    artifact_path: str | None = None,
    run_id: Any = None,
    max_retries: int = 5,
    base_delay: float = 2.0,
) -> bool:
    """Keep a folder with a run, under ``artifact_path`` or its own name; else as :func:`log_artifact_safe`."""
    del max_retries, base_delay
    return _kept(run_id, Path(local_dir), artifact_path)


def upload_checkpoint_archive(
    archive_path: PathLike,
    manifest: Mapping[str, Any] | None = None,
    artifact_path: str | None = None,
    run_id: Any = None,
    max_retries: int = 5,
    base_delay: float = 2.0,
    cleanup_on_failure: bool = True,  # noqa: FBT001, FBT002 - the former signature
) -> bool:
    """Keep an archive, and beside it its manifest: ``X.tar.gz`` and ``X_manifest.json``.

    Args:
        archive_path: the archive; it stays where it is, also when it cannot be kept.
        manifest: as :func:`create_checkpoint_archive` gives it.
        artifact_path: name among the artifacts, by default ``best_trial_checkpoint.tar.gz``; with ``/`` at its end,
            the folder that the archive and ``checkpoint_manifest.json`` are put in.
        run_id: as in :func:`log_artifact_safe`.
        max_retries: means nothing here.
        base_delay: means nothing here.
        cleanup_on_failure: means nothing here: what is not ours is not removed.

    Returns:
        Whether the archive is recorded.
    """
    del max_retries, base_delay, cleanup_on_failure
    return _archive_kept(run_id, Path(archive_path), manifest, artifact_path or ARCHIVE)


def upload_training_artifacts(
    checkpoint_dir: PathLike | None,
    metrics_json_path: PathLike | None = None,
    run_id: Any = None,
    config_dir: PathLike | None = None,
) -> dict[str, bool]:
    """Keep ``checkpoint.tar.gz`` with its manifest, and ``metrics.json``, as the switches of trainings say."""
    uploader = ArtifactUploader(run_id, "training", config_dir)
    on = uploader.switches
    return {
        "checkpoint": checkpoint_dir is not None and uploader.upload_checkpoint(checkpoint_dir),
        "metrics_json": metrics_json_path is not None
        and on.log_metrics_json
        and uploader.upload_file(metrics_json_path, "metrics.json"),
    }


def upload_conversion_artifacts(
    onnx_path: PathLike, run_id: Any = None, config_dir: PathLike | None = None
) -> bool:
    """Keep the converted model under ``onnx_model/``, as the switches of conversions say."""
    uploader = ArtifactUploader(run_id, "conversion", config_dir)
    return uploader.switches.log_onnx_model and uploader.upload_file(onnx_path, "onnx_model/")


def upload_benchmark_artifacts(
    benchmark_json_path: PathLike, run_id: Any = None, config_dir: PathLike | None = None
) -> dict[str, bool]:
    """Keep ``benchmark_results.json``, as the switches of benchmarks say."""
    uploader = ArtifactUploader(run_id, "benchmark", config_dir)
    return {"benchmark_json": uploader.upload_file(benchmark_json_path, "benchmark_results.json")}


def upload_hpo_artifacts(
    checkpoint_dir: PathLike, trial_number: int, run_id: Any = None, config_dir: PathLike | None = None
) -> bool:
    """Keep ``best_trial_checkpoint.tar.gz`` with its manifest, as the switches of sweeps say."""
    uploader = ArtifactUploader(run_id, "hpo", config_dir)
    return uploader.upload_checkpoint(checkpoint_dir, ARCHIVE, trial_number)


class ArtifactUploader:
    """Uploads to one run, as the switches of one kind of run say.

    Args:
        run_id: as in :func:`log_artifact_safe`.
        stage: kind of run whose switches count, such as ``training``; that of the run by default.
        config_dir: taken for callers of the former system; the settings say where configuration lies.
    """

    def __init__(
        self, run_id: Any = None, stage: str | None = None, config_dir: PathLike | None = None
    ) -> None:
        del config_dir
        self.run_id, self.stage = run_id, stage

    @property
    def switches(self) -> Switches:
        """What of this kind of run is kept."""
        around = CURRENT.get()
        return sessions.switches(self.stage or (around.ref.stage if around is not None else ""))

    def get_tracking_config(self) -> dict[str, bool]:
        """The switches by name."""
        return dict(vars(self.switches))

    def upload_checkpoint(
        self,
        checkpoint_dir: PathLike,
        artifact_path: str = "checkpoint.tar.gz",
        trial_number: int | None = None,
        skip_if_disabled: bool = True,  # noqa: FBT001, FBT002 - the former signature
    ) -> bool:
        """Pack a folder and keep the archive with its manifest; whether both are recorded."""
        from .mlflow.artifacts.archive import create_checkpoint_archive  # noqa: PLC0415 - few keep one

        if skip_if_disabled and not self.switches.log_checkpoint:
            return False
        with guard, tempfile.TemporaryDirectory(prefix="tracked-") as folder:
            archive, manifest = create_checkpoint_archive(
                checkpoint_dir, trial_number, Path(folder, "a.tar.gz")
            )
            return upload_checkpoint_archive(archive, manifest, artifact_path, self.run_id)
        return False

    def upload_file(
        self,
        file_path: PathLike,
        artifact_path: str | None = None,
        skip_if_disabled: bool = True,  # noqa: FBT001, FBT002 - the former signature
    ) -> bool:
        """Keep a file; whether it is recorded."""
        if skip_if_disabled and not self.switches.log_artifacts:
            return False
        return log_artifact_safe(file_path, artifact_path, self.run_id)

    def upload_checkpoint_archive(
        self,
        archive_path: PathLike,
        manifest: Mapping[str, Any] | None = None,
        artifact_path: str | None = None,
    ) -> bool:
        """Keep an archive that is there, and its manifest; whether it is recorded."""
        return upload_checkpoint_archive(archive_path, manifest, artifact_path, self.run_id)


def _archive_kept(named: Any, archive: Path, manifest: Mapping[str, Any] | None, name: str) -> bool:
    exact = f"{name}{ARCHIVE}" if name.endswith("/") else name
    kept = _kept(named, archive, exact)
    # The manifest last: where it is, the archive is.
    if kept and manifest is not None:
        _kept(named, json.dumps(manifest, indent=2).encode(), _manifest_name(name))
    return kept


def _kept(named: Any, content: Path | bytes, name: str | None) -> bool:
    with guard:
        run = current() if named is None else existing_run(named)
        if not isinstance(run, Run) or run.session is None:
            speech.warn_once(
                f"{name or content!r} is not kept: there is no tracked run around, and run_id= names none"
            )
            return False
        record = stow(run.session, run.ref.run, content, name)
        run.session.serve()
        return record is not None
    return False


def _name(path: Path, wanted: str | None) -> str:
    """The exact name of the artifact; MLflow itself would take ``wanted`` for a folder in any case."""
    if not wanted:
        return path.name
    last = wanted.rpartition("/")[2]
    if wanted.endswith("/") or (path.suffix and not Path(last).suffix):
        return f"{wanted.rstrip('/')}/{path.name}"
    return wanted


def _manifest_name(archive: str) -> str:
    if archive.endswith("/"):
        return f"{archive}checkpoint_manifest.json"
    if archive.endswith(".tar.gz"):
        return f"{archive.removesuffix('.tar.gz')}_manifest.json"
    return f"{ARCHIVE.removesuffix('.tar.gz')}_manifest.json"
