"""The emulated Azure, started once; each test, or module of tests, finds it fresh and is led there."""

from __future__ import annotations

import os
import textwrap
import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

collect_ignore_glob: list[str] = []
if find_spec("azureml") is None or find_spec("cryptography") is None:
    # `make test-azure` has an environment with the clients; without them nothing here can be told.
    collect_ignore_glob = ["test_*.py"]
else:
    from tests.azure.emulating import FOREIGN, Emulator, emulator
    from tests.azure.genuine import submissions

WITH_LOGGED_MODELS = os.environ.get("EMULATED_LOGGED_MODELS", "0") == "1"
"""Which Azure is emulated: the real one may have got them by now, nobody here knows.  `make test-azure` has both."""


@pytest.fixture(scope="session")
def one_azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One for all tests of a process: its MLflow server takes long to start."""
    folder = tmp_path_factory.mktemp("azure")
    with emulator(folder, logged_models=WITH_LOGGED_MODELS) as started:
        yield started


@pytest.fixture(autouse=True)
def _either_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that is marked so runs with one Azure only: it has met nothing in which the other one differs."""
    is_marked = request.node.get_closest_marker("either_way") is not None
    azure = request.getfixturevalue("azure") if is_marked else None
    yield
    assert azure is None or [] == azure.log("logged-models")


@pytest.fixture
def azure(one_azure: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """A fresh one, to which this process and those that it starts are led; a service principal may log in."""
    _led(one_azure, monkeypatch)
    return one_azure


@pytest.fixture
def code(azure: Emulator, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module of decorated functions, which is the working folder."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "work.py").write_text(textwrap.dedent(submissions.MODULE))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


@pytest.fixture(scope="module")
def fresh_azure(one_azure: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The same for a whole module, with a home and a working folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        _led(one_azure, patch)
        patch.setenv("TRACKED_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("TRACKED_LINGER", "1")
        patch.setenv("TRACKED_PROVENANCE", "0")
        patch.chdir(tmp_path_factory.mktemp("work"))
        yield one_azure


@pytest.fixture(scope="session")
def loaded() -> None:
    """Azure's packages in this process: some warn while they are imported, which is not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("azure.ai.ml", "azure.identity", "azureml.mlflow"):
            import_module(name)


def _led(azure: Emulator, patch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith((*FOREIGN, "TRACKED_AZURE")) and name != "MLFLOW_DISABLE_TELEMETRY":
            patch.delenv(name)
    for name, value in {**azure.reach, **azure.login, **azure.workspace}.items():
        patch.setenv(name, value)
    azure.reset()
