from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tracked import process
from tracked import tags as t
from tracked.process import as_text, from_text, is_alive, is_here, owner, this_process


def described_by(child):
    """What a child process says of itself."""
    return eval(child.stdout.readline())


@pytest.fixture
def child():
    """A process that described itself and waits."""
    code = "import sys; from tracked.process import this_process; print(this_process(), flush=True); sys.stdin.read()"
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        yield child
        child.kill()


def test_this_process_is_alive_and_here():
    """Who describes itself is found."""
    assert is_here(this_process())
    assert is_alive(this_process())
    assert os.getpid() == this_process()["pid"]


def test_a_description_is_the_caller_s_own():
    """Changing the answer does not change the next one."""
    this_process()["pid"] = 0
    assert os.getpid() == this_process()["pid"]


def test_a_process_is_seen_alive_zombie_and_gone(child):
    """A killed process counts as dead at once, also while its parent has not taken note."""
    described = described_by(child)
    assert child.pid == described["pid"]
    assert is_alive(described)
    os.kill(child.pid, 9)
    until = time.monotonic() + 10
    while is_alive(described) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_alive(described)
    assert process._look(child.pid)[0] == "Z"
    child.wait()
    assert not is_alive(described)


@pytest.mark.parametrize(
    "change", [{"started": 12.0}, {"boot": "another boot"}], ids=["pid given out again", "reboot"]
)
def test_another_process_of_the_same_pid_is_not_the_one(change):
    """A pid that is given out again, or that was there before a reboot, is not taken for the writer."""
    assert not is_alive({**this_process(), **change})


def test_a_process_of_another_host_counts_as_alive():
    """What cannot be seen is not declared dead."""
    elsewhere = {**this_process(), "host": "another", "pid": 2**22 + 1}
    assert not is_here(elsewhere)
    assert is_alive(elsewhere)


HOSTILE = [
    {"pid": value} for value in (None, "x", -1, 0, 2**70, [], {}, "../../etc/hosts", "self", 1.5, "a\0b")
]


@pytest.mark.parametrize("change", [*HOSTILE, {"started": "x"}, {"boot": None}], ids=str)
def test_nonsense_is_dead_and_no_exception(change):
    """A journal's first line is never trusted."""
    assert not is_alive({**this_process(), **change})


@pytest.mark.parametrize("missing", ["pid", "started", "boot"])
def test_half_a_description_is_dead(missing):
    """Where something is missing, nobody is found."""
    assert not is_alive({key: value for key, value in this_process().items() if key != missing})
    assert not is_alive({})


def test_without_proc_the_same_is_told(mocker, child):
    """Where the kernel has no /proc, a library finds living and dead processes all the same."""
    described = described_by(child)
    mocker.patch("tracked.process._look", process._look_elsewhere)
    seen = {**described, "started": process._look(child.pid)[1]}
    assert is_alive(seen)
    child.kill()
    child.wait()
    assert not is_alive(seen)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_describes_itself():
    """A child does not go by its parent's name."""
    read, write = os.pipe()
    this_process()
    child = os.fork()
    if child == 0:
        os.write(write, str(this_process()["pid"]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert str(child).encode() == os.read(read, 100)
    os.close(read)
    os.close(write)


CANNOT_BE_SEEN = {
    "a container of the same host name": {"pids": "1"},
    "another machine of the same name": {"boot": "another", "machine": "another"},
}


@pytest.mark.parametrize("change", CANNOT_BE_SEEN.values(), ids=CANNOT_BE_SEEN)
def test_a_name_is_not_a_place(change):
    """Hosts of one name are not one host: a pid says nothing where it is not ours to look up, and is never dead."""
    there = {**this_process(), "pid": 2**22 + 1, **change}
    assert not is_here(there)
    assert is_alive(there)


def test_before_a_reboot_is_here_and_over():
    """Of this very machine an earlier boot is known to be over."""
    before = {**this_process(), "boot": "another"}
    assert is_here(before)
    assert not is_alive(before)


def test_a_process_is_told_in_a_tag():
    """What a tag says of a process is enough to find it, and short enough for any store."""
    text = owner()[t.PROCESS]
    assert this_process() == from_text(text, owner()[t.HOST])
    assert len(as_text({**this_process(), "pid": 2**22, "started": 1e10})) <= t.SHORTEST_LIMIT


@pytest.mark.parametrize("text", ["", "1", "1:2", "x:1:b:p:m", "1:x:b:p:m", "1:2:b:p:m:more", "12:34"])
def test_a_tag_that_tells_no_process_tells_nobody(text):
    """A tag that somebody has changed is no proof of anything."""
    assert {} == from_text(text, "host")
