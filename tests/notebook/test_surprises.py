"""The table of surprises that MLflow by hand has for a newcomer's notebook: row by row, none of them happens.

Each is acted out in a real kernel, on a real store of MLflow, whose own calls are among the acts.
"""

from __future__ import annotations

import json
import math
import time
from functools import cached_property

import pytest
from mlflow import MlflowClient

from tests.notebook.conftest import environment
from tests.notebook.kernels import notebook
from tests.scripts import Store, await_
from tests.stores import all_runs
from tracked import tags as t


class Lab:
    """A notebook on a local store, which is the default one of its folder."""

    def __init__(self, opened, folder):
        self.notebook, self.folder = opened, folder

    @cached_property
    def client(self):
        """MLflow's client of the store; it would make one where there is none yet."""
        self.deliver()
        return MlflowClient(f"sqlite:///{self.folder}/mlflow.db")

    def run(self, source):
        """Run a cell."""
        return self.notebook.run(source)

    def deliver(self):
        """Wait until all that was logged is in the store, however slow this machine is."""
        flush = "from tracked import session as _s; _s.current().flush()"
        await_(lambda: self.run(flush).text == "True", "it is not delivered")

    def __getitem__(self, name):
        """The one run of this name, whole."""
        (found,) = self.all(name)
        return found

    def all(self, name):
        """The runs of this name, the first first."""
        self.deliver()
        runs = [
            run for run in all_runs(self.client).values() if name in (run.name, run.name.rpartition("-")[0])
        ]
        return sorted(runs, key=lambda run: run.start_time)


@pytest.fixture(scope="module")
def lab(tmp_path_factory, templates):
    folder = tmp_path_factory.mktemp("lab")
    (folder / "pyproject.toml").touch()
    (folder / "deeper").mkdir()
    with notebook(folder, environment(folder, templates)) as opened:
        first = opened.run("from tracked import *\nwith track.run('the very first'): track.log(a=1)")
        opened.run("import numpy as np")
        lab = Lab(opened, folder)
        lab.first = first
        yield lab


def text_of(done):
    """What a person has to read of a cell: streams and errors, without the card."""
    said = [out.get("text", "") for out in done.outputs if out.output_type == "stream"]
    return "".join(said + ["\n".join(out.traceback) for out in done.outputs if out.output_type == "error"])


def test_the_first_use_of_a_local_store(lab):
    """No line of a database's migrations, nothing waited for, and the card names the store by its absolute path."""
    assert "" == text_of(lab.first)
    assert f"sqlite:///{lab.folder}/mlflow.db" in lab.first.html
    assert {"a": 1.0} == lab["the very first"].metrics


def test_start_raise_start(lab):
    """A cell that raises ends its run as FAILED, and the next start is as ever."""
    done = lab.run("with track.run('raises'): raise ValueError('x')")
    assert "ValueError" == done.error
    assert "" == lab.run("with track.run('raises'): track.log(a=1)").error
    first, second = lab.all("raises")
    assert ("FAILED", "FINISHED") == (first.status, second.status)
    assert t.MLFLOW_PARENT not in second.tags


def test_the_same_param_with_a_new_value(lab):
    """One line, no exception; the first value stays, and the new one is a tag; 7 and 7.0 are the same."""
    done = lab.run(
        "with track.run('params'):\n    track.params(lr=7); track.params(lr=7.0); track.params(lr=8)"
    )
    assert "" == done.error
    assert 1 == text_of(done).count("\n")
    run = lab["params"]
    assert {"lr": "7"} == run.params
    assert "8" == run.tags[t.param_changed("lr")]


def test_logging_without_a_run(lab):
    """Nothing is opened; one hint, once; the next run is at the root."""
    before = len(all_runs(lab.client))
    assert 1 == text_of(lab.run("track.log(acc=1)")).count("\n")
    assert "" == text_of(lab.run("track.log(acc=2)"))
    lab.run("with track.run('after the stray'): pass")
    assert t.MLFLOW_PARENT not in lab["after the stray"].tags
    assert before + 1 == len(all_runs(lab.client))


def test_a_nested_run(lab):
    """A run inside a run is its child without a word; one without a parent is at the root, in the same words."""
    lab.run("with track.run('outer'):\n    with track.run('inner'): pass")
    assert lab["outer"].run_id == lab["inner"].tags[t.MLFLOW_PARENT]
    assert t.MLFLOW_PARENT not in lab["outer"].tags


def test_plain_mlflow_inside_a_run(lab):
    """MLflow's own ``start_run`` in a run of ours is a child, not an error, and its ``log_metric`` lands in ours."""
    done = lab.run(
        "import mlflow\nwith track.run('around'):\n    mlflow.log_metric('b', 2)\n"
        "    with mlflow.start_run(run_name='plain'): mlflow.log_metric('c', 3)"
    )
    assert "" == done.error
    assert {"b": 2.0} == lab["around"].metrics
    assert lab["around"].run_id == lab["plain"].tags[t.MLFLOW_PARENT]


def test_an_interrupt_is_no_failure(lab, tmp_path):
    """The stop button in a block: KILLED."""
    sign = tmp_path / "sign"
    block = f"import time\nwith track.run('stopped'):\n    open({str(sign)!r}, 'w').close(); time.sleep(60)"
    assert "KeyboardInterrupt" == lab.notebook.interrupt_at(block, sign.exists).error
    assert "KILLED" == lab["stopped"].status


