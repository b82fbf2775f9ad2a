"""Inside a job: what its machine loses, and what it gets again."""

from __future__ import annotations

import signal
import time

from tests.azure.emulator import names
from tests.azure.genuine import compute
from tests.azure.genuine.programs import PATIENCE
from tests.azure.genuine.submissions import found, submitted


def test_a_job_that_is_preempted_goes_on_in_the_same_run(azure, code, tmp_path):
    """SIGTERM leaves the run to the job; started again, its steps count on and the attempt is told."""
    told, _ = submitted("""
        job = work.slow.submit(client, compute="cpu", environment="azureml:env:1", inputs={"n": 400})
        print(json.dumps({"name": job.name}))
    """)
    name = told["name"]
    first = compute.start(azure, name, tmp_path / "machine")
    _await_values(azure)
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=120)
    arrived = _steps(name)
    assert list(range(len(arrived))) == arrived
    assert arrived
    _shorten(azure, name)
    said = compute.run(azure, name, tmp_path / "machine")
    assert "Completed" == azure.jobs()[name]["properties"]["status"], said
    assert list(range(len(arrived) + 5)) == _steps(name)
    told = found("""
        found = tracked.find_mlflow_runs("jobs")
        print(json.dumps([[run.info.run_id, run.info.status, run.data.tags.get("tracked.attempt")] for run in found]))
    """)
    assert [[name, "FINISHED", "2"]] == told


def test_what_a_lost_machine_had_not_sent_is_in_the_jobs_output(azure, code, tmp_path):
    """With an output called tracked, another machine sends what the first one could not, and its steps count on."""
    told, _ = submitted("""
        job = work.slow.submit(client, compute="cpu", environment="azureml:env:1", inputs={"n": 400},
                               outputs={"tracked": {"type": "uri_folder", "mode": "rw_mount"}})
        print(json.dumps({"name": job.name}))
    """)
    name = told["name"]
    azure.fault("runs/log-batch", 503, times=10_000)
    with compute.start(azure, name, tmp_path / "first"):
        _await_values(azure)
        compute.lose(tmp_path / "first")
    assert [] == _steps(name)
    azure.mend()
    _shorten(azure, name)
    said = compute.run(azure, name, tmp_path / "second")
    assert "Completed" == azure.jobs()[name]["properties"]["status"], said
    steps = _steps(name)
    assert list(range(len(steps))) == steps
    assert len(steps) > 5


def _await_values(azure) -> None:
    until = time.monotonic() + PATIENCE
    while not azure.log("runs/log-batch") and time.monotonic() < until:
        time.sleep(0.5)


def _shorten(azure, name: str) -> None:
    command = azure.jobs()[name]["properties"]["command"]
    azure.jobs({name: {"command": command.replace("400", "5")}})


def _steps(name: str) -> list[int]:
    return found(f"""
        from mlflow import MlflowClient
        print(json.dumps([point.step for point in MlflowClient().get_metric_history({name!r}, "loss")]))
    """)


def test_a_token_that_expires_is_renewed(azure, code, tmp_path):
    """A job whose token is about to end gets another one and goes on; nobody is asked to log in."""
    told, _ = submitted("""
        job = work.train.submit(client, compute="cpu", environment="azureml:env:1", inputs={"lr": 0.1})
        print(json.dumps({"name": job.name}))
    """)
    before = len(azure.log(names.LOGIN))
    process = compute.start(azure, told["name"], tmp_path / "machine", MLFLOW_TRACKING_TOKEN=names.token(20))
    said = process.communicate(timeout=PATIENCE)[1]
    assert 0 == process.returncode, said
    assert azure.log("/token")
    assert before == len(azure.log(names.LOGIN))
