"""Work that was done on another machine, told by a real store; and stores that tell nothing."""

import json
import time

import pytest
from click.testing import CliRunner
from mlflow import MlflowClient

import tracked
from tests.servers import free_port
from tracked import finished, session, tracked_training
from tracked import tags as t
from tracked.cli import main
from tracked.comparing import compared

CALLS = []


@pytest.fixture(autouse=True)
def _none_called():
    CALLS.clear()
    finished._SILENT.clear()


@pytest.fixture
def sqlite_uri(tmp_path):
    """An embedded store that does not exist yet."""
    return f"sqlite:///{tmp_path}/store/mlflow.db"


@pytest.fixture(params=["sqlite", pytest.param("server", marks=pytest.mark.server)])
def on_machine(request, tmp_path, templates, monkeypatch):
    """Makes this process one of another machine, whose runs go to the same store: each kind in turn."""
    uri = request.getfixturevalue(f"{request.param}_uri")
    monkeypatch.setenv("TRACKED_SHIPPER", "thread")

    def switch(name):
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        if not (home / "templates").exists():
            (home / "templates").symlink_to(templates)
        session.reset()
        monkeypatch.setenv("TRACKED_HOME", str(home))
        tracked.setup_mlflow(tracking_uri=uri, experiment_name=f"reuse-{tmp_path.name}")
        return MlflowClient(uri)

    return switch


def test_another_machine_gives_the_result_back(on_machine, tmp_path):
    """Value, arrays and files come from the store, the files verified by digest into a folder of the run."""

    @tracked_training(on_existing="reuse", key=())
    def train(folder):
        CALLS.append(1)
        (folder / "model").mkdir()
        (folder / "model" / "a.bin").write_bytes(b"weights")
        return {"acc": 0.5, "model": folder / "model", "raw": b"bytes"}

    here = tmp_path / "out"
    here.mkdir()
    on_machine("one")
    first = train(here)
    tracked.sync()
    first["model"].rename(tmp_path / "gone")
    for _ in range(2):
        client = on_machine("two")
        second = train(here)
        assert [1] == CALLS
        assert (0.5, b"bytes") == (second["acc"], second["raw"])
        assert second["model"] != first["model"]
        assert b"weights" == (second["model"] / "a.bin").read_bytes()
    (run,) = train.find(here)
    client.delete_run(run.info.run_id)
    (here / "model").mkdir(exist_ok=True)
    (here / "model").rmdir()
    train(here)
    assert [1, 1] == CALLS


def test_find_runs_and_explain(on_machine, capfd):
    """A call finds its runs, a function all of its own, and what differs is said by the leaf."""

    def train(lr, config=None):
        CALLS.append(lr)
        return lr

    reusing = tracked_training(on_existing="reuse")(train)
    on_machine("one")
    assert [] == reusing.find(0.1)
    reusing(0.1, {"a": {"b": 1}})
    tracked_training(train)(0.2)
    assert ["0.1"] == [run.data.params["lr"] for run in reusing.find(0.1, {"a": {"b": 1}})]
    newest, oldest = reusing.runs()
    assert ("0.2", "0.1") == (newest.data.params["lr"], oldest.data.params["lr"])

    assert "train is reused: run train-" in str(reusing.explain(0.1, {"a": {"b": 1}}))
    assert "result was not stored, as it is with on_existing='reuse'" in str(reusing.explain(0.2))
    different = reusing.explain(0.1, {"a": {"b": 2}})
    assert not different
    assert str(different).endswith("which differs in\n  arguments.config.a.b: 1 -> 2")

    found = compared(oldest.info.run_id, newest.info.run_id)
    assert {"params.lr", "params.config.a.b", "params.config"} == {
        d.path for d in found.differences.differences
    }
    assert newest.info.run_id in compared(oldest.info.run_id).other

    told = CliRunner().invoke(main, ["explain", newest.info.run_id, oldest.info.run_id, "--json"])
    assert 0 == told.exit_code
    leaves = {one["path"]: one for one in json.loads(told.stdout)["differences"]}
    assert {"path": "params.lr", "run": "0.2", "other": "0.1"} == leaves["params.lr"]
    assert {"path": "params.config.a.b", "other": "1"} == leaves["params.config.a.b"]
    assert "params.lr: 0.2 -> 0.1" in CliRunner().invoke(
        main, ["explain", newest.info.run_id]
    ).stdout.replace('"', "")
    assert 3 == CliRunner().invoke(main, ["explain", "0" * 32]).exit_code


def test_a_result_that_is_gone_from_the_store_is_not_reused(on_machine, capfd):
    """Where the stored result cannot be had, the function runs, and that is said."""

    @tracked_training(on_existing="reuse")
    def train(lr):
        CALLS.append(lr)
        return lr

    client = on_machine("one")
    train(0.1)
    tracked.sync()
    (run,) = train.find(0.1)
    client.set_tag(run.info.run_id, t.STORED, "stored")
    client._tracking_client._get_artifact_repo(run.info.run_id).delete_artifacts(finished.ARTIFACT)
    on_machine("two")
    assert 0.1 == train(0.1)
    assert [0.1, 0.1] == CALLS
    assert "its result cannot be fetched" in capfd.readouterr().err


def test_a_dead_store_costs_a_moment_once(monkeypatch, capfd):
    """Nothing answers: the call runs within seconds, that is said once, and what is known here is still reused."""
    monkeypatch.setenv("TRACKED_SHIPPER", "thread")
    monkeypatch.setenv("TRACKED_EXIT_TIMEOUT", "0")
    tracked.setup_mlflow(tracking_uri=f"http://127.0.0.1:{free_port()}")

    @tracked_training(on_existing="reuse")
    def train(lr):
        CALLS.append(lr)
        return lr

    train.key(0.1)
    began = time.monotonic()
    assert [1, 2, 1] == [train(1), train(2), train(1)]
    assert time.monotonic() - began < 2 * finished.PATIENCE
    assert [1, 2] == CALLS
    assert 1 == capfd.readouterr().err.count("does not tell whether work was done before")
