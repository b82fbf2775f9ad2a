"""`tracked show`: all that is known of a run."""

import json
import re

from mlflow import MlflowClient

from tests.cli.looked_at import HOSTILE, STUDY
from tracked.ports import OURS

FAST = """\
fast  FINISHED
id          <id>
kind        training
function    jobs.train
experiment  look
inside      <id>
began       <time> UTC, took 10 s
see         tracked ui <run 02>

params
  depth  3
  lr     0.1

metrics
  f1  0.9  ▁▄▆█

tags
  stage  training

keys
  call  llac0
"""
SWEEP = """\
sweep  FINISHED
id          <id>
kind        hpo
experiment  look
began       <time> UTC, took 10 s
see         tracked ui <run 00>

metrics
  f1  0.9

tags
  stage  hpo

inside (2)
  RUN       NAME     STATUS    AGE  TIME   f1  PARAMS
  <run 01>  trial-0  FINISHED  2 h  10 s  0.9  lr=0.1
  <run 03>  trial-1  FINISHED  2 h  10 s  0.4  lr=0.05

keys
  study  5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed
"""


def still(printed):
    """Without what changes from one store to the next."""
    printed = re.sub(r"<run \d{6}>[0-9a-f]{20}", "<id>", printed)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "<time>", printed)


def test_a_training(shown):
    """What it was called with, what it measured and how that went, and what it is recognised by."""
    assert FAST == still(shown("show", "fast"))


def test_a_sweep(shown):
    """With the runs inside it."""
    assert SWEEP == still(shown("show", "sweep"))


def test_why_a_run_failed(shown):
    """The error stands above all."""
    printed = shown("show", HOSTILE)
    assert "why\n  error    ValueError\n  message  no \\x1b[2Jdata\n" in printed


def test_its_artifacts_are_listed(own, tracked, tmp_path):
    """With their sizes; our own notes of what was sent are not among them."""
    run_id = own.add("saved", "training")
    (tmp_path / "model.bin").write_bytes(b"x" * 2048)
    for folder in ("models", OURS):
        MlflowClient(own.uri).log_artifact(run_id, str(tmp_path / "model.bin"), folder)
    assert "artifacts (1)\n  models/model.bin  2.0 KiB\n" in tracked("show", "saved")[1]


def test_as_json_it_is_one_object(tracked, looked_at):
    """All that is shown, and all tags."""
    code, printed, _ = tracked("show", "sweep", "--json")
    told = json.loads(printed)
    assert 0 == code
    assert {"study": STUDY} == told["keys"]
    assert ["trial-0", "trial-1"] == [run["run_name"] for run in told["children"]]
    assert ("hpo", {"f1": 0.9}, {}) == (told["kind"], told["metrics"], told["artifacts"])
    assert told["url"].startswith("mlflow ui --backend-store-uri sqlite:")


def test_a_run_that_goes_on_has_taken_until_now(own, tracked):
    """And no end that nobody wrote."""
    own.add("going", "training", status="RUNNING")
    assert re.search(r"began .*, took 2 h\n", tracked("show", "going")[1])
