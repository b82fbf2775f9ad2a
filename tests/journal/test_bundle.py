from __future__ import annotations

import io
import json
import os
import tarfile
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.journals import RUN, aside, deliver, journal, opened, whole_run
from tracked.errors import BundleError
from tracked.journal.acks import Ack, read_ack, write_ack
from tracked.journal.bundle import Part, pack
from tracked.journal.folder import Folder
from tracked.journal.reader import read_window, writer_of
from tracked.journal.unbundle import unpack
from tracked.process import this_process
from tracked.records import Artifact

URI = "http://example.org"
NAME = "1-1-one"


@pytest.fixture
def folder(tmp_path):
    folder = Folder(tmp_path / "journals")
    path = journal(folder, whole_run(), this_process())
    _, copy = folder.new_snapshot("model", NAME)
    (copy / "deep").mkdir(parents=True)
    (copy / "deep" / "wéights.bin").write_bytes(b"w" * 5000)
    (copy / "empty").write_bytes(b"")
    write_ack(path, Ack(10, (RUN,)))
    os.utime(path, (1_600_000_000, 1_600_000_000))
    folder.ids.write_bytes(b"ids")
    return folder


@pytest.fixture
def bundle(folder, tmp_path):
    pack([Part(folder, URI, folder.journals())], tmp_path / "bundle.tar")
    return tmp_path / "bundle.tar"


