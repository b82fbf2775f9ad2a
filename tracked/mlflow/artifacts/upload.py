"""Sending files to the store: hashed here, several at once, each only if it is not there with the same digest."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from ...errors import BackendUnavailable, LoginRefused, NameTaken, Refused
from ...ports import OURS, File
from . import manifest, seals
from .ledger import Ledger
from .manifest import Entry
from .pool import each
from .repository import Repository

REMEMBERED = 64
"""Runs whose manifest is kept in memory."""
SLICE_FILES, SLICE_BYTES = 500, 1 << 29
"""So many files, or bytes, are confirmed together: more is never sent again after a crash."""

Alive = Callable[[], object]


class Uploads:
    """The uploads of one shipper.

    Args:
        repository: gives the artifacts of a run.
    """

    def __init__(self, repository: Callable[[str], Repository]) -> None:
        self._repository = repository
        self._manifest = manifest.name_of(os.urandom(6).hex())
        self._ledgers: OrderedDict[str, Ledger] = OrderedDict()
        self._new: set[str] = set()

    def is_new(self, run_id: str) -> None:
        """Say that the run was made just now: nothing can lie there yet, and nobody need ask."""
        self._new.add(run_id)

    def upload(self, run_id: str, files: Sequence[File], alive: Alive) -> dict[str, str]:
        """As :meth:`tracked.ports.Backend.upload`; nothing counts as there before its size was read back."""
        ledger = self._ledger(run_id)
        last = [file for file in files if seals.is_seal(file.name)]
        refused = self._send(ledger, [file for file in files if not seals.is_seal(file.name)], alive)
        ledger.refused.update(refused)
        ledger.refused.difference_update(file.name for file in files if file.name not in refused)
        for file in last:
            refused |= self._seal(ledger, file, alive)
        return refused

    def _seal(self, ledger: Ledger, file: File, alive: Alive) -> dict[str, str]:
        with TemporaryDirectory(prefix="tracked-") as folder:
            try:
                sealed = seals.with_digests(file, ledger.known(), ledger.refused, Path(folder, "seal"))
            except Refused as error:
                return {file.name: str(error)}
            return self._send(ledger, [sealed], alive)

    def remove(self, run_id: str, name: str) -> None:
        """As :meth:`tracked.ports.Backend.remove`; the manifest tells that it is gone, whatever the store can.

        File by file, as the manifests name them: where a store removes by prefix, ``step-1`` would take
        ``step-10`` along.
        """
        ledger = self._ledger(run_id)
        inside = [n for n, e in ledger.known().items() if manifest.is_in(n, name) and not e.is_gone]
        gone = dict.fromkeys(inside, Entry(-1, "", manifest.now()))
        # First of all: what is half removed must not be offered.
        self._write(ledger, ledger.own | gone)
        for found in inside:
            _take_away(ledger.repository, found)

    def _send(self, ledger: Ledger, files: Sequence[File], alive: Alive) -> dict[str, str]:
        refused: dict[str, str] = {}
        for some in _slices(files):
            refused |= self._send_some(ledger, some, alive)
        return refused

    def _send_some(self, ledger: Ledger, files: Sequence[File], alive: Alive) -> dict[str, str]:
        refused: dict[str, str] = {}
        taken: list[tuple[File, File]] = []
        there = _sizes(ledger, [file.name for file in files if ledger.expected(file.name)])
        for file, outcome in each(partial(_send_one, ledger, there), files, alive):
            if isinstance(outcome, NameTaken) and (other := _renamed(ledger, file)) is not None:
                taken.append((file, other))
            elif isinstance(outcome, Refused):
                refused[file.name] = str(outcome)
            elif isinstance(outcome, Exception):
                raise outcome
        confirmed = {file.name: ledger.sent[file.name] for file in files if file.name in ledger.sent}
        refused |= _missing(ledger, confirmed)
        new = {name: entry for name, entry in confirmed.items() if name not in refused}
        if new:
            self._write(ledger, ledger.own | new)
        for file in files:
            ledger.sent.pop(file.name, None)
            ledger.hashed.pop(file.source, None)
        for file, other in taken:
            # One by one: each may find that it is there already.
            refused.update((file.name, why) for why in self._send_some(ledger, [other], alive).values())
        return refused

    def _write(self, ledger: Ledger, own: dict[str, Entry]) -> None:
        with TemporaryDirectory(prefix="tracked-") as folder:
            name, told = self._manifest, own
            if ledger.repository.is_write_once:
                # What is new, under a name of its own; of all that lie there the newest entry of a file counts.
                name = manifest.name_of(os.urandom(6).hex())
                told = {file: entry for file, entry in own.items() if ledger.own.get(file) != entry}
            path = Path(folder, name.rpartition("/")[2])
            path.write_bytes(manifest.dump(told))
            ledger.repository.put(path, name)
        ledger.own = own

    def _ledger(self, run_id: str) -> Ledger:
        ledger = self._ledgers.pop(run_id, None)
        if ledger is None:
            repository = self._repository(run_id)
            found = {} if run_id in self._new else manifests(repository)
            ledger = Ledger(repository, dict(found.pop(self._manifest, {})), manifest.merged(found.values()))
            # Asked anew when it was forgotten; and a shipper may see very many runs.
            self._new.discard(run_id)
        self._ledgers[run_id] = ledger
        while len(self._ledgers) > REMEMBERED:
            self._ledgers.popitem(last=False)
        return ledger


def manifests(repository: Repository) -> dict[str, Mapping[str, Entry]]:
    """All manifests of a run, by name."""
    names = [name for name, size in repository.sizes(OURS).items() if size != -1]
    return {name: manifest.load(repository.read(name)) for name in names}


def _take_away(repository: Repository, name: str) -> None:
    try:
        repository.remove(name)
    except LoginRefused:
        raise
    except (BackendUnavailable, Refused):
        return  # not every store can


def _slices(files: Sequence[File]) -> Iterator[list[File]]:
    some: list[File] = []
    size = 0
    for file in files:
        if some and (len(some) >= SLICE_FILES or size >= SLICE_BYTES):
            yield some
            some, size = [], 0
        some.append(file)
        size += file.source.stat().st_size if file.source.exists() else 0
    if some:
        yield some


def _send_one(ledger: Ledger, there: Mapping[str, int | None] | None, file: File) -> None:
    if file.source not in ledger.hashed:
        try:
            ledger.hashed[file.source] = manifest.measured(file.source)
        except FileNotFoundError as error:
            raise Refused(f"artifact {file.name!r}: there is no file {file.source}") from error
    entry = ledger.hashed[file.source]
    if entry.is_same(ledger.expected(file.name)) and _is_there(there, file.name, entry):
        return
    _put(ledger.repository, file, entry, ledger.expected(file.name))
    ledger.sent[file.name] = entry


def _put(repository: Repository, file: File, entry: Entry, expected: Entry | None) -> None:
    """Send the file; under a name that is taken for ever, see whether it is this very file that lies there.

    Raises:
        NameTaken: it is another one, or half of one.
    """
    if expected is not None and repository.is_write_once and not entry.is_same(expected):
        raise NameTaken(f"{file.name!r} was written before")
    try:
        repository.put(file.source, file.name)
    except NameTaken:
        if not entry.is_same(_lies(repository, file.name)):
            raise


def _lies(repository: Repository, name: str) -> Entry | None:
    """What lies under this name, read back; None if nothing comes."""
    with TemporaryDirectory(prefix="tracked-") as folder:
        try:
            repository.get(name, Path(folder, "file"))
            return manifest.measured(Path(folder, "file"))
        except (Refused, FileNotFoundError):
            return None


def _renamed(ledger: Ledger, file: File) -> File | None:
    """The file under a name that its content alone has; None if it has that."""
    digest = ledger.hashed[file.source].sha256[:12]
    path = PurePosixPath(file.name)
    return None if digest in path.name else File(str(path.with_stem(f"{path.stem}.{digest}")), file.source)


def _is_there(there: Mapping[str, int | None] | None, name: str, entry: Entry) -> bool:
    """Whether the store tells of such a file; None where it tells nothing at all."""
    return there is None or (name in there and there[name] in (None, entry.size))


def _sizes(ledger: Ledger, names: Sequence[str]) -> Mapping[str, int | None] | None:
    """What the store has in the folders of these files; None if we may write there and not look."""
    found: dict[str, int | None] = {}
    try:
        for folder in {name.rpartition("/")[0] for name in names}:
            found.update(ledger.repository.sizes(folder))
    except (Refused, LoginRefused):
        return None
    return found


def _missing(ledger: Ledger, sent: Mapping[str, Entry]) -> dict[str, str]:
    """Which of these the store does not have as they were sent, each with a reason."""
    there = _sizes(ledger, list(sent))
    return {
        name: f"it was sent, {entry.size} bytes, and the store tells of {(there or {}).get(name, 'no such file')}"
        for name, entry in sent.items()
        if not _is_there(there, name, entry)
    }
