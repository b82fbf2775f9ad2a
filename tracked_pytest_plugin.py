"""The pytest plugin: tests of tracked code write to memory, unless they say otherwise.

pytest loads it in every project that has ``tracked`` installed.  So it stands beside the package and not in it, and
imports nothing before a test asks for it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tracked.testing import Captured, Faults
    from tracked.testing.database import Database

MODES = ("memory", "off", "real")
_HANDED_OVER = ("TRACKED_CONTEXT", "MLFLOW_RUN_ID", "AZUREML_RUN_ID")
"""A run that pytest itself was started in is none that a test may write to."""
_BEFORE = pytest.StashKey[dict[str, "str | None"]]()
_HOME = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer ``--tracked``."""
    parser.getgroup("tracked").addoption(
        "--tracked",
        choices=MODES,
        default="memory",
        help="where runs of the tests go: memory (the default) is a store that ends with pytest, off tracks nothing, "
        "real is what the project is set up for",
    )


def pytest_configure(config: pytest.Config) -> None:
    """See to it that no test reaches a store by accident; before any module of tests is imported."""
    mode = config.getoption("--tracked")
    if mode == "off":
        _set(config, {"TRACKED_DISABLED": "1"})
    elif mode == "memory":
        home = os.path.join(tempfile.gettempdir(), f"tracked-pytest-{os.getpid()}")  # noqa: PTH118 - pathlib is more
        config.stash[_HOME] = home
        _set(
            config,
            {"TRACKED_CONFINED_TO": "memory:pytest", "TRACKED_HOME": home, **dict.fromkeys(_HANDED_OVER)},
        )


def _set(config: pytest.Config, values: dict[str, str | None]) -> None:
    config.stash[_BEFORE] = {name: os.environ.get(name) for name in values}
    _put(os.environ, values)


def _put(environ: MutableMapping[str, str], values: dict[str, str | None]) -> None:
    for name, value in values.items():
        environ.pop(name, None)
        if value is not None:
            environ[name] = value


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the environment as it was, and no files."""
    _put(os.environ, config.stash.get(_BEFORE, {}))
    if home := config.stash.get(_HOME, ""):
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def tracked_runs(pytestconfig: pytest.Config) -> Iterator[Captured]:
    """The runs of this test, in memory: ``tracked_runs["train"].metrics["acc"]``."""
    testing = _testing(pytestconfig)
    with testing.captured() as runs:
        yield runs


@pytest.fixture
def tracked_faults(pytestconfig: pytest.Config) -> Iterator[Faults]:
    """Switches for a server that is down and a disk that is full; ``tracked_faults.runs`` is what has arrived."""
    testing = _testing(pytestconfig)
    with testing.failing() as faults:
        yield faults


@pytest.fixture
def tracked_store(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A real MLflow store for this test alone: sqlite, from a template that is made once and cached."""
    _testing(pytestconfig)
    from tracked.testing.database import database

    cache = pytestconfig.cache
    templates = cache.mkdir("tracked") if cache else tmp_path_factory.getbasetemp() / "tracked"
    with database(tmp_path_factory.mktemp("tracked"), templates) as store:
        yield store


def _testing(config: pytest.Config) -> Any:
    """What the fixtures are made of; skips the test where tracking is off."""
    if config.getoption("--tracked") == "off":
        pytest.skip("it looks at runs, and --tracked=off makes none")
    from tracked import testing

    return testing
