"""`tracked ui`: the right page of MLflow's UI, on the server that is there or on one of its own."""

import json
import os
import signal
import subprocess
import sys
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.cli.looked_at import Filled
from tests.servers import free_port

VIEW = "?workflowType=machine_learning"


@pytest.mark.server
def test_where_the_store_is_a_server_its_address_is_printed(server_uri, tracked, monkeypatch):
    """The page of the run, or the list of the experiment's runs, or all experiments where that one is not there yet."""
    run_id = Filled(server_uri, None).add("seen", "training", experiment="seen by ui")
    monkeypatch.setenv("TRACKED_TRACKING_URI", server_uri)
    experiment = json.loads(tracked("show", run_id, "--json")[1])["experiment_id"]
    assert (0, f"{server_uri}/#/experiments/{experiment}/runs/{run_id}{VIEW}\n", "") == tracked("ui", run_id)
    monkeypatch.setenv("TRACKED_EXPERIMENT", "seen by ui")
    assert {"url": f"{server_uri}/#/experiments/{experiment}/runs{VIEW}"} == json.loads(
        tracked("ui", "--json")[1]
    )
    monkeypatch.setenv("TRACKED_EXPERIMENT", "no such experiment")
    assert (0, f"{server_uri}/#/experiments{VIEW}\n", "") == tracked("ui")


@pytest.mark.slow
@pytest.mark.server
def test_a_local_store_is_served_until_ctrl_c_and_found_meanwhile(own, tracked):
    """On the loopback; a second call prints the same address; nothing is left behind."""
    run_id = own.add("seen", "training")
    port = free_port()
    serve = [sys.executable, "-m", "tracked.cli", "ui", run_id, "--port", str(port)]
    with subprocess.Popen(
        serve, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as ui:
        assert ui.stdout is not None
        url = ui.stdout.readline().strip()
        assert url.startswith(f"http://127.0.0.1:{port}/#/experiments/")
        assert url.endswith(f"/runs/{run_id}{VIEW}")
        with urlopen(f"http://127.0.0.1:{port}/health", timeout=30) as answer:
            assert 200 == answer.status
        assert (0, f"{url}\n", "") == tracked("ui", run_id)
        ui.send_signal(signal.SIGINT)
        assert (0, "Note: Ctrl-C ends the server\n") == (ui.wait(60), ui.stderr.read())
    with pytest.raises(URLError):
        urlopen(f"http://127.0.0.1:{port}/health", timeout=5)


def test_a_server_that_does_not_start_is_told_and_4(own, tracked, mocker):
    """With the last thing that it said."""
    mocker.patch("tracked.cli.ui.sys.executable", "/bin/false")
    code, printed, said = tracked("ui")
    assert (4, "") == (code, printed)
    assert "MLflow's server does not start: it says nothing" in said
