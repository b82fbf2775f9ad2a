"""What any store of runs must do with files; a part of ``BackendContract``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from .. import tags as t
from ..ports import Backend, File, RemoteRun
from ..records import Opened
from ..shipper.memory import StoredRun

NOW = 1_700_000_000_000


class Store(NamedTuple):
    """A backend, and how its runs are read back."""

    backend: Backend
    read: Callable[[str], StoredRun]


def opened(name: str = "a run", **changes: object) -> Opened:
    """A first record with a new local id."""
    run = uuid4().hex
    fields = {"time": NOW, "tags": {t.LOCAL_ID: run, t.STAGE: "training"}} | changes
    return Opened(run=run, name=name, experiment="contract", **fields)  # type: ignore[arg-type]


def made(store: Store, **changes: object) -> RemoteRun:
    """A new run in the store."""
    return store.backend.create(opened(**changes), None)  # type: ignore[arg-type]


class ArtifactContract:
    """Tests of files."""

    def test_an_artifact_arrives_byte_for_byte(self, store: Store, tmp_path: Path) -> None:
        """Name and content of a file are what they were; sent again, it is there once."""
        run = made(store)
        source = tmp_path / "weights.bin"
        source.write_bytes(bytes(range(256)) * 10)
        for _ in range(2):
            assert not store.backend.upload(run.run_id, [File("model/deep/weights.bin", source)])
        assert {"model/deep/weights.bin": bytes(range(256)) * 10} == store.read(run.run_id).artifacts

    def test_what_is_removed_is_gone_and_nothing_else(self, store: Store, tmp_path: Path) -> None:
        """A folder goes with all that is in it; one whose name only begins alike stays."""
        run = made(store)
        (tmp_path / "x").write_bytes(b"x")
        names = ("c/step-1/x", "c/step-1/deep/x", "c/step-10/x", "c/step-1.x")
        store.backend.upload(run.run_id, [File(name, tmp_path / "x") for name in names])
        for _ in range(2):
            store.backend.remove(run.run_id, "c/step-1")
        assert {"c/step-10/x", "c/step-1.x"} == store.read(run.run_id).artifacts.keys()
