"""Azure ML's limits: more of everything than a run may have, and not a bit of it lost."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.azure.emulator.artifacts import blob_of
from tests.azure.genuine.programs import BY_CLIENT, BY_URI, run

MUCH = (
    BY_CLIENT
    + """
    @tracked_training
    def train(lr: float = 0.1):
        track.params({f"p{i}": i for i in range(250)})
        track.tag(**{f"t{i}": "x" * 1500 if i == 3 else i for i in range(60)})
        for step in range(10000):
            track.log(loss=step / 10000)
        for step in range(3):
            track.log({f"m{i}": i + step for i in range(60)})

    train()
    assert tracked.sync(240)
    from mlflow import MlflowClient
    found = told()
    steps = [point.step for point in MlflowClient().get_metric_history(found["id"], "loss")]
    print(json.dumps({**found, "whole": steps == list(range(10000))}))
"""
)


@pytest.fixture(scope="module")
def much(fresh_azure):
    """One run with too much of everything: what is stored, what was said, and where."""
    told, said = run(MUCH)
    return told, said, fresh_azure


def kept(much, name):
    return much[2].blobs()[blob_of(much[0]["id"], f"overflow/{name}")]


def test_250_params_are_all_there(much):
    """200 at most are params, the others lie in one file, each exactly once."""
    params, rest = much[0]["params"], json.loads(kept(much, "params.json"))
    assert {f"p{i}": str(i) for i in range(250)} | {"lr": "0.1"} == params | rest
    assert len(params) <= 200
    assert not params.keys() & rest.keys()


def test_60_tags_are_all_there(much):
    """Tags that find no room are in one file, a long one is cut and kept whole, and ours are all on the run."""
    tags, rest = much[0]["tags"], json.loads(kept(much, "tags.json"))
    both = tags | rest
    assert {f"t{i}": str(i) for i in range(60) if i != 3} == {
        key: both[key] for key in (f"t{i}" for i in range(60) if i != 3)
    }
    assert len(both["t3"]) <= 1000
    whole = [blob for name, blob in much[2].blobs().items() if "/tags/t3." in name]
    assert [b"x" * 1500] == whole
    assert {"stage", "tracked.id", "tracked.call_key", "tracked.overflow"} <= tags.keys()


def test_10000_values_and_60_metrics_are_all_there(much):
    """Values arrive in batches that Azure takes; metrics that find no room are in one file with all their values."""
    metrics = much[0]["metrics"]
    rows = list(csv.DictReader(io.StringIO(kept(much, "metrics.csv").decode())))
    assert len(metrics) <= 50
    assert 61 == len(metrics.keys() | {row["key"] for row in rows})
    assert 3 * (61 - len(metrics)) == len(rows)
    assert 0.9999 == metrics["loss"]


def test_nothing_was_refused_and_that_is_said_once(much):
    """Not one request broke a limit; the person is told once where the rest lies."""
    _, said, azure = much
    # What is not there yet is answered 404.
    assert [] == [each for each in azure.log() if each.status >= 400 and each.status != 404]
    assert 1 == said.count("overflow")


def test_all_values_of_a_metric_are_in_its_history(much):
    """Ten thousand values are ten thousand points, step by step."""
    assert much[0]["whole"]


def test_a_name_is_written_once_and_nothing_is_lost(azure, home):
    """The same file again is delivered, another of that name lies under its digest, and neighbours go as they are."""
    told, _ = run(
        BY_URI
        + """
    with track.run("r", kind="training") as r:
        for content in (b"first", b"first", b"second"):
            track.artifact(content, "last.ckpt")
            track.artifact(content, f"of-{content.decode()}.txt")
            assert tracked.sync(120)
    assert tracked.sync(120)
    from tracked.session import current
    aside = current().folder.aside
    print(json.dumps([r.id, aside.read_text() if aside.exists() else ""]))
"""
    )
    run_id, aside = told
    files = {name.removeprefix(blob_of(run_id, "")): content for name, content in azure.blobs().items()}
    assert b"first" == files["last.ckpt"]
    assert [b"second"] == [content for name, content in files.items() if name.startswith("last.")][1:]
    assert {"of-first.txt", "of-second.txt"} <= files.keys()
    assert "" == aside


def test_a_model_is_kept_whatever_the_service_knows(azure, home):
    """`track.model` works with and without the endpoint of logged models, which it never asks."""
    (told, _) = run(
        BY_URI
        + """
    class Model:
        __module__ = "xgboost.sklearn"
        def save_model(self, path):
            open(path, "wb").write(b"weights")

    Model.__name__ = Model.__qualname__ = "XGBModel"
    with track.run("r", kind="training") as r:
        track.model(Model(), "model")
    assert tracked.sync(120)
    print(json.dumps(r.id))
"""
    )
    assert [b"weights"] == [
        content for name, content in azure.blobs().items() if name.startswith(blob_of(told, "model"))
    ]
    assert [] == azure.log("logged-models")
