"""What importing ``tracked`` must not do."""

import json
import os
import subprocess
import sys

import pytest

HEAVY = [
    "mlflow",
    "azure",
    "optuna",
    "pandas",
    "numpy",
    "sklearn",
    "IPython",
    "ray",
    "torch",
    "sqlalchemy",
    "tqdm",
]


def loaded_by(code, **environ):
    """The heavy packages that a fresh process has loaded after this code."""
    told = f"{code}\nimport sys, json\nprint(json.dumps([m for m in {HEAVY} if m in sys.modules]), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", told],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stderr.splitlines()[-1]), done.stdout


def test_the_import_loads_nothing_heavy():
    """``import tracked`` brings neither MLflow nor what MLflow brings."""
    assert ([], "") == loaded_by("import tracked")


@pytest.mark.parametrize(
    "argument", ["--help", "doctor --help", "export --help", "import --help", "sync --help", "--version"]
)
def test_the_command_line_loads_nothing_heavy(argument):
    """``tracked --help`` answers at once."""
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['tracked', *{argument.split()!r}]\n"
        "try: runpy.run_module('tracked.cli', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
    )
    loaded, printed = loaded_by(code)
    assert [] == loaded
    assert printed


def test_a_tracked_call_loads_nothing_heavy(tmp_path):
    """Delivering is the shipper's work: the user's process has no MLflow, and no thread of ours."""
    code = (
        "import threading\n"
        "from tracked import track, tracked_training\n"
        "@tracked_training\n"
        "def train(lr):\n"
        "    track.log(acc=lr)\n"
        "    track.artifact(b'x', 'x.txt')\n"
        "    return {'acc': lr}\n"
        "train(0.1)\n"
        "assert 1 == threading.active_count()\n"
    )
    uri = f"records://{tmp_path}/store.records"
    assert ([], "") == loaded_by(
        code, TRACKED_TRACKING_URI=uri, TRACKED_SILENT="0", TRACKED_VERBOSITY="quiet"
    )


def test_decorating_loads_no_engine():
    """A sweep loads Optuna when it runs, not when it is written."""
    code = "from tracked import tracked_sweep\n@tracked_sweep(sampler='tpe', maximize='acc')\ndef sweep(trial): ...\n"
    assert ([], "") == loaded_by(code)
