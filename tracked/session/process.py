"""The shipper as a process of its own: starting it, and what it runs.

python -m tracked.session FOLDER      # the store's URI comes by environment, never by argument
"""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import filelock

from ..journal.folder import Folder
from ..ports import Backend
from ..shipper.loop import Shipper
from .backends import backend_for, impatient_backend_for

URI = "TRACKED_SHIPPER_URI"
HOME = "TRACKED_SHIPPER_HOME"
LINGER = "TRACKED_LINGER"
_NOT_FOR_THE_SHIPPER = ("TRACKED_CONTEXT", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME")


def lock_of(folder: Folder) -> filelock.FileLock:
    """The lock that makes one process the shipper of this folder."""
    return filelock.FileLock(folder.lock, thread_local=False)


def is_served(folder: Folder) -> bool:
    """Whether a shipper lives for this folder."""
    lock = lock_of(folder)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return True
    lock.release()
    return False


def start(folder: Folder, uri: str, home: Path) -> None:
    """Start the shipper's process and leave it alone: its own session, no terminal, no child of ours.

    Raises:
        OSError: no process can be started here.
    """
    if not sys.executable:
        raise OSError(errno.ENOENT, "this Python does not know its own executable")
    environ = {k: v for k, v in os.environ.items() if k not in _NOT_FOR_THE_SHIPPER}
    environ |= {URI: uri, HOME: str(home), "PYTHONPATH": _python_path(environ)}
    command = [sys.executable, "-m", "tracked.session", str(folder.path)]
    if os.name == "nt":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP  # type: ignore[attr-defined]
        subprocess.Popen(command, env=environ, creationflags=flags, cwd=folder.path)  # noqa: S603
        return
    # Through a shell that ends at once, so that the shipper is nobody's child: no zombie, no stray os.wait().
    subprocess.run(  # noqa: S603
        ["/bin/sh", "-c", '"$@" </dev/null >>"$0" 2>&1 &', str(folder.speech), *command],
        env=environ,
        cwd=folder.path,
        start_new_session=True,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _python_path(environ: Mapping[str, str]) -> str:
    # The shipper must find this very package, also when it runs from a source tree.
    here = Path(__file__).parents[2]
    own = [] if here.name in ("site-packages", "dist-packages") else [str(here)]
    return os.pathsep.join([*own, *filter(None, [environ.get("PYTHONPATH")])])


def main(path: str) -> None:
    """Serve this folder until nobody needs it; return at once if another process does."""
    stop = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    with suppress(filelock.Timeout, FileNotFoundError):
        serve(
            Folder(Path(path)), os.environ[URI], Path(os.environ[HOME]), stop, backend=impatient_backend_for
        )


def serve(
    folder: Folder,
    uri: str,
    home: Path,
    stop: threading.Event,
    *,
    backend: Callable[[str, Path], Backend] = backend_for,
) -> None:
    """Be the shipper of this folder.

    Raises:
        filelock.Timeout: another one is.
    """
    linger = float(os.environ.get(LINGER, "30"))
    while not stop.is_set():
        # Others take the lock for a moment to see whether anybody serves: hence not "at once or never".
        with lock_of(folder).acquire(timeout=1):
            shipper = Shipper(folder, lambda: backend(uri, home), stop=stop)
            shipper.serve(linger)
        # A writer that came between our last look and the release saw the lock and relies on us.
        if shipper.refused or not shipper.is_needed():
            return
