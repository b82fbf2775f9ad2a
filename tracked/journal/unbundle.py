"""Opening a bundle.  What comes out of it is trusted in nothing: not its names, its sizes, its contents."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import BundleError
from . import lines
from .bundle import FORMAT, MANIFEST
from .reader import HEAD, is_header

_LONGEST = 1 << 28
_JOURNAL = r"\d{1,20}-\d{1,12}-[0-9a-z]{1,16}(_\d{6})?"
_FILE = re.compile(
    rf"stores/(\d{{1,6}})/(?:ids\.log|{_JOURNAL}\.(?:journal|ack)|files/{_JOURNAL}\.[0-9a-f]{{32}}/.+)",
    re.DOTALL,
)


class Unpacked(NamedTuple):
    """What one store has in a bundle, laid out as a journal folder."""

    path: Path
    uri: str
    sizes: Mapping[str, int]
    """Bytes of each of its files."""

    @property
    def journals(self) -> list[str]:
        """Names of its journals."""
        return [name for name in self.sizes if name.endswith(".journal")]


def unpack(bundle: Path, into: Path) -> list[Unpacked]:
    """Lay out what is in a bundle below a new folder, for its owner only, with every digest compared.

    Nobody writes the journals any more, so their writers are forgotten.

    Raises:
        BundleError: it is damaged or hostile, or there is no room for it; then ``into`` may hold a part of it.
        FileNotFoundError: there is no such bundle.
    """
    with bundle.open("rb") as file, _distrusted(bundle):
        into.mkdir(mode=0o700, parents=True)
        with tarfile.open(fileobj=file, mode="r:") as tar:
            manifest, found = _extracted(tar, into)
        stores = _checked(manifest, found)
        unpacked = [Unpacked(into / "stores" / str(n), uri, sizes) for n, (uri, sizes) in enumerate(stores)]
        for store in unpacked:
            for name in store.journals:
                _forget_writer(store.path / name)
    return unpacked


@contextmanager
def _distrusted(bundle: Path) -> Iterator[None]:
    """Whatever its reader stumbles over is the bundle's fault."""
    try:
        yield
    except BundleError as error:
        raise BundleError(f"{bundle} is no bundle that can be imported: {error}") from error
    except (
        tarfile.TarError,
        ArithmeticError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
        EOFError,
        OSError,
    ) as error:
        raise BundleError(f"{bundle} is no bundle that can be imported: {error}") from error


def _extracted(tar: tarfile.TarFile, into: Path) -> tuple[Any, dict[str, dict[str, Any]]]:
    """The manifest, and size and digest of each file that was laid out."""
    found: dict[str, dict[str, Any]] = {}
    room = shutil.disk_usage(into).free
    for member in _members(tar):
        if member.name == MANIFEST:
            return _manifest(tar, member), found
        room -= member.size
        if room < 0:
            raise BundleError("there is no room for it on the disk")
        if not _FILE.fullmatch(member.name):
            raise BundleError(f"it holds {member.name!r}, which no bundle has")
        found[member.name] = _laid_out(tar, member, _inside(into, member.name))
    raise BundleError("it is cut off: it has no manifest")


def _members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Regular files only, and each behind the one before it: a size may be a lie that leads back."""
    behind = -1
    while (member := tar.next()) is not None:
        if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
            raise BundleError(f"{member.name!r} is no regular file")
        if member.size < 0 or member.offset <= behind:
            raise BundleError(f"the size of {member.name!r} cannot be")
        behind = member.offset
        yield member


def _inside(top: Path, name: str) -> Path:
    parts = name.split("/")
    odd = {"\0", *("\\:" if os.name == "nt" else "")}
    if any(part in ("", ".", "..") or odd & set(part) for part in parts):
        raise BundleError(f"{name!r} leads out of its folder")
    return top.joinpath(*parts)


def _laid_out(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> dict[str, Any]:
    source = tar.extractfile(member)
    if source is None:
        raise BundleError(f"{member.name!r} is no regular file")
    _make_folders(path.parent)
    digest, size = hashlib.sha256(), 0
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        while chunk := source.read(1 << 20):
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    # When a journal was written last is when its process was last seen alive.
    told = min(max(0.0, float(member.mtime)), time.time())
    os.utime(path, (told, told))
    return {"size": size, "sha256": digest.hexdigest()}


def _make_folders(path: Path) -> None:
    if not path.is_dir():
        _make_folders(path.parent)
        path.mkdir(mode=0o700)


def _manifest(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Any:
    source = tar.extractfile(member)
    if source is None or member.size > _LONGEST:
        raise BundleError("its manifest is no manifest")
    manifest = json.loads(source.read())
    if not _is_manifest(manifest):
        raise BundleError(f"its manifest is none of {FORMAT!r}")
    return manifest


def _is_manifest(value: Any) -> bool:
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        return False
    stores = value.get("stores")
    return isinstance(stores, list) and all(map(_is_store, stores))


def _is_store(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("files"), dict):
        return False
    return isinstance(value.get("uri"), str) and all(map(_is_entry, value["files"].values()))


def _is_entry(value: Any) -> bool:
    return isinstance(value, dict) and type(value.get("size")) is int and type(value.get("sha256")) is str


def _checked(
    manifest: Mapping[str, Any], found: dict[str, dict[str, Any]]
) -> list[tuple[str, dict[str, int]]]:
    """URI of each store, and sizes of its files, once all that was laid out is what the manifest tells."""
    stores = manifest["stores"]
    told = {
        f"stores/{number}/{name}": entry
        for number, store in enumerate(stores)
        for name, entry in store["files"].items()
    }
    if told != found:
        wrong = sorted(name for name in told.keys() | found.keys() if told.get(name) != found.get(name))
        raise BundleError(f"{wrong[0]!r} is not what its manifest tells")
    return [
        (store["uri"], {name: entry["size"] for name, entry in store["files"].items()}) for store in stores
    ]


def _forget_writer(journal: Path) -> None:
    """Make the line that tells the writer tell nobody, and leave every other byte where it is."""
    times = journal.stat()
    with journal.open("r+b") as file:
        head = file.read(HEAD)
        text = head.lstrip(b"\n").partition(b"\n")[0]
        if any(is_header(line.value) for line in lines.parse(text)):
            file.seek(head.index(text))
            file.write(lines.line_of(b'["writer",{}]'.ljust(len(text) - 9)).strip(b"\n"))
    os.utime(journal, ns=(times.st_atime_ns, times.st_mtime_ns))
