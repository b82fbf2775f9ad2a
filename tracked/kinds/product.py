"""What a conversion gave: where it is, how large, and its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..identity.plumbing import PLACES

MB = 2**20
SOURCES = ("checkpoint_path", "checkpoint", "checkpoint_dir", "model_path", "source_path")
"""Arguments that say where the model to be converted lies."""

_BLOCK = 2**20
_ONNX = ("", "ai.onnx")
_SUFFIXES = {"pt": "torch", "pth": "torch", "ort": "onnxruntime", "engine": "tensorrt", "plan": "tensorrt"}
_SUFFIXES |= {name: name for name in ("onnx", "tflite", "safetensors", "gguf", "pt2", "mlmodel", "mlpackage")}


@dataclass(frozen=True)
class Product:
    """A model as a file, a folder or bytes."""

    content: Path | bytes
    format: str | None = None
    opset: int | None = None

    @classmethod
    def of(cls, result: Any) -> Product | None:
        """What was returned as a product, if it is one: an existing path, bytes, or an ONNX model."""
        if isinstance(result, Path):
            known = _SUFFIXES.get(result.suffix.lstrip(".").lower())
            return cls(result, known) if result.exists() else None
        if isinstance(result, bytes | bytearray):
            return cls(bytes(result))
        # An ONNX model is known by what it can do: whoever returns one has loaded onnx, we have not.
        if callable(getattr(result, "SerializeToString", None)):
            return cls(result.SerializeToString(), "onnx", _opset(result))
        return None

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content) if isinstance(self.content, bytes) else size_of(self.content)

    def sha256(self) -> str:
        """Digest of the bytes; of a folder, of the names and digests of its files."""
        if isinstance(self.content, bytes):
            return hashlib.sha256(self.content).hexdigest()
        if self.content.is_file():
            return _file_digest(self.content)
        listed = (
            f"{_file_digest(p)}  {p.relative_to(self.content).as_posix()}\n" for p in _files(self.content)
        )
        return hashlib.sha256("".join(listed).encode()).hexdigest()


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    return sum(file.stat().st_size for file in _files(path)) if path.is_dir() else path.stat().st_size


def source_size(arguments: Mapping[str, Any]) -> int | None:
    """Bytes of the model that the arguments name: as one of ``SOURCES``, else as a ``Path`` to a file.

    To be asked before the call, when what will be written is not there yet.
    """
    named = [Path(arguments[name]) for name in SOURCES if isinstance(arguments.get(name), str | Path)]
    others = [
        value
        for name, value in arguments.items()
        if isinstance(value, Path) and value.is_file() and name not in PLACES
    ]
    return next((size_of(path) for path in [*named, *others] if path.exists()), None)


def _files(folder: Path) -> Iterator[Path]:
    return iter(sorted(path for path in folder.rglob("*") if path.is_file()))


def _file_digest(path: Path) -> str:
    """Block by block: a model may be larger than memory."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _opset(model: Any) -> int | None:
    with suppress(AttributeError, TypeError, ValueError):  # it only looks like one
        return next((int(used.version) for used in model.opset_import if used.domain in _ONNX), None)
    return None
