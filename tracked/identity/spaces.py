"""Search spaces by what they mean, however they are written.

======================================================  ==================================================
written, by name of a hyperparameter                    canonical form
======================================================  ==================================================
``FloatDistribution(1, 2)``, ``("uniform", 1, 2)``,     ``{"type": "float", "low": 1, "high": 2}``
``{type: uniform, min_value: 1, max_value: "2"}``,
``tune.uniform(1, 2)``
``FloatDistribution(1e-5, 1, log=True)``,               ``{"type": "float", "low": 1e-05, "high": 1,
``("loguniform", 1e-5, 1)``, ``{type: loguniform, …}``, "log": true}``
``tune.loguniform(1e-5, 1)``
Azure ML's ``LogUniform(-3, 0)``,                       the same: ``exp(-3)`` to ``exp(0)``
``{type: loguniform, min_value: -3, max_value: 0}``
``FloatDistribution(0, 1, step=.1)``,                   ``{"type": "float", "low": 0, "high": 1,
``("quniform", 0, 1, .1)``                              "step": 0.1}``
``IntDistribution(1, 8)``, ``("int", 1, 8)``            ``{"type": "int", "low": 1, "high": 8}``; a step of
                                                        1 is none
``{type: randint, upper: 8}``, ``tune.randint(0, 8)``    ``{"type": "int", "low": 0, "high": 7}``
``("randint", 1, 8)``                                   ``{"type": "randint", …}``: libraries disagree
                                                        about its upper end
``("normal", 0, 1)``, ``lognormal``, ``qnormal`` …      ``{"type": "normal", "mu": 0, "sigma": 1}`` …
a list, ``("choice", […])``, ``{type: choice, …}``,     the list: its order counts, because seeds and
``CategoricalDistribution``, ``tune.choice``,           stored studies depend on it
``{"grid_search": […]}``
a mapping without such a ``type``                       the mapping, its entries read by this table
anything else                                           itself: a fixed value
======================================================  ==================================================

Bounds may be texts.  Elsewhere a text is a number only if YAML 1.1 means one and PyYAML does not see it: ``1e-5``.
Names of types are read without case, ``_`` and ``-``; of bounds, ``low, min, min_value, lower`` and the like are
one.  What a distribution has beside these counts under its own name.  A canonical form is its own canonical form.

Azure ML's bounds of ``loguniform`` are exponents of e, those of everybody else are the values.  Its objects are read
as it means them; its YAML looks like others', so there only a lower bound below 0, which no value can be, tells.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from ..foreign import answer
from ..shapes import kinds, mapping_reader

_DEEPEST = 50
_SCIENTIFIC = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+")

_ALIASES = {
    alias: name
    for name, aliases in {
        "low": "low min min_value minimum lower",
        "high": "high max max_value maximum upper",
        "step": "step q",
        "values": "values choices options",
        "mu": "mu mean loc",
        "sigma": "sigma std stdev scale",
    }.items()
    for alias in aliases.split()
}


class _Shape(NamedTuple):
    """A way to say a distribution."""

    type: str
    order: tuple[str, ...]
    """The arguments of its tuple."""
    log: bool = False


_BOUNDS, _STEPS = ("low", "high"), ("low", "high", "step")
_BELL, _BELLS = ("mu", "sigma"), ("mu", "sigma", "step")
_NO_STEP = {"int": (None, 1)}  # steps that are none, by type
_SHAPES = {
    "uniform": _Shape("float", _BOUNDS),
    "float": _Shape("float", _STEPS),
    "loguniform": _Shape("float", _BOUNDS, log=True),
    "quniform": _Shape("float", _STEPS),
    "discreteuniform": _Shape("float", _STEPS),
    "qloguniform": _Shape("float", _STEPS, log=True),
    "int": _Shape("int", _STEPS),
    "integer": _Shape("int", _STEPS),
    "intuniform": _Shape("int", _STEPS),
    "logint": _Shape("int", _STEPS, log=True),
    "intlog": _Shape("int", _STEPS, log=True),
    "intloguniform": _Shape("int", _STEPS, log=True),
    "randint": _Shape("randint", _BOUNDS),
    "normal": _Shape("normal", _BELL),
    "qnormal": _Shape("normal", _BELLS),
    "lognormal": _Shape("normal", _BELL, log=True),
    "qlognormal": _Shape("normal", _BELLS, log=True),
    "choice": _Shape("choice", ("values",)),
    "categorical": _Shape("choice", ("values",)),
}


def plain_space(value: Any) -> Any:
    """The canonical form of a search space, or of one hyperparameter's; whatever cannot be read is left as it is."""
    return answer(lambda: _read(value, 0), value)


