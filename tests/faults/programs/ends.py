"""A program for each way in which a run, or the process around it, can end: ``ends.py CASE``."""

from __future__ import annotations

import asyncio
import atexit
import ctypes
import faulthandler
import hashlib
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
import time

from tracked import track, tracked_training

CASE = sys.argv[1]
POINTS = 30
LEFT = []
"""What is still there when the interpreter ends."""


def log():
    for i in range(POINTS):
        track.log(acc=i)


def wait(seconds=600.0):
    print("ready", flush=True)
    time.sleep(seconds)


@tracked_training(name=CASE)
def run(end):
    log()
    return end()


def raises(error):
    raise error


def handled(number, end):
    """Wait for a signal that a handler of the user's meets."""
    signal.signal(number, end)
    wait()


class Preempted(Exception):
    """What a program may raise where it is told to make room."""


class Guest:
    """A handler with a state, as frameworks have it."""

    def on_signal(self, number, frame):
        raise Preempted(number)


def goes_on():
    """A program that takes note of the signal, and ends when it likes."""
    noted = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: noted.set())
    print("ready", flush=True)
    while not noted.wait(0.05):
        pass


def computes():
    """One long call in C, during which Python sees no signal."""
    print("ready", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"x", b"y", 8_000_000)


def computes_with_a_handler():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    computes()
    time.sleep(600)


def ignores():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    print("ready", flush=True)
    time.sleep(5)


def segfaults():
    faulthandler.enable(os.open(os.devnull, os.O_WRONLY))
    ctypes.string_at(0)


def takes_too_much():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))
    bytearray(1 << 40)


def in_a_thread(*, daemon):
    """The run outlives the main thread: until it is done, or until the interpreter ends."""
    end = wait if daemon else lambda: time.sleep(1)
    begun = threading.Event()
    threading.Thread(target=lambda: run(lambda: (begun.set(), end())[1]), daemon=daemon).start()
    begun.wait()


def left_open():
    @tracked_training(name=CASE)
    def steps():
        log()
        yield 1
        yield 2

    LEFT.append(steps())
    next(LEFT[0])


def in_a_task():
    @tracked_training(name=CASE)
    async def task():
        log()
        print("ready", flush=True)
        await asyncio.sleep(600)

    asyncio.run(task())


class Slow(dict):
    """A result that takes long to read."""

    def items(self):
        wait()


def in_a_cell(end):
    """In a notebook the process goes on after Ctrl-C: the run must not wait for its end."""
    try:
        run(end)
    except KeyboardInterrupt:
        print("next cell", flush=True)
        time.sleep(600)


def fork_that_leaves():
    """The child leaves the block as its parent does, by itself."""
    if os.fork() == 0:
        sys.exit(7)
    os.wait()


def fork_that_stays():
    """The child, which has the parent's files, outlives it."""
    if os.fork() == 0:
        for fd in (1, 2):
            os.close(fd)
        time.sleep(20)
        os._exit(0)
    wait()


def fork_and_exec():
    subprocess.Popen(["sleep", "20"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait()


def becomes_another():
    os.execv(sys.executable, [sys.executable, "-c", "print('another')"])


def in_a_worker():
    """A pool's worker that is told to go while it works."""
    fork = multiprocessing.get_context("fork")
    begun = fork.Event()
    worker = fork.Process(target=run, args=(lambda: (begun.set(), time.sleep(600)),))
    worker.start()
    begun.wait()
    worker.terminate()
    worker.join()


CASES = {
    "return": lambda: run(lambda: None),
    "exception": lambda: run(lambda: raises(ValueError("no data"))),
    "exit 0": lambda: run(lambda: sys.exit(0)),
    "exit 1": lambda: run(lambda: sys.exit(1)),
    "exit with a text": lambda: run(lambda: sys.exit("no data")),
    "Ctrl-C": lambda: run(wait),
    "Ctrl-C in a task": in_a_task,
    "Ctrl-C in a cell": lambda: in_a_cell(wait),
    "Ctrl-C while the result is read": lambda: in_a_cell(Slow),
    "SIGTERM": lambda: run(wait),
    "SIGTERM, handler exits with 0": lambda: run(lambda: handled(signal.SIGTERM, lambda *_: sys.exit(0))),
    "SIGTERM, handler exits with 143": lambda: run(lambda: handled(signal.SIGTERM, lambda *_: sys.exit(143))),
    "SIGTERM, handler raises": lambda: run(lambda: handled(signal.SIGTERM, Guest().on_signal)),
    "SIGTERM, handler takes note": lambda: run(goes_on),
    "SIGTERM in C": lambda: run(computes),
    "SIGTERM in C, with a handler": lambda: run(computes_with_a_handler),
    "SIGTERM to a worker": in_a_worker,
    "SIGUSR1, handler exits with 0": lambda: run(lambda: handled(signal.SIGUSR1, lambda *_: sys.exit(0))),
    "SIGHUP": lambda: run(wait),
    "SIGHUP, ignored": lambda: run(ignores),
    "kill -9": lambda: run(wait),
    "os._exit": lambda: run(lambda: os._exit(3)),
    "abort": lambda: run(os.abort),
    "segfault": lambda: run(segfaults),
    "out of memory": lambda: run(takes_too_much),
    "thread alive": lambda: in_a_thread(daemon=False),
    "daemon thread": lambda: in_a_thread(daemon=True),
    "generator left open": left_open,
    "fork that leaves": lambda: run(fork_that_leaves),
    "fork that stays": lambda: run(fork_that_stays),
    "fork and exec": lambda: run(fork_and_exec),
    "exec": lambda: run(becomes_another),
}

if __name__ == "__main__":
    atexit.register(print, "bye", flush=True)
    CASES[CASE]()
