"""The shipper as a process of its own: starting it, and what it runs.

python -m tracked.session FOLDER      # the store's URI comes by environment, never by argument
"""

from __future__ import annotations

import errno
import gc
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import filelock

from ..errors import TrackedError
from ..journal.folder import Folder
from ..ports import Backend
from ..process import is_here, this_process
from ..shipper.leases import vouch
from ..shipper.loop import Shipper
from ..shipper.status import read_status
from .backends import backend_for, impatient_backend_for
from .kept import orphans

try:
    import fcntl
except ImportError:  # Windows, which locks in its own way
    fcntl = None  # type: ignore[assignment]

URI = "TRACKED_SHIPPER_URI"
HOME = "TRACKED_SHIPPER_HOME"
LINGER = "TRACKED_LINGER"
_RELIEF = 60.0
"""Seconds that a shipper of an older version is given to finish what it is at."""
_GARBAGE = 20_000
"""Objects between two looks for garbage: a shipper makes millions of small ones, and none in circles."""
_NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)
"""What a file system answers that has no locks."""
_SIGN = 2.0
"""Seconds between two signs of life for the writers of a host that does not deliver."""
_NOT_FOR_THE_SHIPPER = ("TRACKED_CONTEXT", "PYTHONWARNINGS")
"""What would make it part of a run, or a warning of MLflow's an error that no later try gets rid of."""
_RUN_OF_A_JOB = ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME")


def lock_of(folder: Folder) -> filelock.BaseFileLock:
    """The lock that makes one process the shipper of this folder."""
    return _lock_at(folder.lock)


def _lock_at(path: Path) -> filelock.BaseFileLock:
    """A lock of the system, or where the file system has none, a file that is there while the lock is held."""
    soft = path.parent.exists() and not _has_locks(path.parent)
    return (filelock.SoftFileLock if soft else filelock.FileLock)(path, thread_local=False)


@lru_cache(maxsize=100)
def _has_locks(folder: Path) -> bool:
    if fcntl is None:
        return True
    with tempfile.TemporaryFile(dir=folder) as probe:
        try:
            fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno not in _NO_LOCKS
    return True


def is_served(folder: Folder) -> bool:
    """Whether a shipper lives for this folder, and where it is on another host, a process here that stands by."""
    return _is_held(lock_of(folder)) and (not _is_served_elsewhere(folder) or _is_held(_standby_lock(folder)))


