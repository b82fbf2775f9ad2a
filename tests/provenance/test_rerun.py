"""`tracked rerun`, `tracked verify` and `tracked lineage` on a real store: what was done is done again."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner
from mlflow import MlflowClient

import tracked
from tests.stores import all_runs
from tracked import session
from tracked import tags as t
from tracked.cli import main

MODULE = """
import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
import numpy
from tracked import Secret, track, tracked_conversion, tracked_training

class Speed(enum.Enum):
    SLOW = 1
    FAST = 2

@dataclass
class Config:
    lr: float = 0.1
    layers: tuple[int, ...] = (2, 3)

class Model:
    pass

DRIFT = 0.0

@tracked_training
def train(config: Config, *files: Path, speed: Speed = Speed.SLOW, seed: int = 1, **more):
    assert isinstance(config, Config) and isinstance(config.layers, tuple) and isinstance(speed, Speed)
    assert all(isinstance(file, Path) for file in files)
    for step in range(4):
        track.log(loss=config.lr * step + DRIFT * (step > 1), step=step)
    return {"acc": config.lr + len(files) + more.get("bonus", 0)}

@tracked_training
def fit(data):
    return Model()

@tracked_training
def login(token: Annotated[str, Secret]):
    return 1.0

@tracked_conversion
def convert(model, to: Path):
    to.write_text("onnx")
    return to

def plain():
    pass

