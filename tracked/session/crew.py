"""Seeing that one shipper serves a folder: a process of its own, or a thread where none can be started."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path

import filelock

from .. import speech
from ..guard import guard
from ..journal.folder import Folder
from ..shipper.status import read_status
from . import process
from .backends import backend_for
from .overseer import Overseer

_STARTING = 5.0
"""Seconds that a started shipper is given to take its lock before another is started."""
_TRUSTED = 0.5
"""Seconds for which one that was seen at its lock is not looked at again: each run that begins or ends asks."""


class Crew:
    """Starts the shipper of one folder when there is none."""

    def __init__(self, folder: Folder, uri: str, home: Path, *, in_process: bool) -> None:
        self.folder, self.uri, self.home = folder, uri, home
        self.in_process = in_process
        self._started = self._seen = -_STARTING
        self._overseer = Overseer(folder)
        self._asked_to_go = 0
        self._thread: _Thread | None = None
        self._lock = threading.Lock()

    def ensure(self) -> None:
        """See that a shipper serves the folder and does not hang; costs a fraction of a millisecond twice a second."""
        with self._lock:
            if self.in_process:
                self._ensure_thread()
            elif (now := time.monotonic()) - self._started > _STARTING and now - self._seen > _TRUSTED:
                if self._is_wanted():
                    self._start_process()
                else:
                    self._seen = now

    def forked(self) -> None:
        """Go on in a forked child: who held the lock, perhaps to start a process, is not there to let it go."""
        self._lock = threading.Lock()

    def _is_wanted(self) -> bool:
        """Whether nobody serves, or somebody who hangs or whose version is behind ours."""
        if not process.is_served(self.folder) or self._overseer.end_if_hung():
            return True
        told = read_status(self.folder.status)
        if not told.is_outdated or told.pid == self._asked_to_go:
            return False
        self._asked_to_go = told.pid
        return True

    def _start_process(self) -> None:
        try:
            process.start(self.folder, self.uri, self.home)
            self._started = time.monotonic()
        except (OSError, subprocess.SubprocessError) as error:
            speech.warn_once(f"no process can be started for delivery ({error}): a thread delivers instead")
            self.in_process = True
            self._ensure_thread()

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_ours():
            # At the end of the program nothing large can be imported any more.
            if threading.main_thread().is_alive():
                with guard:
                    # Loads MLflow now: while a thread does, the user's own imports meet modules that are half there.
                    backend_for(self.uri, self.home)
            self._thread = _Thread(self.folder, self.uri, self.home)

    def dismiss(self) -> None:
        """Stop the thread, if there is one; a process goes on by itself."""
        if self._thread is not None and self._thread.is_ours():
            self._thread.end()
        self._thread = None


class _Thread:
    """The same loop in a thread of this process."""

    def __init__(self, folder: Folder, uri: str, home: Path) -> None:
        self.pid = os.getpid()
        self.stop = threading.Event()
        self.thread = threading.Thread(
            target=self._serve, args=(folder, uri, home), name="tracked-shipper", daemon=True
        )
        self.thread.start()

    def _serve(self, folder: Folder, uri: str, home: Path) -> None:
        try:
            process.serve(folder, uri, home, self.stop)
        except filelock.Timeout:
            return  # another process serves the folder

    def is_ours(self) -> bool:
        """Whether it runs, and in this process: a forked child has the object but not the thread."""
        return self.pid == os.getpid() and self.thread.is_alive()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(timeout=5)
