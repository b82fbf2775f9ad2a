"""Rules for data: arrays, tensors, frames, models and long lists count by their contents."""

from __future__ import annotations

import hashlib
import json
import operator
import sys
from array import array
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, BinaryIO

from ..naming import qualified_name
from .jcs import to_bytes

if TYPE_CHECKING:
    from .walk import Walk

MAX_BYTES = 256 * 2**20
"""Above this, which takes about 0.2 s, a sample of the data stands for the whole: weak, and said to be so."""
_SAMPLES = 256
_LONG = 10_000


def digest(data: Any) -> str:
    """SHA-256 of anything that is made of bytes."""
    return hashlib.sha256(data).hexdigest()


def binary(_walk: Walk, value: Any) -> Any:
    """Bytes."""
    return {"$bytes": [len(bytes(value)), digest(bytes(value))]}


def path(walk: Walk, value: PurePath) -> Any:
    """A path is its text; where the ``Key`` marker asks for contents, what lies there now."""
    if walk.by_contents and isinstance(value, Path):
        if value.is_file():
            return _file(walk, value)
        if value.is_dir():
            inside = sorted(p for p in value.rglob("*") if p.is_file())
            return {"$folder": [[p.relative_to(value).as_posix(), _file(walk, p)] for p in inside]}
    return walk.text(value.as_posix())


def _file(walk: Walk, value: Path) -> Any:
    """Size and digest; of a file that is too large evenly spread pieces stand for the whole."""
    size = value.stat().st_size
    with value.open("rb") as file:
        if size <= MAX_BYTES:
            return {"$file": [size, digest(file.read())]}
        return walk.weak(value, size=size, sample=_sampled(file, size))


def _sampled(file: BinaryIO, size: int) -> str:
    piece = MAX_BYTES // _SAMPLES
    sample = hashlib.sha256()
    for place in range(_SAMPLES):
        file.seek((size - piece) * place // (_SAMPLES - 1))
        sample.update(file.read(piece))
    return sample.hexdigest()


def long_list(values: Any) -> Any:
    """A long list of numbers, or of texts, by its digest; None for other lists."""
    if len(values) < _LONG:
        return None
    types = set(map(type, values))
    if types == {str}:
        return {"$texts": [len(values), digest(json.dumps(list(values)).encode())]}
    return _numbers(values) if types <= {int, float} else None


def _numbers(values: Any) -> Any:
    """As little-endian doubles, if that is exact; adding 0.0 makes -0.0 the same as 0."""
    try:
        packed = array("d", (value + 0.0 for value in values))
    except OverflowError:
        return None
    if not all(map(operator.eq, packed, values)):
        return None
    if sys.byteorder == "big":
        packed.byteswap()
    return {"$numbers": [len(values), digest(packed)]}


def numpy_scalar(walk: Walk, value: Any) -> Any:
    """A Python number."""
    item = value.item()
    return walk.weak(value, text=str(value)) if type(item) is type(value) else walk(item)


def numpy_array(walk: Walk, value: Any) -> Any:
    """Dtype, shape and contents, in whatever order they lie in memory; objects one by one."""
    said = {"dtype": value.dtype.name, "shape": list(value.shape)}
    if value.dtype.hasobject or value.dtype.names:
        return {"$array": {**said, "dtype": str(value.dtype), "items": walk(value.tolist())}}
    return _flat(walk, value, said)


def _flat(walk: Walk, value: Any, said: dict[str, Any]) -> Any:
    """By digest of the bytes, or of evenly spread items if there are too many."""
    numpy = sys.modules["numpy"]
    step = -(-value.nbytes // MAX_BYTES)
    if step > 1:
        sample = numpy.ascontiguousarray(value.reshape(-1)[::step])
        return walk.weak(value, **said, sample=digest(_little(sample)))
    return {"$array": {**said, "digest": digest(_little(numpy.ascontiguousarray(value)))}}


def _little(contiguous: Any) -> Any:
    ordered = contiguous.astype(contiguous.dtype.newbyteorder("<"), copy=False)
    return ordered.reshape(-1).view("u1")


def scipy_sparse(walk: Walk, value: Any) -> Any:
    """Shape and the entries, in row order."""
    rows = value.tocsr(copy=True)
    rows.sum_duplicates()
    parts = [rows.data, rows.indices.astype("i8"), rows.indptr.astype("i8")]
    return {"$sparse": [list(value.shape), *(numpy_array(walk, part) for part in parts)]}


def pandas_frame(walk: Walk, value: Any) -> Any:
    """Names, dtypes and a hash of each row, index included; the order of rows and columns counts."""
    pandas = sys.modules["pandas"]
    step = -(-value.size * 8 // MAX_BYTES) or 1
    rows = pandas.util.hash_pandas_object(value[::step] if step > 1 else value)
    names = list(value.columns) if value.ndim > 1 else [value.name]
    dtypes = list(map(str, value.dtypes)) if value.ndim > 1 else [str(value.dtype)]
    said = {"names": walk(names), "dtypes": dtypes, "shape": list(value.shape)}
    rows_digest = digest(_little(rows.to_numpy()))
    if step > 1:
        return walk.weak(value, **said, sample=rows_digest)
    return {"$frame": {"type": f"pandas.{type(value).__name__}", **said, "digest": rows_digest}}


def polars_frame(walk: Walk, value: Any) -> Any:
    """Columns in their order."""
    return {
        "$frame": {
            "type": "polars.DataFrame",
            "columns": [polars_series(walk, c) for c in value.get_columns()],
        }
    }


def polars_series(walk: Walk, value: Any) -> Any:
    """Name, dtype and contents."""
    whole = value.dtype.is_numeric() and value.null_count() == 0
    return {"$series": [value.name, str(value.dtype), walk(value.to_numpy() if whole else value.to_list())]}


def torch_tensor(walk: Walk, value: Any) -> Any:
    """A number, or an array: the device does not count, nor whether gradients are kept."""
    tensor = value.detach().cpu().contiguous()
    if tensor.ndim == 0:
        return walk(tensor.item())
    data = tensor.reshape(-1).view(sys.modules["torch"].uint8).numpy()
    return _flat(walk, data, {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape)})


def torch_module(walk: Walk, value: Any) -> Any:
    """Class and architecture; with its weights where the ``Key`` marker asks for them."""
    layers = [
        [name, qualified_name(type(layer)), layer.extra_repr()] for name, layer in value.named_modules()
    ]
    shapes = [[name, list(tensor.shape), str(tensor.dtype)] for name, tensor in value.state_dict().items()]
    architecture = digest(to_bytes([layers, shapes]))
    state = {"state": walk.mapping(value.state_dict())} if walk.by_contents else {}
    return {"$torch": [qualified_name(type(value)), architecture], **state}
