"""What importing ``tracked`` must not do."""

import ast
import json
import os
import subprocess
import sys
from importlib import util
from pathlib import Path

import pytest

import tracked

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

TRAINING = "from tracked import track, tracked_training\n@tracked_training\ndef train(lr): ...\n"
LATER = {
    *("azure", "cli", "journal", "mlflow", "reports", "shipper", "sweeps", "testing", "trackers"),
    *("aggregate", "bars", "calls", "cards", "checkpoints", "comparing", "curves", "downloading", "drawing"),
    *("explaining", "finding", "found", "handles", "hashing", "identity", "keeping", "last_line", "params"),
    *(
        "ports",
        "reporting",
        "rerunning",
        "resume_point",
        "resuming",
        "reusing",
        "runs",
        "selecting",
        "submitting",
    ),
    *("kinds.benchmark", "kinds.conversion", "kinds.sweep", "notebook.magics", "notebook.watching"),
}
"""Modules of our own that a training that is written, but not called, has no use for."""
OF_OTHERS = {
    *("click", "filelock", "orjson", "platformdirs", "psutil", "rfc8785", "tomllib", "tomli", "yaml"),
    *(
        "difflib",
        "http.client",
        "multiprocessing",
        "sqlite3",
        "unittest",
        "urllib.request",
        "uuid",
        "xml.etree",
    ),
}
"""Of our dependencies and of Python, likewise."""


def loaded_by(code, names=HEAVY, **environ):
    """Those of the named modules that a fresh process has loaded after this code; by default the heavy packages."""
    told = (
        f"{code}\nimport sys, json\n"
        f"print(json.dumps([m for m in {sorted(names)} if m in sys.modules]), file=sys.stderr)"
    )
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


def test_a_training_that_is_written_loads_only_what_decorating_needs():
    """Of our own modules, of our dependencies and of Python: the rest waits for a call, or for who asks for it."""
    assert ([], "") == loaded_by(TRAINING, {f"tracked.{name}" for name in LATER} | OF_OTHERS)


def test_what_must_not_be_loaded_yet_is_there():
    """The list above has no name that has gone, which nothing could load."""
    assert [] == [n for n in sorted(LATER) if util.find_spec(f"tracked.{n}") is None]


def test_a_name_that_is_loaded_later_is_where_type_checkers_look_for_it():
    """Each is imported for them from the module that it really comes from, and no other name is."""
    source = ast.parse(Path(tracked.__file__).read_text(encoding="utf-8"))
    (block,) = [
        n for n in source.body if isinstance(n, ast.If) and ast.unparse(n.test) == "typing.TYPE_CHECKING"
    ]
    told = {name.name: each.module or name.name for each in block.body for name in each.names}
    late = [n for n in ast.walk(source) if isinstance(n, ast.Dict)]
    assert [told] == [ast.literal_eval(each) for each in late]


def test_a_name_is_loaded_when_it_is_asked_for():
    """All of ``__all__`` is listed before, and is the same object however often it is asked for."""
    code = (
        "import tracked\n"
        "assert set(tracked.__all__) <= set(dir(tracked))\n"
        "assert tracked.testing.captured and tracked.tracked_sweep is tracked.tracked_sweep\n"
        "assert 'tracked_sweep' in vars(tracked)\n"
        "from tracked import *\n"
        "assert set(tracked.__all__) <= set(globals())\n"
    )
    assert ([], "") == loaded_by(code)


def test_a_name_that_is_none_of_ours_is_said_to_be_missing():
    """As Python says it of any module."""
    with pytest.raises(AttributeError, match="module 'tracked' has no attribute 'tracked_swep'"):
        _ = tracked.tracked_swep


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
