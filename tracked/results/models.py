"""Models: told apart by where their class comes from, and saved without pickle.

What the model's own library writes in a format of its own is written so.  The rest is given to
``mlflow.<flavor>.save_model`` where the program has loaded MLflow; where it has not, nothing is saved and that is said.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..foreign import answer
from ..naming import qualified_name
from ..shapes import kinds, once_per_type
from .values import Keep


class NotSaved(Exception):
    """There is no way to save this model without pickle; the text says what to do."""


def is_model(value: Any) -> bool:
    """Whether it is a model of a library that is known here."""
    return _saver(type(value)) is not None


def about(model: Any) -> dict[str, str]:
    """Its class, and the number of its parameters where that is told cheaply."""
    count = answer(lambda: _count(model), None)  # it may not be built yet
    return {"type": qualified_name(type(model)), **({"parameters": str(count)} if count else {})}


def _count(model: Any) -> int | None:
    if hasattr(model, "count_params"):  # Keras
        return int(model.count_params())
    if "torch.Module" in kinds(type(model)):
        return sum(int(p.numel()) for p in model.parameters())
    if "onnx.ModelProto" in kinds(type(model)):
        return sum(int(math.prod(tensor.dims)) for tensor in model.graph.initializer)
    coefficients = getattr(model, "coef_", None)
    if coefficients is None:
        return None  # trees have an intercept, too, and no parameters that could be counted
    return sum(int(getattr(array, "size", 1)) for array in (coefficients, getattr(model, "intercept_", 0)))


def keep_model(model: Any, name: str, keep: Keep) -> None:
    """Save it as the file or folder ``name``.

    Raises:
        NotSaved: there is no way without pickle.
    """
    save = _saver(type(model))
    if save is None:
        raise NotSaved(
            f"{qualified_name(type(model))} is no model that can be saved without pickle; save it to a file and "
            "give that to track.artifact"
        )
    with TemporaryDirectory(prefix="tracked-") as folder:
        saved = save(model, Path(folder))
        keep(saved, name + saved.suffix if saved.is_file() else name, move=True)


Saver = Callable[[Any, Path], Path]


def _file(ending: str, method: str = "save_model") -> Saver:
    """What has a method that writes one file, in a format by its ending."""

    def save(model: Any, folder: Path) -> Path:
        path = folder / f"model{ending}"
        getattr(model, method)(str(path))
        return path

    return save


def _pretrained(model: Any, folder: Path) -> Path:
    model.save_pretrained(str(folder / "model"))
    return folder / "model"


def _onnx(model: Any, folder: Path) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def _lightgbm(model: Any, folder: Path) -> Path:
    path = folder / "model.txt"
    getattr(model, "booster_", model).save_model(str(path))
    return path


def _weights(model: Any, folder: Path) -> Path:
    """The weights of a torch module: its code stays in the program."""
    # A copy of each: layers may share a tensor, and safetensors refuses tensors that do.
    state = {key: tensor.detach().cpu().clone() for key, tensor in _tensors(model).items()}
    try:
        safetensors = importlib.import_module("safetensors.torch")  # light where torch is loaded
    except ImportError:
        return _arrays(state, folder)
    path = folder / "model.safetensors"
    safetensors.save_file(state, str(path))
    return path


def _arrays(state: Mapping[str, Any], folder: Path) -> Path:
    numpy = sys.modules.get("numpy")
    if numpy is None:
        raise NotSaved("weights are saved with safetensors or NumPy: install safetensors")
    path = folder / "model.npz"
    numpy.savez(path, **{key: _array(key, tensor) for key, tensor in state.items()})
    return path


def _tensors(model: Any) -> dict[str, Any]:
    state = dict(model.state_dict())
    others = [key for key, value in state.items() if not hasattr(value, "detach")]
    if others:
        raise NotSaved(
            f"its state holds {', '.join(others[:5])}, no tensor: save it to a file for track.artifact"
        )
    return state


def _array(key: str, tensor: Any) -> Any:
    try:
        return tensor.numpy()
    except TypeError as error:
        raise NotSaved(f"NumPy has no {tensor.dtype}, as {key} is: install safetensors") from error


def _sklearn(model: Any, folder: Path) -> Path:
    mlflow, sklearn = sys.modules.get("mlflow"), sys.modules.get("sklearn")
    if mlflow is None or sklearn is None:
        raise NotSaved(
            "a scikit-learn model is saved by MLflow, in skops format: `import mlflow` before, or save it yourself "
            "and give the file to track.artifact"
        )
    # Without given requirements MLflow would start a process to find them out.
    mlflow.sklearn.save_model(
        model,
        str(folder / "model"),
        serialization_format="skops",
        skops_trusted_types=_types_in(model),
        pip_requirements=[f"scikit-learn=={sklearn.__version__}", "skops"],
    )
    return folder / "model"


def _types_in(model: Any) -> list[str]:
    """Types of the model that skops does not know: it is the program's own, and so trusted."""
    skops = importlib.import_module("skops.io")  # MLflow loads it next
    return list(skops.get_untrusted_types(data=skops.dumps(model)))


_SAVERS: dict[str, Saver] = {
    "transformers.PreTrainedModel": _pretrained,
    "keras.Model": _file(".keras", "save"),
    "onnx.ModelProto": _onnx,
    "xgboost.XGBModel": _file(".ubj"),
    "xgboost.Booster": _file(".ubj"),
    "lightgbm.LGBMModel": _lightgbm,
    "lightgbm.Booster": _lightgbm,
    "catboost.CatBoost": _file(".cbm"),
    "torch.Module": _weights,
    "sklearn.BaseEstimator": _sklearn,
}
"""By class, the more particular first: an XGBModel is a BaseEstimator too."""


@once_per_type
def _saver(cls: type) -> Saver | None:
    return next(_found(kinds(cls)), None)


def _found(names: frozenset[str]) -> Iterator[Saver]:
    return (save for name, save in _SAVERS.items() if name in names)
