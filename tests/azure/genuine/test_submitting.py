"""Calls submitted as jobs, and the jobs' commands run as a compute target would: with the code and environment sent."""

from __future__ import annotations

import json

import pytest

from tests.azure.emulator import names
from tests.azure.emulator.artifacts import blob_of
from tests.azure.genuine import compute
from tests.azure.genuine.programs import PATIENCE, run
from tests.azure.genuine.submissions import submitted


def test_a_call_runs_as_a_job_and_is_recognised(azure, code, tmp_path):
    """The job's run is the call: same keys, params, metrics, files, nested runs; ended by the job, found from here."""
    told, _ = submitted("""
        given = {"lr": 0.1, "texts": ["it's $HOME"], "data": {"type": "uri_folder", "path": "azureml:corpus:1"}}
        job = work.train.submit(client, compute="cpu", environment="azureml:env:1", inputs=given)
        key = work.train.key(lr=0.1, texts=["it's $HOME"], data="azureml:corpus:1")
        print(json.dumps({"name": job.name, "url": job.url, "key": key, "status": job.status}))
    """)
    name = told["name"]
    assert f"https://ml.azure.com/runs/{name}?" in told["url"]
    assert "STARTING" == told["status"]
    said = compute.run(azure, name, tmp_path / "machine")
    assert "Completed" == azure.jobs()[name]["properties"]["status"], said
    found, heard = submitted(f"""
        from tracked.elsewhere import Job
        job = Job({name!r}, "", "jobs", tracked.setup_mlflow("jobs"), client)
        given = dict(lr=0.1, texts=["it's $HOME"], data="azureml:corpus:1")
        print(json.dumps({{
            "wait": job.wait(60), "found": [run.info.run_id for run in work.train.find(**given)],
            "tags": job.data.tags, "metrics": job.data.metrics, "params": job.data.params,
            "children": [[run.data.tags["mlflow.runName"], run.info.status] for run in job.children()],
            "file": job.download("model.bin").read_text(), "status": job.info.status,
        }}))
    """)
    assert ("FINISHED", "FINISHED", [name]) == (found["wait"], found["status"], found["found"])
    assert told["key"] == found["tags"]["tracked.call_key"]
    assert ("training", "work.train") == (found["tags"]["stage"], found["tags"]["tracked.function"])
    assert {"loss": 0.1 / 3, "acc": 0.9}.items() <= found["metrics"].items()
    assert ("0.1", "/mnt/data") == (found["params"]["lr"], found["params"]["data"])
    assert [["evaluation", "FINISHED"]] == found["children"]
    assert "weights" == found["file"]
    assert b"weights" == azure.blobs()[blob_of(name, "model.bin")]
    assert "job" in heard
    assert "Completed" in heard
    # That of the run inside: the other one is the job's to end.
    assert 1 == len(azure.log("runs/update"))


def test_a_sweep_runs_as_a_sweep_job(azure, code, tmp_path):
    """Space, goal, limits and early end are Azure's; each trial is its job's run, with the study's key and its own."""
    told, _ = submitted("""
        job = work.search.submit(client, compute="cpu", environment="azureml:env:1", inputs={"epochs": 3})
        print(json.dumps({"name": job.name, "tags": job.data.tags, "study": job.data.tags["tracked.study_key_hash"]}))
    """)
    name = told["name"]
    sweep = azure.jobs()[name]["properties"]
    assert "Sweep" == sweep["jobType"]
    assert ("maximize", "acc") == (sweep["objective"]["goal"].lower(), sweep["objective"]["primaryMetric"])
    assert (2, 2) == (sweep["limits"]["maxTotalTrials"], sweep["limits"]["maxConcurrentTrials"])
    assert "MedianStopping" == sweep["earlyTermination"]["policyType"]
    assert {"lr", "opt", "layers"} == sweep["searchSpace"].keys()
    assert "hpo" == told["tags"]["stage"]
    for number, values in enumerate(
        [{"lr": "0.01", "opt": "adam", "layers": "3"}, {"lr": "0.05", "opt": "sgd", "layers": 1}]
    ):
        azure.child(name, f"{name}_{number}", **{**sweep, "displayName": f"{name}_{number}"})
        said = compute.run(azure, f"{name}_{number}", tmp_path / f"machine{number}", values)
        assert "Completed" == azure.jobs()[f"{name}_{number}"]["properties"]["status"], said
    found, _ = submitted(f"""
        from tracked.elsewhere import Job
        job = Job({name!r}, "", "jobs", tracked.setup_mlflow("jobs"), client)
        found = [(run.info.run_id, run.data) for run in job.children()]
        print(json.dumps([[name, data.tags, data.metrics, data.params] for name, data in found]))
    """)
    trials = {run_id: (tags, metrics, params) for run_id, tags, metrics, params in found}
    assert {f"{name}_0", f"{name}_1"} == trials.keys()
    tags, metrics, params = trials[f"{name}_0"]
    assert ("hpo_trial", told["study"]) == (tags["stage"], tags["tracked.study_key_hash"])
    assert {"acc": 0.99, "loss": 0.03}.items() <= {
        key: round(value, 6) for key, value in metrics.items()
    }.items()
    assert {"lr": "0.01", "opt": "adam", "layers": "3", "epochs": "3"}.items() <= params.items()
    assert 2 == len({tags["tracked.trial_key_hash"] for tags, _, _ in trials.values()})


