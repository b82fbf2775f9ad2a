"""A decorated sweep in Azure ML: the genuine clients and plugin, all the way to what is stored."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from tests.azure.emulator import names
from tests.azure.emulator.artifacts import blob_of
from tests.azure.genuine.programs import run

MODEL = bytes(range(256)) * 1000
PROGRAM = """
    import json, tempfile, tracked
    from hashlib import sha256
    from pathlib import Path
    from tracked import track, tracked_sweep, tracked_training

    client = tracked.create_ml_client_from_config()
    uri = tracked.setup_mlflow("nested", ml_client=client, fallback_to_local=False)

    @tracked_training
    def train(lr: float, epochs: int = 3):
        for epoch in range(epochs):
            track.log(loss=lr / (epoch + 1))
        track.artifact(bytes(range(256)) * 1000, "weights/model.bin")
        track.artifact(b"", "weights/empty.bin")
        if not tracked.sync(120):
            raise SystemExit("not delivered")
        track.artifact(b"later", "later.txt")
        return {"acc": 1 - lr}

    @tracked_sweep(n_trials=2, maximize="acc", seed=1)
    def sweep(trial):
        return train(trial.suggest_float("lr", 1e-3, 1e-1, log=True))

    sweep()
    assert tracked.sync(120)
    found = tracked.find_mlflow_runs("nested")
    chosen = next(run for run in found if run.data.tags["stage"] == "training")
    folder = Path(tracked.download_artifacts(chosen.info.run_id, "", Path(tempfile.mkdtemp())))
    print(json.dumps({
        "uri": uri,
        "runs": {run.info.run_id: {"status": run.info.status, **run.data.tags} for run in found},
        "metrics": chosen.data.metrics, "params": chosen.data.params, "chosen": chosen.info.run_id,
        "url": tracked.get_mlflow_run_url(chosen.info.experiment_id, chosen.info.run_id),
        "by_tag": len(tracked.find_mlflow_runs("nested", "tags.stage = 'hpo_trial' AND metrics.acc > 0.5")),
        "files": {
            path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*") if path.is_file()
        },
    }))
"""


@pytest.fixture(scope="module")
def swept(fresh_azure):
    """One run of the program, for all the tests: what it told, what it said, and where."""
    told, said = run(PROGRAM)
    return told, said, fresh_azure


def test_the_tree_is_as_the_calls_were(swept):
    """A sweep, its trials, and in each a training: parents, stages and end states are those of the calls."""
    runs = swept[0]["runs"]
    (top,) = [run_id for run_id, tags in runs.items() if tags["stage"] == "hpo"]
    trials = [i for i, tags in runs.items() if tags.get("mlflow.parentRunId") == top]
    assert {"hpo_trial"} == {runs[trial]["stage"] for trial in trials}
    below = [tags["mlflow.parentRunId"] for tags in runs.values() if tags["stage"] == "training"]
    assert sorted(trials) == sorted(below)
    assert (2, {"FINISHED"}) == (len(trials), {tags["status"] for tags in runs.values()})


def test_what_was_logged_is_there_and_found(swept):
    """Metrics, params and hashes come back through the finder, by a filter too."""
    told = swept[0]
    assert {"acc", "loss"} <= told["metrics"].keys()
    assert "3" == told["params"]["epochs"]
    assert 2 == told["by_tag"]
    for key in ("study_key_hash", "trial_key_hash"):
        of_trials = {t[f"tracked.{key}"] for t in told["runs"].values() if t["stage"] == "hpo_trial"}
        assert (1 if key == "study_key_hash" else 2) == len(of_trials)


def test_artifacts_come_back_byte_for_byte(swept):
    """What was sent is in the storage account, and what is downloaded is what was sent; an empty file too."""
    told, _, azure = swept
    sent = {"weights/model.bin": MODEL, "weights/empty.bin": b"", "later.txt": b"later"}
    stored = azure.blobs()
    assert sent == {name: stored[blob_of(told["chosen"], name)] for name in sent}
    assert {name: sha256(content).hexdigest() for name, content in sent.items()} == {
        name: told["files"][name] for name in sent
    }


def test_nothing_was_asked_that_need_not_be(swept):
    """Only hosts that are emulated; no list of clouds, no log-in of a person, no logged models, no traces."""
    log = swept[2].log()
    paths = " ".join(each.path for each in log)
    assert [] == [
        word for word in ("/metadata/endpoints", "devicecode", "logged-models", "traces") if word in paths
    ]
    assert set() == {each.host for each in log if each.status == 502}
    assert {each.host for each in log} <= {
        names.LOGIN,
        names.MANAGEMENT,
        names.API,
        f"{names.ACCOUNT}{names.BLOBS}",
    }
    assert not [each for each in log if each.status >= 500]


def test_each_process_has_logged_in_for_itself(swept):
    """The shipper delivers with a token of its own: what travels to it is how to get one, never one."""
    log = swept[2].log()
    users = {each.token for each in log if "arm_ml" in each.agent}
    of_runs = {each.token for each in log if each.path.endswith("/runs/create")}
    assert 1 == len(of_runs)
    assert not users & of_runs


def test_the_plugin_is_the_genuine_one(swept):
    """Runs were made by Azure's plugin in MLflow's client, files sent by Azure's own storage client."""
    log = swept[2].log()
    assert all("azureml-mlflow" in each.agent for each in log if each.path.endswith("/runs/create"))
    assert all("storage-blob" in each.agent for each in log if each.host.endswith(names.BLOBS))


def test_the_link_leads_to_the_studio(swept):
    """Neither MLflow's link to the API's host is printed, nor is ours anything but the studio's."""
    told, said, _ = swept
    scope = f"/subscriptions/{names.SUBSCRIPTION}/resourcegroups/{names.GROUP}/workspaces/{names.WORKSPACE}"
    assert f"https://ml.azure.com/runs/{told['chosen']}?wsid={scope}" == told["url"]
    assert "#/experiments" not in said + json.dumps(told)
