"""A program of this folder, and what the tree of its runs has to be."""

import shutil
from pathlib import Path

from tests.scripts import Store, await_, called, values
from tracked import tags as t

QUIET = {
    "RAY_AUTH_MODE": "disabled",  # else a token is written to the home
    "RAY_USAGE_STATS_ENABLED": "0",
}


def stored_by(program, folder, expected):
    """All runs of this program, once so many have finished."""
    store = Store(folder)
    source = Path(__file__).with_name(program)
    shutil.copy(source, folder / source.name)
    environ = {"TRACKED_HOME": str(folder / "home"), "TRACKED_LINGER": "1", "HOME": str(folder), **QUIET}
    store.python(source.read_text(), **environ)
    await_(lambda: expected <= len([run for run in store.runs if run.status == "FINISHED"]), "delivery")
    return store.runs


def under(runs, above):
    """The runs that stand under this one."""
    return [run for run in runs if run.tags.get(t.MLFLOW_PARENT) == above.run_id]


def check_children(runs, name, xs):
    """Each x has a run under the one of this name, with its own data and no other."""
    (above,) = called(runs, name)
    children = sorted(under(runs, above), key=lambda run: run.params["x"])
    assert [str(x) for x in xs] == [run.params["x"] for run in children]
    for x, run in zip(xs, children, strict=True):
        assert ("FINISHED", [float(x)]) == (run.status, values(run, f"at {x}"))
        assert {f"at {x}", "y"} == set(run.metrics)
    assert {} == above.metrics


def check_own(runs, name, xs):
    """What was logged for each x is in the run of this name."""
    (above,) = called(runs, name)
    assert [] == under(runs, above)
    assert [[float(x)] for x in xs] == [values(above, f"at {x}") for x in xs]


def check_no_orphan(runs, names):
    """All runs have finished, and only those of these names stand by themselves."""
    assert {"FINISHED"} == {run.status for run in runs}
    assert sorted(names) == sorted(run.name for run in runs if t.MLFLOW_PARENT not in run.tags)