def test_a_job_may_be_made_in_another_workspace(azure, code, tmp_path):
    """Runs go to one workspace, the job and all that is asked of it to that of its client; neither sees the other's."""
    told, _ = submitted(f"""
        from tracked import track
        other = tracked.create_ml_client_from_config(workspace_name={names.OTHER!r})
        with track.run("here"):
            job = work.train.submit(other, compute="cpu", environment="azureml:env:1", inputs={{"lr": 0.1}})
        assert tracked.sync(120)
        print(json.dumps([job.name, job.uri, job.url]))
    """)
    name, uri, url = told
    assert names.OTHER_URI == uri.replace("/v1.0/", "/v2.0/")
    assert names.OTHER in url
    machine = compute.start(azure, name, tmp_path / "machine", MLFLOW_TRACKING_URI=names.OTHER_URI)
    said = machine.communicate(timeout=PATIENCE)[1]
    assert 0 == machine.returncode, said
    azure.end(name, "Completed")
    told, _ = submitted(f"""
        from tracked.elsewhere import Job
        other = tracked.create_ml_client_from_config(workspace_name={names.OTHER!r})
        job = Job({name!r}, "", "jobs", {uri!r}, other)
        file = job.download("model.bin").read_text()
        print(json.dumps([job.status, job.data.metrics["acc"], len(job.children()), file]))
    """)
    assert ["FINISHED", 0.9, 1, "weights"] == told
    of_the_job = [each.path for each in azure.log(name) if "/workspaces/" in each.path]
    assert of_the_job
    assert [] == [path for path in of_the_job if names.OTHER not in path]
    (here,) = [each for each in azure.log("runs/create") if names.OTHER not in each.path]
    assert 200 == here.status


@pytest.mark.either_way("nobody is asked")
def test_the_yaml_is_told_without_a_network(azure, code):
    """A dry run asks nobody, and Azure's own loader takes what it tells, for a call and for a sweep."""
    told, _ = run("""
        import io, json, work
        texts = [
            work.train.submit(environment="azureml:env:1", inputs={"lr": 0.1}, dry_run=True),
            work.search.submit(environment="azureml:env:1", dry_run=True),
        ]
        from azure.ai.ml import load_job
        print(json.dumps([type(load_job(io.StringIO(text))).__name__ for text in texts]))
    """)
    assert ["Command", "SweepJob"] == told
    assert [] == azure.log()


@pytest.mark.either_way("the job is refused by the resource manager")
def test_what_azure_does_not_take_is_said_in_one_line(azure, code):
    """A refused submission is our exception, with what to do."""
    azure.fault(
        "PUT .*/jobs/", 403, body=json.dumps({"error": {"code": "AuthorizationFailed", "message": "no"}})
    )
    told, _ = submitted("""
        from tracked.errors import LoginRefused
        try:
            work.train.submit(client, environment="azureml:env:1", inputs={"lr": 0.1})
        except LoginRefused as error:
            print(json.dumps(str(error)))
    """)
    assert "AzureML Data Scientist" in told
