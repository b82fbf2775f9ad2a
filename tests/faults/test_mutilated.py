"""Journals and the files beside them cut, flipped and punched through: only what was touched is lost.

`make test` looks at a part of the places, `make test-all` at every one.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from typing import NamedTuple

import pytest

from tests.journals import DEAD, NOW, OTHER, RUN, aside, by_local_id, deliver, opened, points
from tracked import tags as t
from tracked.journal import lines
from tracked.journal.folder import Folder, ack_of
from tracked.journal.writer import JournalFile
from tracked.process import this_process
from tracked.records import Artifact, Closed, Metrics, Opened, Params, Tags, to_json
from tracked.shipper.loop import Shipper
from tracked.testing import MemoryBackend

NAME = "1-1-one"
WEIGHTS = Artifact(RUN, "model/w.bin", f"{NAME}.{'0' * 32}/w.bin", 7)
RECORDS = [
    opened(),
    Params(RUN, {"lr": "0.1", "depth": "3"}),
    *points(count=4),
    Tags(RUN, {"state": "first"}),
    opened(OTHER, parent=RUN),
    *points(OTHER, 2),
    Tags(RUN, {"state": "last"}),
    WEIGHTS,
    Closed(OTHER, NOW + 50, "FAILED"),
    Closed(RUN, NOW + 99, "FINISHED"),
]
LINES = [lines.encode(["writer", DEAD]), *(lines.encode(to_json(record)) for record in RECORDS)]
ENDS = [sum(map(len, LINES[:n])) for n in range(1, len(LINES) + 1)]
WHOLE = b"".join(LINES)
FEW, ALL = 5, 1
STRIDES = [FEW, pytest.param(ALL, marks=pytest.mark.slow)]


@pytest.fixture(autouse=True)
def _quick(mocker):
    mocker.patch("tracked.journal.disk.sync_to_disk")


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "journals")


def lay_out(folder: Folder, content: bytes = WHOLE):
    """A folder with one journal of this content, and nothing left of an earlier one."""
    shutil.rmtree(folder.path, ignore_errors=True)
    copy = folder.made().files / WEIGHTS.stored
    copy.parent.mkdir()
    copy.write_bytes(b"weights")
    path = folder.path / f"{NAME}.journal"
    path.write_bytes(content)
    return path


class Seen(NamedTuple):
    """What is to be found of a run."""

    status: str
    params: dict[str, str]
    state: str | None
    points: Counter
    files: dict[str, str]
    has_parent: bool


def facts(record) -> Counter:
    """What a record says, piece by piece."""
    if isinstance(record, Metrics):
        return Counter({(record.run, *pair, record.time, record.steps): 1 for pair in record.values.items()})
    if isinstance(record, Params | Tags):
        return Counter({(record.run, *pair): 1 for pair in record.values.items()})
    if isinstance(record, Artifact):
        return Counter({(record.run, record.name): 1})
    return Counter({(record.run, record.status): 1})


def wanted(records) -> tuple[dict[str, Seen], Counter]:
    """What these records have to become: runs, and pieces that are put aside because their run is not known."""
    runs, lost = {}, Counter()
    for record in records:
        run = runs.get(record.run)
        if isinstance(record, Opened):
            runs[record.run] = Seen("KILLED", {}, None, Counter(), {}, record.parent in runs)
        elif run is None:
            if isinstance(record, Tags):  # the last one wins there too
                lost.pop((record.run, "state", "first"), None)
            lost += facts(record)
        elif isinstance(record, Metrics):
            run.points.update(facts(record))
        elif isinstance(record, Params):
            run.params.update(record.values)
        elif isinstance(record, Tags):
            runs[record.run] = run._replace(state=record.values["state"])
        elif isinstance(record, Artifact):
            run.files[record.name] = hashlib.sha256(b"weights").hexdigest()
        else:
            runs[record.run] = run._replace(status=record.status)
    return runs, lost


def found(folder: Folder, backend: MemoryBackend) -> tuple[dict[str, Seen], Counter]:
    """What there is: in the store, and aside, where no piece may be twice."""
    runs = {
        local: Seen(
            run.status,
            run.params,
            run.tags.get("state"),
            Counter((local, p.key, p.value, p.time, p.step) for p in run.points),
            {name: hashlib.sha256(content).hexdigest() for name, content in run.artifacts.items()},
            t.MLFLOW_PARENT in run.tags,
        )
        for local, run in by_local_id(backend).items()
    }
    lost = Counter()
    for _, what in aside(folder):
        if isinstance(what, list):
            lost += pieces(what)
    return runs, lost


def pieces(what: list) -> Counter:
    kind, run, *rest = what
    if kind != "batch":
        return Counter({(run, rest[1] if kind == "closed" else rest[0]): 1})
    values, *texts = rest
    return Counter((run, key, float(value), *when) for key, value, *when in values) + Counter(
        (run, *pair) for pairs in texts for pair in pairs
    )


def untouched(first: int, behind: int) -> list:
    """The records of which no byte lies in this stretch."""
    return [
        record
        for record, start, end in zip(RECORDS, ENDS, ENDS[1:], strict=False)
        if behind <= start or end <= first
    ]


def check(folder: Folder, content: bytes, *may_be: list) -> None:
    """Deliver a journal of this content, which must leave what one of these lists of records says."""
    lay_out(folder, content)
    backend = deliver(folder)
    assert found(folder, backend) in [wanted(records) for records in may_be]
    assert [] == folder.journals()
    deliver(folder, backend)
    assert found(folder, backend) in [wanted(records) for records in may_be]


def places(stride: int) -> range:
    return range(0, len(WHOLE), stride)


@pytest.mark.parametrize("stride", STRIDES)
def test_a_journal_cut_anywhere_keeps_what_is_before_the_cut(folder, stride):
    """Wherever the file ends, every record before that is in the store, once: files, child and end too."""
    for cut in places(stride):
        # The last byte of a line says that it is whole; the line is valid without it.
        check(folder, WHOLE[:cut], [r for r, end in zip(RECORDS, ENDS[1:], strict=True) if end - 1 <= cut])


@pytest.mark.parametrize("stride", STRIDES)
def test_a_bit_flipped_anywhere_costs_one_record(folder, stride):
    """Whichever bit flips, all records but its own arrive once; a run without its beginning is put aside, whole."""
    for at in places(stride):
        for bit in range(8) if stride == ALL else [at % 8]:
            damaged = bytearray(WHOLE)
            damaged[at] ^= 1 << bit
            # A digit of a checksum may be written in another way that says the same.
            check(folder, bytes(damaged), untouched(at, at + 1), RECORDS)


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("size", [1, 64, 512])
def test_a_hole_costs_the_records_it_touches(folder, size, stride):
    """Zeros where the disk lost its blocks cost the records that they touch, and no other."""
    for at in places(4 * stride if stride == FEW else stride):
        hole = min(size, len(WHOLE) - at)
        content = WHOLE[:at] + bytes(hole) + WHOLE[at + hole :]
        # The blank behind a checksum says nothing.
        check(folder, content, untouched(at, at + hole), *([RECORDS] if size == 1 else []))


def test_what_lies_beside_the_journal_may_be_damaged_too(folder):
    """Damage to what the shipper remembers (ids, acknowledgements), or its loss, doubles and loses nothing."""
    alive = lines.encode(["writer", this_process()])
    path = lay_out(folder, alive + b"".join(LINES[1:9]))
    backend = MemoryBackend()
    Shipper(folder, lambda: backend).drain()
    kept = {beside: beside.read_bytes() for beside in (folder.ids, ack_of(path))}
    before = {run.run_id: run for run in backend.runs.values()}
    for beside, content in kept.items():
        flipped = [
            content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :] for at in range(0, len(content), 3)
        ]
        for damaged in (*flipped, *(content[:cut] for cut in range(0, len(content), 7)), bytes(len(content))):
            copy = MemoryBackend()
            copy.runs = {run_id: run_copy(run) for run_id, run in before.items()}
            lay_out(folder, alive + b"".join(LINES[1:]))
            for other, right in kept.items():
                other.write_bytes(damaged if other == beside else right)
            deliver(folder, copy)
            assert wanted(RECORDS) == found(folder, copy)


def run_copy(run):
    copy = type(run)(**vars(run))
    for name in ("params", "tags", "points", "artifacts"):
        setattr(copy, name, getattr(run, name).copy())
    return copy


def test_a_living_writer_whose_first_line_is_damaged_loses_nothing(folder):
    """A writer whose journal does not tell it any more is not taken for dead: what it writes later arrives."""
    for at in (1, 4, 12, 40, 100):
        shutil.rmtree(folder.path, ignore_errors=True)
        writer = JournalFile(folder)
        backend = MemoryBackend()
        for record in RECORDS[:4]:
            writer.write(record)
        damaged = bytearray(writer.path.read_bytes())
        damaged[at] ^= 1
        with writer.path.open("r+b") as file:
            file.write(damaged)
        deliver(folder, backend)
        for record in (r for r in RECORDS[4:] if r != WEIGHTS):
            writer.write(record)
        deliver(folder, backend)
        assert wanted([r for r in RECORDS if r != WEIGHTS]) == found(folder, backend)
