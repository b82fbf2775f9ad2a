"""`tracked tail`: a run while it goes on."""

import json
import re
import threading

from mlflow import MlflowClient

from tracked.cli import tail


def test_the_last_steps_of_a_run_that_has_ended(shown):
    """And how it ended."""
    printed = re.sub(r"\d\d:\d\d:\d\d", "<time>", shown("tail", "slow", "-n", "2"))
    assert (
        "<time>  slow  step 2  f1=0.3\n<time>  slow  step 3  f1=0.4\n<time>  slow  FINISHED  f1=0.4\n"
        == printed
    )


def test_a_sweep_tells_of_the_runs_inside(tracked, looked_at):
    """Each with its status and what it measured."""
    lines = [json.loads(line) for line in tracked("tail", "sweep", "-n", "0", "--json")[1].splitlines()]
    assert ["trial-0", "trial-1", "sweep"] == [line["run_name"] for line in lines]
    assert ["FINISHED"] * 3 == [line["status"] for line in lines]


def test_what_comes_is_told_once_each_in_its_order_until_the_end(own):
    """Steps are told while the run goes on, none twice and none left out, equal values too."""
    run_id = own.add("going", "training", course={"loss": (5.0,)}, status="RUNNING")
    client, is_looked_at = MlflowClient(own.uri), threading.Event()

    def go_on():
        is_looked_at.wait(30)
        for step in range(1, 4):
            client.log_metric(run_id, "loss", 5.0, step=step)
            client.log_metric(run_id, "acc", step / 4, step=step)
        client.set_terminated(run_id, "KILLED")

    writer = threading.Thread(target=go_on)
    writer.start()
    seen = []
    for one in tail.follow(tail.opened(), run_id, every=0.01):
        seen += [(key, one.step, value, one.status) for key, value in one.values.items()]
        is_looked_at.set()
    writer.join()
    ends = [("acc", None, 0.75, "KILLED"), ("loss", None, 5.0, "KILLED")]
    assert ends == sorted(seen[-2:])
    assert [("loss", step, 5.0, "") for step in range(4)] == [one for one in seen[:-2] if one[0] == "loss"]
    assert [("acc", step, step / 4, "") for step in range(1, 4)] == [
        one for one in seen[:-2] if one[0] == "acc"
    ]
