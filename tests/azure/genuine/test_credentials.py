"""Whose login delivers, where it cannot or must not travel."""

from __future__ import annotations

import json

from tests.azure.emulator import entra, names
from tests.azure.genuine.programs import at_a_terminal, run

IN_MEMORY = """
    import json, os, tracked
    from azure.identity import ClientSecretCredential
    from tracked import track

    login = [os.environ.pop(name) for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")]
    client = tracked.create_ml_client_from_config(credential=ClientSecretCredential(*login))
    tracked.setup_mlflow("memory", ml_client=client, fallback_to_local=False)
    with track.run("mine"):
        track.log(acc=0.5)
        track.artifact(b"hello", "a.txt")
    assert tracked.sync(120)
    told = tracked.find_mlflow_runs("memory")
    print(json.dumps({"names": [run.info.run_name for run in told], "given": sorted(os.environ)}))
"""


def test_a_secret_in_memory_delivers_from_its_own_process(azure) -> None:
    """A thread there has the credential; that is said once, and the secret is nowhere else."""
    told, said = run(IN_MEMORY)
    assert ["mine"] == told["names"]
    assert 1 == said.count("lives in this process alone")
    assert not {"AZURE_CLIENT_SECRET", "TRACKED_AZURE_CREDENTIAL"} & set(told["given"])
    assert b"hello" in azure.blobs().values()


WITH_MLFLOW = """
    import json, mlflow, tracked
    from tracked import track, tracked_training

    tracked.setup_mlflow("plain", ml_client=tracked.create_ml_client_from_config(), fallback_to_local=False)

    @tracked_training
    def train(lr: float):
        mlflow.log_metric("acc", 0.5)
        mlflow.log_text("hello", "by-mlflow.txt")
        with mlflow.start_run(run_name="inside"):
            mlflow.log_param("a", 1)

    train(0.1)
    assert tracked.sync(120)
    told = {run.info.run_name: run for run in tracked.find_mlflow_runs("plain")}
    outer = next(run for name, run in told.items() if name != "inside")
    print(json.dumps({"metrics": outer.data.metrics, "parent": told["inside"].data.tags["mlflow.parentRunId"],
                      "id": outer.info.run_id}))
"""


def test_mlflows_own_calls_go_to_the_same_run(azure) -> None:
    """With the client's credential, without asking, and no link to the API's host is printed."""
    told, said = run(WITH_MLFLOW)
    assert 0.5 == told["metrics"]["acc"]
    assert told["id"] == told["parent"]
    assert b"hello" in azure.blobs().values()
    assert f"{names.API}/#" not in said
    assert [] == azure.log("devicecode") + azure.log("/metadata/endpoints")


def test_an_expired_token_is_renewed(azure) -> None:
    """What is delivered later than the first token lived is delivered all the same."""
    azure.options(token_life=5)
    told, _ = run(
        """
        import json, time, tracked
        from tracked import track
        tracked.setup_mlflow("expiry", ml_client=tracked.create_ml_client_from_config(), fallback_to_local=False)
        with track.run("long"):
            for step in range(3):
                track.log(x=step)
                assert tracked.sync(120)
                if step < 2:
                    time.sleep(6)
        assert tracked.sync(120)
        (run,) = tracked.find_mlflow_runs("expiry")
        print(json.dumps(run.data.metrics))
        """
    )
    assert 2.0 == told["x"]
    assert len(azure.log("/oauth2/v2.0/token")) > 2


BY_A_CODE = """
    import json, tracked
    from tracked import track

    client = tracked.create_ml_client_from_config()
    tracked.setup_mlflow("colab", ml_client=client, fallback_to_local=False)
    for name in ("first", "second"):
        with track.run(name):
            track.artifact(name.encode(), "a.txt")
            assert tracked.sync(120)
    print(json.dumps(sorted(run.info.run_name for run in tracked.find_mlflow_runs("colab"))))
"""
PENDING = {"error": "authorization_pending", "error_description": "AADSTS70016: the code is not typed in yet"}


def test_a_person_types_in_a_code_where_no_browser_opens(azure, home, monkeypatch) -> None:
    """As in Colab: one line tells address and code; once it is typed in, runs arrive, and nobody is asked again."""
    for name in azure.login:
        monkeypatch.delenv(name)
    azure.options(token_life=200)  # what lives for less than five minutes is renewed at each use
    azure.fault(f"POST {names.LOGIN}/.*/token", 400, body=json.dumps(PENDING))
    told, said = at_a_terminal(BY_A_CODE, PATH="", KAGGLE_KERNEL_RUN_TYPE="Interactive")
    assert ["first", "second"] == told
    assert 1 == said.count(f"open {entra.DEVICE_PAGE} and type {entra.USER_CODE}")
    assert 1 == len(azure.log("devicecode"))
    assert 1 == said.count("lives in this process alone")
    assert {b"first", b"second"} <= set(azure.blobs().values())
    assert {400, 200} == {each.status for each in azure.log("/token")}
    assert len(azure.log("/token")) > 3