def _read(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _scientific(value)
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return _distribution(value[0], _by_place(value)) if _is_distribution(value) else _choices(value)
    of_library = next((read for name, read in _LIBRARIES.items() if name in kinds(type(value))), None)
    if of_library is not None:
        return of_library(value)
    read = mapping_reader(type(value))
    return value if read is None or depth > _DEEPEST else _of_mapping(read(value), depth)


def _of_mapping(entries: Mapping[Any, Any], depth: int) -> Any:
    if _shape(entries.get("type")):
        return _distribution(entries["type"], _as_meant(entries["type"], _by_name(entries)))
    if set(entries) == {"grid_search"} and isinstance(entries["grid_search"], list | tuple):
        return _choices(entries["grid_search"])
    return {name: _read(entry, depth + 1) for name, entry in entries.items()}


def _of_optuna(distribution: Any) -> Any:
    """By attributes: the deprecated classes have those of the new ones."""
    if hasattr(distribution, "choices"):
        return _choices(distribution.choices)
    kind = "int" if "optuna.IntDistribution" in kinds(type(distribution)) else "float"
    return _distribution(kind, {name: getattr(distribution, name) for name in (*_STEPS, "log")})


def _of_azure(distribution: Any) -> Any:
    given = vars(distribution)
    return _distribution(given["type"], _as_meant(given["type"], _by_name(given), are_exponents=True))


def _of_ray(domain: Any) -> Any:
    """By attributes.  The upper end of whole numbers is left out by Ray, but not where they go in steps."""
    if hasattr(domain, "categories"):
        return _choices(domain.categories)
    sampler: Any = getattr(domain, "sampler", None)
    step = getattr(sampler, "q", None)
    sampler = sampler if step is None else sampler.get_sampler()
    names = kinds(type(sampler))
    if "ray.Normal" in names:
        return _distribution("normal", {"mu": sampler.mean, "sigma": sampler.sd, "step": step})
    if names.isdisjoint({"ray.Uniform", "ray.LogUniform"}):
        return domain
    kind = "int" if "ray.Integer" in kinds(type(domain)) else "float"
    high = domain.upper - (kind == "int" and step in _NO_STEP["int"])
    bounds = {"low": domain.lower, "high": high, "step": step}
    return _distribution(kind, {**bounds, "log": "ray.LogUniform" in names})


_LIBRARIES: dict[str, Callable[[Any], Any]] = {
    "optuna.BaseDistribution": _of_optuna,
    "azure.SweepDistribution": _of_azure,
    "ray.Domain": _of_ray,
}
"""How a library's distributions are read, by the name of the class that all of them are."""


def _as_meant(name: str, given: Mapping[Any, Any], *, are_exponents: bool = False) -> Mapping[Any, Any]:
    """The entries with bounds that are values, where they are exponents."""
    shape, low, high = _shape(name), _number(given.get("low")), _number(given.get("high"))
    if not (shape and shape.log and shape.order[:2] == _BOUNDS and _is_number(low) and _is_number(high)):
        return given
    if not are_exponents and (shape.type != "float" or low >= 0):
        return given
    return {**given, "low": math.exp(low), "high": math.exp(high)}


def _is_distribution(items: Sequence[Any]) -> bool:
    """Whether the first item names a distribution that the others fit; else they are choices."""
    shape = _shape(items[0]) if items else None
    if shape is None or not 1 <= len(items) - 1 <= len(shape.order):
        return False
    if shape.type == "choice":
        return isinstance(items[1], list | tuple)
    return len(items) > 2 and all(map(_is_number, items[1:]))


def _shape(name: Any) -> _Shape | None:
    return _SHAPES.get(re.sub("[_-]", "", name.lower())) if isinstance(name, str) else None


def _by_place(items: Sequence[Any]) -> dict[str, Any]:
    shape = _SHAPES[re.sub("[_-]", "", items[0].lower())]
    return dict(zip(shape.order, items[1:], strict=False))


def _by_name(entries: Mapping[Any, Any]) -> dict[Any, Any]:
    """The entries under the names of this module; of two that mean one, the second keeps its own name."""
    found: dict[Any, Any] = {}
    for name, value in entries.items():
        known = _ALIASES.get(name, name)
        found[name if known in found else known] = value
    found.pop("type", None)
    return found


def _distribution(name: str, given: Mapping[Any, Any]) -> Any:
    shape = _shape(name) or _Shape(name, ())
    if shape.type == "choice":
        return _choice(given)
    if shape.type == "randint" and "low" not in given and _is_number(given.get("high")):
        shape, given = _SHAPES["int"], {**given, "low": 0, "high": _number(given["high"]) - 1}
    form = {"type": shape.type, **{key: _number(value) for key, value in given.items()}}
    form["log"] = bool(form.get("log")) or shape.log
    if form.get("step") in _NO_STEP.get(shape.type, (None,)):
        form.pop("step", None)
    if not form["log"]:
        del form["log"]
    return form


def _choice(given: Mapping[Any, Any]) -> Any:
    values = given.get("values")
    if set(given) == {"values"} and isinstance(values, list | tuple):
        return _choices(values)
    return {"type": "choice", **given}


def _choices(values: Sequence[Any]) -> Any:
    read = list(map(_scientific, values))
    # Choices that would be taken for a distribution say that they are none.
    return {"type": "choice", "values": read} if _is_distribution(read) else read


def _is_number(value: Any) -> bool:
    return not isinstance(_number(value), str | bool) and hasattr(_number(value), "__float__")


def _scientific(value: Any) -> Any:
    """What YAML 1.1 means as a number and PyYAML takes for a text, as that number."""
    return float(value) if isinstance(value, str) and _SCIENTIFIC.fullmatch(value) else value


def _number(value: Any) -> Any:
    """A text that is a number as that number; anything else as it is."""
    if not isinstance(value, str):
        return value
    with suppress(ValueError):
        return int(value)
    with suppress(ValueError):
        return float(value)
    return value