def test_odd_numbers(lab):
    """NaN is kept; infinity, which MLflow cuts to its largest number, is told by a tag; a NumPy scalar is a number."""
    done = lab.run(
        "with track.run('odd numbers'):\n"
        "    track.log(nan=float('nan'), inf=float('inf'), f=np.float32(.1), yes=True, one=np.array([1.]))"
    )
    assert "" == text_of(done)
    run = lab["odd numbers"]
    assert math.isnan(run.metrics["nan"])
    assert run.tags[t.INFINITE + "inf"].startswith("inf")
    assert (1.0, 1.0) == (run.metrics["yes"], run.metrics["one"])
    assert abs(run.metrics["f"] - 0.1) < 1e-7


def test_what_is_no_number(lab):
    """No exception of any kind: a line for each, and the rest of the call is logged."""
    done = lab.run(
        "with track.run('no numbers'):\n"
        "    track.log({'none': None, 'text': 'high', 'digits': '0.5', 'list': [1, 2], 'map': {}})\n"
        "    track.log({'array': np.ones(3), 'ok': 1})"
    )
    assert "" == done.error
    assert 6 == text_of(done).count("is no number")
    assert {"ok": 1.0} == lab["no numbers"].metrics


def test_keys_that_mlflow_refuses(lab):
    """``f1@0.5`` and its like are taken, and told apart."""
    done = lab.run("with track.run('odd keys'): track.log({'f1@0.5': 1, 'a%': 2, 'b,c': 3, 'd(e)': 4})")
    assert "" == text_of(done)
    assert [1.0, 2.0, 3.0, 4.0] == sorted(lab["odd keys"].metrics.values())


def test_odd_params(lab):
    """Nested ones are flat, an int is a key, an array is told by type and shape, None is None; nothing raises."""
    done = lab.run(
        "with track.run('odd params'): track.params({'none': None, 'net': {'width': 3}, 'a': np.ones((2, 3)), 4: 5})"
    )
    assert "" == done.error
    params = lab["odd params"].params
    assert ("None", "3", "5") == (params["none"], params["net.width"], params["4"])
    assert "2" in params["a"]
    assert "3" in params["a"]


def test_a_long_param(lab):
    """It is cut without a word, and kept whole in ``params.json``."""
    done = lab.run("with track.run('long'): track.params(text='x' * 6001)")
    assert "" == text_of(done)
    run = lab["long"]
    assert len(run.params["text"]) == 6000
    assert {"text": "x" * 6001} == json.loads(run.artifacts["params.json"])


def test_the_cell_again(lab):
    """Twice is two runs, unless ``on_existing`` says that finished work counts."""
    cell = "@tracked_training(on_existing={!r})\ndef {}(lr=.1): return 1.0\n{}()"
    for how, name in (("new", "twice"), ("reuse", "once")):
        for _ in range(2):
            assert "1.0" in lab.run(cell.format(how, name, name)).text
            lab.deliver()
    assert 2 == len(lab.all("twice"))
    assert 1 == len(lab.all("once"))


def test_another_working_folder(lab):
    """``os.chdir`` in a cell does not move the store."""
    lab.run("import os; os.chdir('deeper')")
    lab.run("with track.run('from below'): pass")
    lab.run("os.chdir('..')")
    assert "FINISHED" == lab["from below"].status
    assert not (lab.folder / "deeper" / "mlflow.db").exists()


def test_why_a_call_would_run(lab):
    """``explain`` and the lists of runs are tables in HTML, and lines as text."""
    lab.run("@tracked_training\ndef asked(lr=.1): return 1.0\nasked(); asked(.2)")
    lab.all("asked")
    why = lab.run("asked.explain(.3)")
    assert "<table" in why.html
    assert "params.lr" in why.html
    assert "asked runs: no run of the same work has finished" in why.text
    runs = lab.run("asked.runs()")
    assert "2 runs:" in runs.text
    assert "lr=0.2" in runs.html
    assert "2 runs" in lab.run("find_mlflow_runs(where={'tracked.function': ('like', '%asked')})").html


def test_the_server_is_down(lab):
    """A cell takes no longer than its work and a moment, says one line, and gives its result."""
    lab.run("configure(tracking_uri='http://127.0.0.1:9')")
    began = time.monotonic()
    done = lab.run("@tracked_training\ndef offline(): return 42\noffline()")
    assert time.monotonic() - began < 4
    lab.run(f"configure(tracking_uri='sqlite:///{lab.folder}/mlflow.db')")
    assert "42" in done.text
    assert "" == done.error
    assert text_of(done).count("\n") <= 1


@pytest.mark.slow
def test_a_restarted_kernel(tmp_path, templates):
    """The kernel is restarted in the middle of a run: KILLED, though nobody could say so, and the cells work again."""
    store = Store(tmp_path)
    given = environment(tmp_path, templates, TRACKED_TRACKING_URI=store.uri)
    with notebook(tmp_path, given) as opened:
        cell = "from tracked import track\nheld = track.run('held').__enter__(); track.log(a=1)"
        opened.run(cell)
        opened.restart()
        opened.run(cell.replace("held", "next"))
        await_(lambda: [run.status for run in store.runs] == ["KILLED", "RUNNING"], "KILLED")
        assert {"a": 1.0} == store["held"].metrics
