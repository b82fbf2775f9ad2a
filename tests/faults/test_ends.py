"""Every way in which a run, or the process around it, ends: the store has the truth, and the program is as without us.

An interrupted cell is a process that goes on after Ctrl-C, a restarted kernel one that gets kill -9; the kernel of a
notebook itself is tested where notebooks are.  What the kernel of the system does when memory is short is kill -9 too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.scripts import PATIENCE, Store, await_, called, values
from tracked import tags as t

PROGRAM = Path(__file__).parent / "programs" / "ends.py"
AT_ONCE = 8
"""Programs that run beside each other."""
WHILE = 3.0
"""Seconds for which a program waits, silent, before it gets its signal: only who watches knows when it died."""
NEAR = 2.0
"""Seconds by which a stored end may differ from the true one."""
INTERRUPTED, GONE = "interrupted from the keyboard", "the process ended while the run was open"


class Case(NamedTuple):
    """How a program ends, and what is to be seen of it."""

    status: str
    code: int = 0
    out: str = "bye\n"
    err: str = ""
    """The last line."""
    why: str = ""
    """The reason that the run names, or the type of its error."""
    sent: int = 0
    """The signal that it gets."""
    ends: bool = True
    """Whether the process ends by itself after the run."""


def died(number: int, **changes) -> Case:
    """A process that a signal has ended."""
    return Case("KILLED", -number, "", why=GONE)._replace(**changes)


CASES = {
    "return": Case("FINISHED"),
    "exception": Case("FAILED", 1, err="ValueError: no data", why="ValueError"),
    "exit 0": Case("FINISHED"),
    "exit 1": Case("FAILED", 1, why="SystemExit"),
    "exit with a text": Case("FAILED", 1, err="no data", why="SystemExit"),
    "Ctrl-C": Case("KILLED", -2, err="KeyboardInterrupt", why=INTERRUPTED, sent=signal.SIGINT),
    "Ctrl-C in a task": Case(
        "KILLED", -2, err="KeyboardInterrupt", why="asyncio.exceptions.CancelledError", sent=signal.SIGINT
    ),
    "Ctrl-C in a cell": Case("KILLED", -9, "next cell\n", why=INTERRUPTED, sent=signal.SIGINT, ends=False),
    "Ctrl-C while the result is read": Case(
        "KILLED", -9, "next cell\n", why=INTERRUPTED, sent=signal.SIGINT, ends=False
    ),
    "SIGTERM": died(15, sent=signal.SIGTERM),
    "SIGTERM, handler exits with 0": Case("KILLED", 0, why="ended by SIGTERM", sent=signal.SIGTERM),
    "SIGTERM, handler exits with 143": Case("KILLED", 143, why="ended by SIGTERM", sent=signal.SIGTERM),
    "SIGTERM, handler raises": Case(
        "KILLED", 1, err="Preempted: 15", why="ended by SIGTERM", sent=signal.SIGTERM
    ),
    "SIGTERM, handler takes note": Case("FINISHED", sent=signal.SIGTERM),
    "SIGTERM in C": died(15, sent=signal.SIGTERM),
    "SIGTERM in C, with a handler": Case("KILLED", 143, why="ended by SIGTERM", sent=signal.SIGTERM),
    "SIGTERM to a worker": Case("KILLED", why=GONE),
    "SIGUSR1, handler exits with 0": Case("KILLED", 0, why="ended by SIGUSR1", sent=signal.SIGUSR1),
    "SIGHUP": died(1, sent=signal.SIGHUP),
    "SIGHUP, ignored": Case("FINISHED", sent=signal.SIGHUP),
    "kill -9": died(9, sent=signal.SIGKILL),
    "os._exit": Case("KILLED", 3, "", why=GONE),
    "abort": died(6),
    "segfault": died(11),
    "out of memory": Case("FAILED", 1, err="MemoryError", why="MemoryError"),
    "thread alive": Case("FINISHED"),
    "daemon thread": Case("KILLED", why=GONE),
    "generator left open": Case("KILLED", why="the generator was abandoned before its end"),
    "fork that leaves": Case("FINISHED", out="bye\nbye\n"),
    "fork that stays": died(9, sent=signal.SIGKILL),
    "fork and exec": died(9, sent=signal.SIGKILL),
    "exec": Case("KILLED", 0, "another\n", why=GONE),
}


class Seen(NamedTuple):
    """What was seen of a program from outside."""

    code: int
    out: str
    err: str
    ready: float
    """When it was ready for its signal, or began."""
    over: float
    """When its end was seen, or the signal sent to one that goes on."""


def seen(name: str, environ: dict[str, str]) -> Seen:
    """Run the program to its end."""
    case = CASES[name]
    command = [sys.executable, str(PROGRAM), name]
    ready = time.time()
    with subprocess.Popen(
        command, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        said = child.stdout.readline() if case.sent or name == "daemon thread" else ""
        assert said in ("", "ready\n"), child.stderr.read()
        if case.sent:
            time.sleep(WHILE)
            ready = time.time()
            child.send_signal(case.sent)
        if not case.ends:
            said = child.stdout.readline()
            over = time.time()
            await_end(environ, name)
            child.kill()
            return Seen(child.wait(), said, "", ready, over)
        child.wait(4 * PATIENCE)
        return Seen(child.returncode, child.stdout.read(), child.stderr.read(), ready, time.time())


def await_end(environ: dict[str, str], name: str):
    """The run of this program, once it has ended in the store."""
    store = Store(Path(environ["WORK"]))
    await_(
        lambda: store.path.exists() and all_ended(called(store.runs, name)), f"the run of {name} is not ended"
    )
    (run,) = called(store.runs, name)
    return run


def all_ended(runs) -> bool:
    return bool(runs) and all(run.status != "RUNNING" for run in runs)


@pytest.fixture(scope="module")
def environ(tmp_path_factory) -> dict[str, str]:
    """One home and one store for all programs."""
    work = tmp_path_factory.mktemp("ends")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRACKED_", "MLFLOW_", "AZUREML_"))}
    return kept | {
        "WORK": str(work),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "TRACKED_HOME": str(work / "home"),
        "TRACKED_LINGER": "10",
        "TRACKED_SILENT": "1",
        "TRACKED_TRACKING_URI": Store(work).uri,
    }


@pytest.fixture(scope="module")
def programs(environ) -> dict[str, Future[Seen]]:
    """All programs, begun together."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(seen, name, environ) for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_every_end_is_told_truly_and_changes_nothing(name, programs, environ):
    """State, reason, time and every point are in the store; exit code and output are the program's own."""
    case, program = CASES[name], programs[name].result()
    last = (program.err.splitlines() or [""])[-1]
    assert (case.code, case.out, case.err) == (program.code, program.out, last)
    run = await_end(environ, name)
    assert case.status == run.status
    assert case.why == run.tags.get(t.END_REASON, run.tags.get(t.ERROR_TYPE, ""))
    assert [float(step) for step in range(30)] == values(run, "acc")
    assert program.ready - NEAR <= run.end_time / 1000 <= program.over + NEAR
