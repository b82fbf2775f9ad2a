"""Params over the life of a run: the first value stays, a later one is told, long ones are kept whole."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from mlflow import MlflowClient

import tracked
from tests.stores import all_runs
from tracked import Artifact, Ignore, Key, Metric, Param, Secret, track, tracked_training
from tracked.errors import ConfigError
from tracked.inputs import Inputs
from tracked.params import same_value
from tracked.testing import captured

LONG = "x" * 20_000


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """A sqlite store."""
    return f"sqlite:///{tmp_path}/mlflow.db"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("7", "7.0", True),
        ("1e-05", "0.00001", True),
        ("-0.0", "0", True),
        ("9007199254740993", "9007199254740992", False),
        ("True", "1", False),
        ("1_0", "10", False),
        ("nan", "nan", True),
        ("a", "b", False),
        ("1e99999", "2e99999", False),
    ],
)
def test_values_that_mean_the_same(one, other, same):
    """One number written in two ways is one value; a text and a number are two."""
    assert same is same_value(one, other) is same_value(other, one)


def test_params_of_a_block_are_whole():
    """What ``track.run`` is given, and ``Run.params`` logs into it, is whole in one file."""
    with captured() as runs:
        with track.run("block", first=LONG) as run:
            run.params({"second": LONG + "2"})
        stored = runs["block"]
    assert {"first": LONG, "second": LONG + "2"} == json.loads(stored.artifacts["params.json"])


def test_a_run_that_travelled_keeps_its_file():
    """Long params of another process are in a file of their own, and do not replace the first one's."""
    inputs = Inputs()
    assert "params.json" == inputs.file(joined=False)
    other = inputs.file(joined=True)
    assert "params.json" != other == inputs.file(joined=True) != Inputs().file(joined=True)


@tracked_training
def marked(
    data: Annotated[Path, Artifact],
    folder: Annotated[str, Artifact("extra")],
    again: Annotated[Path, Artifact],
    weight: Annotated[float, Metric("w")],
    pin: Annotated[str, Secret],
    hint: Annotated[str, Ignore],
    *,
    workers: Annotated[int, Param(key=False)] = 1,
    output_dir: Annotated[str, Key] = "a",
    raw: Annotated[bytes, Artifact] = b"raw",
    absent: Annotated[Path | None, Artifact] = None,
):
    """Has every marker."""


def test_markers_of_parameters(uri, tmp_path):
    """An ``Artifact`` is uploaded, a ``Metric`` is one too, a ``Secret`` is masked, ``Ignore`` is nowhere."""
    (tmp_path / "in").mkdir()
    for name in ("in/data.csv", "in/more.txt", "data.csv"):
        (tmp_path / name).write_text(name)
    tracked.setup_mlflow("markers", tracking_uri=uri)
    marked(tmp_path / "in/data.csv", str(tmp_path / "in"), tmp_path / "data.csv", 0.5, "1234", "h")
    tracked.sync()
    (run,) = all_runs(MlflowClient(uri), "markers").values()
    assert {
        "inputs/data.csv": b"in/data.csv",
        "inputs/extra/data.csv": b"in/data.csv",
        "inputs/extra/more.txt": b"in/more.txt",
        "inputs/again/data.csv": b"data.csv",
        "inputs/raw": b"raw",
    } == run.artifacts
    assert {"w": 0.5} == run.metrics
    assert ("***", "1", "a", "0.5") == tuple(
        run.params[k] for k in ("pin", "workers", "output_dir", "weight")
    )
    assert "hint" not in run.params
    assert str(tmp_path / "in/data.csv") == run.params["data"]


def test_markers_decide_about_the_key():
    """``Secret``, ``Ignore`` and ``Param(key=False)`` do not count; ``Key`` does, also where the name would not."""
    given = ("d", "f", "a", 0.5, "1234", "h")
    key = marked.key(*given)
    assert key == marked.key(*given[:4], "other", "other", workers=8)
    assert key != marked.key(*given, output_dir="b")


def test_an_input_with_a_key_counts_by_its_contents(tmp_path):
    """``Artifact`` and ``Key`` together: the same work wherever the file lies, other work when it changes."""

    @tracked_training
    def reads(data: Annotated[str, Artifact, Key]): ...

    for name, text in (("a", "x"), ("b", "x"), ("c", "y")):
        (tmp_path / name).write_text(text)
    a, b, c = (reads.key(str(tmp_path / name)) for name in "abc")
    assert a == b != c


def test_an_input_that_is_not_there_costs_nothing_else(capsys):
    """A missing file is named once; the run has all the rest."""

    @tracked_training
    def reads(data: Annotated[Path, Artifact], lr: float = 0.1):
        return lr

    with captured() as runs:
        assert 0.1 == reads(Path("missing.csv"))
        assert ({"data": "missing.csv", "lr": "0.1"}, {}) == (runs["reads"].params, runs["reads"].artifacts)
    assert 1 == capsys.readouterr().err.count("missing.csv")


@dataclass
class Bad:
    """Fields that contradict themselves."""

    lr: Annotated[float, Ignore, Param]


class TestContradictions:
    def test_at_decoration(self):
        """Markers that cannot all be true are told when the function is decorated, before any call."""
        with pytest.raises(ConfigError, match="'token' contradict each other: Secret, Key"):

            @tracked_training
            def bad(token: Annotated[str, Secret, Key]): ...

    def test_at_decoration_of_a_method_or_with_options(self):
        """A class method and a decorator with options are checked alike."""
        with pytest.raises(ConfigError, match="'x' contradict"):
            tracked_training(name="n")(classmethod(_bad_method))

    def test_at_decoration_of_annotations_that_are_texts(self):
        """Markers are found in annotations that are not evaluated yet, with names that do not exist yet."""
        space = {"__name__": "samples"}
        exec(
            "from __future__ import annotations\nfrom typing import Annotated\nfrom tracked import Ignore, Param\n"
            "def bad(lr: Annotated[Later, Ignore, Param]): ...\n",
            space,
        )
        with pytest.raises(ConfigError, match="'lr' contradict"):
            tracked_training(space["bad"])

    def test_at_decoration_of_a_function_with_a_config(self):
        """Fields of a config that is an argument, or of what is returned, are looked at too."""
        for annotations in ({"config": Bad}, {"return": Bad}):

            def takes(config=None): ...

            takes.__annotations__ = annotations
            with pytest.raises(ConfigError, match="'lr' contradict"):
                tracked_training(takes)

    def test_a_name_that_comes_later_is_not_taken_as_missing(self):
        """Looking at decoration does not fix what is only known at the first call."""
        space = {"__name__": "samples"}
        exec(
            "from __future__ import annotations\nfrom typing import Annotated\nimport tracked\n"
            "@tracked.tracked_training\ndef good(lr: Annotated[float, Mine] = 1): ...\n"
            "Mine = tracked.Ignore\n",
            space,
        )
        with captured() as runs:
            space["good"]()
            assert {} == runs["good"].params


def _bad_method(cls, x: Annotated[int, Ignore, Param]): ...