def _is_held(lock: filelock.BaseFileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return True
    lock.release()
    return False


def _is_served_elsewhere(folder: Folder) -> bool:
    """Whether the last shipper that said who it is said so on another host."""
    by = read_status(folder.status).by
    return bool(by) and not is_here(by)


def _standby_lock(folder: Folder) -> filelock.BaseFileLock:
    ours = this_process()
    return _lock_at(folder.standby(f"{ours['boot'] or ours['host']}-{ours['pids']}"))


def command(folder: Folder) -> list[str]:
    """What the shipper's process is called as: everybody can read it, so it names the folder only."""
    return [sys.executable, "-m", "tracked.session", str(folder.path)]


def start(folder: Folder, uri: str, home: Path) -> None:
    """Start the shipper's process.

    Raises:
        OSError: no process can be started here.
    """
    launch(command(folder), folder, {URI: uri, HOME: str(home)})


def launch(called: Sequence[str], folder: Folder, told: Mapping[str, str]) -> None:
    """Start a process and leave it alone: its own session, no terminal, no child of ours; it sees this very package.

    Args:
        called: program and arguments; everybody can read them.
        folder: where it works, and where what it prints is kept.
        told: variables of its environment, beside ours.

    Raises:
        OSError: no process can be started here.
    """
    if not sys.executable:
        raise OSError(errno.ENOENT, "this Python does not know its own executable")
    left_out = _not_for_the_shipper(os.environ)
    environ = {k: v for k, v in os.environ.items() if k not in left_out}
    environ |= {**told, "PYTHONPATH": _python_path(environ)}
    if os.name == "nt":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP  # type: ignore[attr-defined]
        subprocess.Popen(called, env=environ, creationflags=flags, cwd=folder.path)  # noqa: S603
        return
    folder.shorten_speech()  # also of shippers that end before they serve
    # Through a shell that ends at once, so that it is nobody's child: no zombie, no stray os.wait().
    subprocess.run(  # noqa: S603
        ["/bin/sh", "-c", '"$@" </dev/null >>"$0" 2>&1 &', str(folder.speech), *called],
        env=environ,
        cwd=folder.path,
        start_new_session=True,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def relieve(folder: Folder) -> None:
    """Where a shipper of an older version serves: ask it to finish, and wait until it has.

    Raises:
        filelock.Timeout: it does not.
    """
    if read_status(folder.status).is_outdated and _is_held(lock_of(folder)):
        folder.handover.touch(mode=0o600)
        lock_of(folder).acquire(timeout=_RELIEF).lock.release()


def _not_for_the_shipper(environ: Mapping[str, str]) -> tuple[str, ...]:
    """What it does without; but a job of Azure ML logs in by the run that it is, and there it logs in like the job."""
    is_of_a_job = "AZUREML_RUN_ID" in environ and "MLFLOW_TRACKING_TOKEN" in environ
    return _NOT_FOR_THE_SHIPPER if is_of_a_job else _NOT_FOR_THE_SHIPPER + _RUN_OF_A_JOB


def _python_path(environ: Mapping[str, str]) -> str:
    # The shipper must find this very package, also when it runs from a source tree.
    here = Path(__file__).parents[2]
    own = [] if here.name in ("site-packages", "dist-packages") else [str(here)]
    return os.pathsep.join([*own, *filter(None, [environ.get("PYTHONPATH")])])


def main(path: str) -> None:
    """Serve this folder until nobody needs it, or stand by while another host does; return if a process here does."""
    stop = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    gc.set_threshold(_GARBAGE, 20, 20)
    folder, uri, home = Folder(Path(path)), os.environ[URI], Path(os.environ[HOME])
    beside = threading.Thread(target=adopt, args=(folder, uri, home), daemon=True)
    with suppress(filelock.Timeout, FileNotFoundError):
        stand_by(folder, stop)
        relieve(folder)
        serve(folder, uri, home, stop, backend=impatient_backend_for, elected=beside.start)
        while beside.is_alive() and not stop.wait(0.1):
            pass


def adopt(own: Folder, uri: str, home: Path) -> None:
    """Deliver what others left for the same store: their login was refused, say, and ours may do."""
    for folder in orphans(home, uri, own):
        with suppress(filelock.Timeout, TrackedError), lock_of(folder).acquire(timeout=0):
            Shipper(folder, lambda: impatient_backend_for(uri, home)).drain()


def stand_by(folder: Folder, stop: threading.Event) -> None:
    """While a shipper on another host delivers: vouch for the writers of this one, which it cannot see.

    Returns when that shipper is gone, or when there is nobody here to vouch for.

    Raises:
        filelock.Timeout: another process here stands by.
    """
    if _is_held(lock_of(folder)) and _is_served_elsewhere(folder):
        with _standby_lock(folder).acquire(timeout=0):
            while _is_held(lock_of(folder)) and vouch(folder) and not stop.wait(_SIGN):
                pass


def _already() -> None:
    """What is done at the second election of one process."""


def serve(
    folder: Folder,
    uri: str,
    home: Path,
    stop: threading.Event,
    *,
    backend: Callable[[str, Path], Backend] = backend_for,
    elected: Callable[[], object] = lambda: None,
) -> None:
    """Be the shipper of this folder; ``elected`` is called once this process is.

    Raises:
        filelock.Timeout: another one is.
    """
    linger = float(os.environ.get(LINGER, "30"))
    while not stop.is_set():
        # Others take the lock for a moment to see whether anybody serves: hence not "at once or never".
        with lock_of(folder).acquire(timeout=1):
            elected()
            elected = _already
            shipper = Shipper(folder, lambda: backend(uri, home), stop=stop)
            shipper.serve(linger)
        # A writer that came between our last look and the release saw the lock and relies on us.
        if shipper.refused or shipper.is_relieved or not shipper.is_needed():
            return