class Trainer:
    @tracked_training
    def train(self):
        return 1.0
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A module of decorated functions in the working folder, and a store."""
    monkeypatch.setenv("TRACKED_PROVENANCE", "1")
    monkeypatch.setenv("TRACKED_SHIPPER", "thread")
    monkeypatch.setenv("TRACKED_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.setattr(
        "tracked.session.gathering.start", lambda *_: None
    )  # tests/provenance/test_gathering.py
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "work" / "jobs.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path / "work")
    import jobs

    yield jobs
    sys.modules.pop("jobs")


@pytest.fixture
def runs(tmp_path):
    """The runs of the store by their ids, the earliest first, once all is delivered."""

    def read():
        assert tracked.sync()
        found = all_runs(MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")).values()
        return sorted(found, key=lambda run: run.start_time)

    return read


@pytest.fixture
def cli():
    """The command in this process: exit code, what it prints, and what it says of errors."""

    def run(*arguments):
        done = CliRunner().invoke(main, arguments, catch_exceptions=False)
        session.reset()
        return done.exit_code, done.stdout.strip(), done.stderr

    return run


def block():
    """A run that is no call."""
    with tracked.track.run("block"):
        pass


def test_a_run_is_done_again_with_the_same_typed_arguments(project, runs, cli, tmp_path):
    """Dataclass, Path, Enum, *args and **kwargs come back as they were; the new run names the old one."""
    project.train(project.Config(0.5), tmp_path / "a", tmp_path / "b", speed=project.Speed.FAST, bonus=2)
    (first,) = runs()
    code, said, _ = cli("rerun", first.run_id)
    again = runs()[1]
    assert (0, again.run_id) == (code, said)
    assert first.run_id == again.tags[t.RERUN_OF]
    assert (first.params, first.metrics) == (again.params, again.metrics)
    assert first.tags[t.CALL_KEY] == again.tags[t.CALL_KEY]
    assert "1" == again.tags[t.SEED]


def test_other_values_are_set(project, runs, cli):
    """A part of a config by its path, a number, a text as it stands; a dry run calls nothing and says what it would."""
    project.train(project.Config(), note="x")
    (first,) = runs()
    changes = ("--set", "config.lr=0.25", "--set", "seed=7", "--set", "note=3")
    code, said, _ = cli("rerun", first.run_id, *changes, "--dry-run")
    assert (0, 1) == (code, len(runs()))
    assert "seed=7" in said
    assert "note='3'" in said
    assert 0 == cli("rerun", first.run_id, *changes)[0]
    assert ("0.25", "7", "3") == tuple(runs()[1].params[key] for key in ("config.lr", "seed", "note"))


def test_long_arguments_are_whole(project, runs, cli):
    """What no tag holds is read from the artifact in which it is kept whole."""
    project.train(project.Config(), table=list(range(5000)))
    (first,) = runs()
    assert 0 == cli("rerun", first.run_id)[0]
    assert runs()[1].tags[t.CALL_KEY] == first.tags[t.CALL_KEY]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda jobs: jobs.fit(jobs.numpy.zeros(3)), "data (data is not kept with the run"),
        (lambda jobs: jobs.fit(object()), "object does not come back from a file"),
        (lambda jobs: jobs.login("s3cret-s3cret"), "token (it is a secret)"),
        (lambda jobs: jobs.Trainer().train(), "is a method, and its object is not kept"),
        (lambda jobs: tracked.tracked_training(lambda: 1.0)(), "it cannot be imported"),
        (lambda jobs: block(), "no call of a decorated"),
    ],
    ids=["data", "object", "secret", "method", "lambda", "block"],
)
@pytest.mark.filterwarnings("ignore")
def test_what_cannot_be_done_again_is_refused(project, runs, cli, call, said):
    """Nothing is called; the message says which argument, or what about the function, is in the way."""
    call(project)
    (first,) = runs()
    code, _, error = cli("rerun", first.run_id)
    assert (1, 1) == (code, len(runs()))
    assert said in error


def test_only_decorated_functions_are_called(project, runs, cli):
    """A run that names any other function, by whoever wrote the tag, gets nothing called."""
    project.train(project.Config())
    (first,) = runs()
    for name, said in {
        "jobs.plain": "no decorated function",
        "os.abort": "no decorated",
        "no.such": "no module",
    }.items():
        MlflowClient(session.current().uri).set_tag(first.run_id, t.FUNCTION, name)
        code, _, error = cli("rerun", first.run_id)
        assert (1, True) == (code, said in error), error


def test_an_argument_or_a_run_that_is_not_there_is_told(project, runs, cli):
    """With the nearest argument; a run that does not exist has an exit code of its own."""
    project.train(project.Config())
    (first,) = runs()
    code, _, error = cli("rerun", first.run_id, "--set", "sed=1")
    assert (1, True) == (code, "did you mean 'seed'" in error), error
    assert 3 == cli("rerun", "f" * 32)[0]
    assert 3 == cli("verify", "nothing")[0]


def test_that_the_code_is_another_is_said(project, runs, cli):
    """Where the run was made at another commit, or with changes that are in none, whoever does it again is told so."""
    project.train(project.Config())
    (first,) = runs()
    client = MlflowClient(session.current().uri)
    client.set_tag(first.run_id, t.GIT_COMMIT, "a" * 40)
    client.set_tag(first.run_id, t.GIT_DIRTY, "true")
    _, _, error = cli("rerun", first.run_id, "--dry-run")
    assert "the code was at commit aaaaaaaaaaaa and is at" in error
    assert "changes that are in no commit" in error


def test_verify_says_that_all_is_the_same(project, runs, cli):
    """A function that depends on its arguments only comes out the same, found by its name."""
    project.train(project.Config())
    (first,) = runs()
    code, said, _ = cli("verify", first.name, "--json")
    assert (0, True, 2) == (code, *(json.loads(said)[key] for key in ("same", "metrics")))


def test_verify_names_the_first_diverging_step(project, runs, cli, monkeypatch):
    """Step and metric at which the second run parts from the first, and an exit code; a tolerance may allow it."""
    project.train(project.Config())
    (first,) = runs()
    monkeypatch.setattr(project, "DRIFT", 0.001)
    code, said, _ = cli("verify", first.run_id)
    assert 6 == code
    assert said.startswith("different: loss at step 2 was 0.2 and is 0.201")
    assert 0 == cli("verify", first.run_id, "--atol", "0.01")[0]
    assert 0 == cli("verify", first.run_id, "--metric", "acc")[0]
    assert 1 == cli("verify", first.run_id, "--metric", "nothing")[0]


def test_lineage_follows_values_on_a_real_store(project, runs, cli, tmp_path):
    """A model that one call returned and another was given joins their runs, told by the argument."""
    model = project.fit(3)
    project.convert(model, tmp_path / "model.onnx")
    fitted, converted = runs()
    assert {"model": [fitted.run_id]} == json.loads(converted.tags[t.INPUT_RUNS])
    code, said, _ = cli("lineage", fitted.run_id, "--json")
    told = json.loads(said)
    assert (0, [converted.run_id]) == (code, [run["run_id"] for run in told["products"]])
    assert {"from": fitted.run_id, "to": converted.run_id, "by": "argument model"} in told["edges"]
    _, text, _ = cli("lineage", converted.name)
    assert f"from {fitted.name} (" in text
    assert "argument model" in text


def test_data_arguments_are_dataset_inputs(project, runs, tmp_path):
    """An array and a frame are inputs of the run, by the argument's name, with digest, shape and columns; once each."""
    import pandas as pd
    import polars as pl

    @tracked.tracked_training
    def learn(x, table, fast, n=3):
        return 1.0

    table = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    learn(project.numpy.zeros((5, 2)), table, pl.DataFrame({"c": [1.5, 2.5, 3.5]}))
    learn(project.numpy.zeros((5, 2)), table, pl.DataFrame({"c": [1.5, 2.5, 4.5]}))
    first, second = runs()
    client = MlflowClient(session.current().uri)
    data = [
        {each.dataset.name: each.dataset for each in client.get_run(run.run_id).inputs.dataset_inputs}
        for run in (first, second)
    ]
    assert {"x", "table", "fast"} == data[0].keys()
    profiles = {name: json.loads(dataset.profile)["num_rows"] for name, dataset in data[0].items()}
    assert {"x": 5, "table": 2, "fast": 3} == profiles
    columns = {c["name"]: c["type"] for c in json.loads(data[0]["table"].schema)["mlflow_colspec"]}
    assert {"a": "long", "b": "string"} == columns
    digests = [{name: dataset.digest for name, dataset in each.items()} for each in data]
    assert {"fast"} == {name for name in digests[0] if digests[0][name] != digests[1][name]}
    assert not any(key.startswith(t.INPUT) for key in first.tags)