def below(top):
    """Every file below a folder, with its content."""
    return {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def test_what_is_packed_comes_out(folder, bundle, tmp_path):
    """Journals, marks, ids and copies are the same on the other side, times too, but for the writer's name."""
    (store,) = unpack(bundle, tmp_path / "there")
    there, here = Folder(store.path), below(folder.path)
    (path,) = there.journals()
    assert URI == store.uri
    assert [path.name] == store.journals
    assert {name: content for name, content in below(store.path).items() if name != path.name} == {
        name: content for name, content in here.items() if name != path.name
    }
    assert whole_run() == [record for _, record in read_window(path, 0, ended=True).records]
    assert Ack(10, (RUN,)) == read_ack(path)
    assert 1_600_000_000 == path.stat().st_mtime


def test_nobody_writes_what_comes_out(folder, bundle, tmp_path):
    """A journal that was carried has no writer any more, and no byte behind that line has moved."""
    (store,) = unpack(bundle, tmp_path / "there")
    (path,), (before,) = Folder(store.path).journals(), folder.journals()
    assert {} == writer_of(path)
    assert path.stat().st_size == before.stat().st_size
    old, new = (read_window(p, 0, ended=True) for p in (before, path))
    assert old == new


def test_all_is_for_its_owner_only(bundle, tmp_path):
    """The bundle and what comes out of it: 0600 in folders of 0700, whatever the umask."""
    before = os.umask(0)
    try:
        unpack(bundle, tmp_path / "there")
    finally:
        os.umask(before)
    modes = {p.is_dir(): p.stat().st_mode & 0o777 for p in [*(tmp_path / "there").rglob("*")]}
    assert {True: 0o700, False: 0o600} == modes
    assert 0o600 == bundle.stat().st_mode & 0o777


def test_a_file_that_is_there_is_not_overwritten(folder, bundle):
    """A bundle is never written over anything."""
    before = bundle.read_bytes()
    with pytest.raises(BundleError, match="there already"):
        pack([Part(folder, URI, folder.journals())], bundle)
    assert before == bundle.read_bytes()


def test_what_is_delivered_meanwhile_makes_no_bundle(folder, tmp_path, mocker):
    """A shipper at work would leave a bundle of half of this and half of that: it is refused, and nothing is left."""
    (path,) = folder.journals()
    acks = [[b"before"], [b"after"]]
    mocker.patch("tracked.journal.bundle._acks", side_effect=acks)
    with pytest.raises(BundleError, match="delivered"):
        pack([Part(folder, URI, [path])], tmp_path / "new.tar")
    mocker.stopall()
    path.unlink()
    with pytest.raises(BundleError, match="delivered"):
        pack([Part(folder, URI, [path])], tmp_path / "new.tar")
    assert not [left for left in tmp_path.iterdir() if "new.tar" in left.name]


def tar_of(members, manifest=None):
    """A tar of these members, with a manifest that tells them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        if manifest is not None:
            info = tarfile.TarInfo("manifest.json")
            info.size = len(manifest)
            tar.addfile(info, io.BytesIO(manifest))
    return buffer.getvalue()


def named(name, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


COPY = f"stores/0/files/{NAME}.{'a' * 32}"
HOSTILE = {
    "up": [named(f"{COPY}/../../../../evil")],
    "up from a folder that is there": [named(f"{COPY}/x"), named(f"{COPY}/../../../../../evil")],
    "up at once": [named("../evil")],
    "absolute": [named("/tmp/evil")],
    "a dot": [named(f"{COPY}/./x")],
    "an empty part": [named(f"{COPY}//x")],
    "a name no bundle has": [named("stores/0/target.json")],
    "another's lock": [named("stores/0/shipper.lock")],
    "a store without number": [named("stores/x/ids.log")],
    "a copy without owner": [named(f"stores/0/files/{'a' * 32}/x")],
    "a link": [named(f"{COPY}/x", tarfile.SYMTYPE, "/etc/passwd")],
    "a hard link": [named(f"{COPY}/x", tarfile.LNKTYPE, "/etc/passwd")],
    "a device": [named(f"{COPY}/x", tarfile.CHRTYPE)],
    "a pipe": [named(f"{COPY}/x", tarfile.FIFOTYPE)],
    "a folder": [named(COPY, tarfile.DIRTYPE)],
    "twice": [named("stores/0/ids.log"), named("stores/0/ids.log")],
    "a file as a folder": [named(f"{COPY}/x"), named(f"{COPY}/x/y")],
    "too long a name": [named(f"{COPY}/{'x' * 300}")],
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_name_is_refused_and_writes_nothing_outside(kind, tmp_path):
    """No member leads out of its folder, is a link or a device, or stands for something that is not ours."""
    top = tmp_path / "top"
    top.mkdir()
    path = top / "bundle.tar"
    path.write_bytes(tar_of([(info, b"") for info in HOSTILE[kind]], b"{}"))
    with pytest.raises(BundleError, match="no bundle that can be imported"):
        unpack(path, top / "a" / "there")
    assert {"bundle.tar"} == {name for name in below(top) if not name.startswith("a/there/stores/0/")}
    assert not any(p.is_symlink() for p in top.rglob("*"))


MANIFESTS = {
    "none": None,
    "no JSON": b"{",
    "no object": b"[]",
    "another format": b'{"format": "tar 9"}',
    "no stores": b'{"format": "tracked bundle 1"}',
    "stores of nonsense": b'{"format": "tracked bundle 1", "stores": [7]}',
    "files of nonsense": b'{"format": "tracked bundle 1", "stores": [{"uri": "x", "files": [1]}]}',
    "a file that is missing": json.dumps(
        {
            "format": "tracked bundle 1",
            "stores": [{"uri": "x", "files": {"ids.log": {"size": 0, "sha256": ""}}}],
        }
    ).encode(),
    "no store": b'{"format": "tracked bundle 1", "stores": [{"uri": 5, "files": {}}]}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_manifest_that_does_not_fit_is_refused(kind, tmp_path):
    """A bundle that was cut off, or that tells of itself what is not so, is none."""
    path = tmp_path / "bundle.tar"
    path.write_bytes(tar_of([], MANIFESTS[kind]))
    with pytest.raises(BundleError):
        unpack(path, tmp_path / "there")


def test_a_content_that_was_changed_is_refused(bundle, tmp_path):
    """Every byte of every file is under a digest."""
    content = bundle.read_bytes()
    at = content.index(b"w" * 5000)
    bundle.write_bytes(content[:at] + b"v" + content[at + 1 :])
    with pytest.raises(BundleError, match="not what its manifest tells"):
        unpack(bundle, tmp_path / "there")


def test_a_bundle_larger_than_the_disk_is_refused_before_it_fills_it(bundle, tmp_path, mocker):
    """What there is no room for is not begun."""
    mocker.patch("tracked.journal.unbundle.shutil.disk_usage", return_value=mocker.Mock(free=1000))
    with pytest.raises(BundleError, match="no room"):
        unpack(bundle, tmp_path / "there")


def test_a_bundle_that_is_not_there_is_said(tmp_path):
    """A misspelt name is no damaged bundle."""
    with pytest.raises(FileNotFoundError):
        unpack(tmp_path / "none.tar", tmp_path / "there")


def opens_or_refuses(content):
    """Whatever the bytes are, they are laid out where they belong, or refused by our error."""
    with TemporaryDirectory() as folder:
        top = Path(folder)
        path, into = top / "deep" / "bundle.tar", top / "deep" / "there"
        path.parent.mkdir()
        path.write_bytes(content)
        with suppress(BundleError):
            unpack(path, into)
        outside = [found for found in top.rglob("*") if not found.is_relative_to(into)]
        assert {path, path.parent} == set(outside) - {into}
        assert not any(found.is_symlink() for found in into.rglob("*"))


FUZZ = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=300)
MUCH = settings(FUZZ, max_examples=50_000)


def damaged(data, bundle):
    content = bytearray(bundle.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.sampled_from([1, 2, 12, 512, 10_000]))
        new = data.draw(st.binary(max_size=16) | st.just(bytes(content[at : at + length])))
        content[at : at + data.draw(st.sampled_from([0, len(new), length]))] = new
        content = content or bytearray(b"\0")
    opens_or_refuses(bytes(content))


PARTS = ["..", ".", "", "stores", "0", "files", f"{NAME}.{'a' * 32}", "x", "C:\\x", "\udcff", "/", "ids.log"]
NAMES = st.lists(st.sampled_from(PARTS), max_size=8).map("/".join)
MEMBERS = st.lists(
    st.tuples(NAMES, st.sampled_from(list(b"01234567xgLKS")), st.binary(max_size=20)), max_size=4
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("tracked bundle 1"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["format", "stores", "uri", "files", "ids.log", "size"]), inner)
    ),
)
TOLD = st.binary() | JSON.map(lambda value: json.dumps(value).encode())
TOLD |= JSON.map(lambda value: json.dumps({"format": "tracked bundle 1", "stores": value}).encode())


def made_up(members, manifest):
    infos = [(named(name, bytes([kind]), "../../x"), content) for name, kind, content in members]
    opens_or_refuses(tar_of(infos, manifest))


@FUZZ
@given(data=st.data())
def test_any_damage_to_a_bundle_is_refused_or_harmless(data, bundle):
    """Bits flipped, parts cut out, doubled or put in: a typed error, or the bundle as it was."""
    damaged(data, bundle)


@FUZZ
@given(MEMBERS, TOLD)
@example([("stores/0/ids.log", ord("0"), b"")], b"{}")
def test_any_tar_is_refused_or_harmless(members, manifest):
    """Whatever names and kinds its members have, nothing is written outside."""
    made_up(members, manifest)


@pytest.mark.slow
@MUCH
@given(data=st.data())
def test_much_damage_to_a_bundle_is_refused_or_harmless(data, bundle):
    """The same, fifty thousand times."""
    damaged(data, bundle)


@pytest.mark.slow
@MUCH
@given(MEMBERS, TOLD)
def test_many_tars_are_refused_or_harmless(members, manifest):
    """The same, fifty thousand times."""
    made_up(members, manifest)


def test_an_artifact_of_a_hostile_journal_stays_inside(tmp_path):
    """A record that names a copy elsewhere is refused where it is delivered, as in any journal."""
    folder = Folder(tmp_path / "journals")
    (tmp_path / "secret").write_bytes(b"secret")
    journal(folder, [opened(), Artifact(RUN, "x", "../../secret", 6)])
    backend = deliver(folder)
    assert {} == next(iter(backend.runs.values())).artifacts
    assert "not inside" in aside(folder)[0][0]
