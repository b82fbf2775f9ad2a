"""Whether a search space can be searched: asked where it is written, before anything runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ConfigError
from .spaces import plain_space

_KNOWN = {"type", "low", "high", "step", "log"}


def possible_space(space: Any) -> Mapping[str, Any]:
    """The canonical form of a search space in which every distribution can be drawn from.

    Raises:
        ConfigError: it is no mapping, or a hyperparameter, which is named, has nothing to be chosen from.
    """
    form = plain_space(space)
    if not isinstance(form, Mapping) or not form or isinstance(form.get("type"), str):
        raise ConfigError(
            f'a search space is a mapping by name, such as {{"lr": ("loguniform", 1e-5, 0.1)}}, not {space!r}'
        )
    _check_all(form, "")
    return form


def names_of(space: Mapping[str, Any], above: str = "") -> list[str]:
    """The full names of the hyperparameters that are chosen; fixed values are none."""
    found = []
    for name, one in space.items():
        if is_group(one):
            found += names_of(one, f"{above}{name}.")
        elif is_choice(one) or is_range(one):
            found.append(f"{above}{name}")
    return found


def is_group(form: Any) -> bool:
    """Whether a canonical form holds hyperparameters of its own."""
    return isinstance(form, Mapping) and not isinstance(form.get("type"), str)


def is_choice(form: Any) -> bool:
    """Whether it is one of given values."""
    return isinstance(form, list) or (isinstance(form, Mapping) and form.get("type") == "choice")


def is_range(form: Any) -> bool:
    """Whether it is a number between bounds."""
    return isinstance(form, Mapping) and form.get("type") in ("float", "int")


def _check_all(space: Mapping[str, Any], above: str) -> None:
    for name, form in space.items():
        whole = f"{above}{name}"
        if is_group(form):
            _check_all(form, f"{whole}.")
        elif wrong := _wrong(form):
            raise ConfigError(f"search space: {whole} {wrong}")


def _wrong(form: Any) -> str:
    """What is wrong with one hyperparameter; empty if nothing is."""
    if is_choice(form):
        values = form if isinstance(form, list) else form.get("values")
        return "" if isinstance(values, list | tuple) and values else "has no choices"
    if is_range(form):
        return next((said.format(**form) for fails, said in _RULES if fails(form)), "")
    if not isinstance(form, Mapping):
        return "" if _is_plain(form) else f"is no distribution that can be read: {form!r}"
    if form["type"] == "randint":
        return (
            'is "randint", of which libraries disagree whether the upper end counts: write ("int", low, high)'
        )
    return f"is {form['type']!r}, which has no bounds, and engines search between bounds: give it as a range"


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int | float)


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_fraction(value: Any) -> bool:
    return value is not None and value != int(value)


Fails = Callable[[Mapping[str, Any]], bool]
_RULES: tuple[tuple[Fails, str], ...] = (
    (lambda f: not {"low", "high"} <= set(f), "lacks a bound: low and high"),
    (lambda f: not set(f) <= _KNOWN, "has more than type, low, high, step and log"),
    (
        lambda f: not (_is_finite(f["low"]) and _is_finite(f["high"])),
        "has a bound that is no number: {low} to {high}",
    ),
    (lambda f: f["low"] > f["high"], "is empty: {low} is above {high}"),
    (lambda f: bool(f.get("log")) and f["low"] <= 0, "is on a log scale, which has no {low}"),
    (lambda f: "step" in f and not (_is_finite(f["step"]) and f["step"] > 0), "has a step of {step}"),
    (
        lambda f: bool(f.get("log")) and "step" in f,
        "is on a log scale in steps, which no engine knows: leave one out",
    ),
    (
        lambda f: f["type"] == "int" and any(_is_fraction(f.get(name)) for name in ("low", "high", "step")),
        "is of whole numbers, and not all of {low}, {high} and the step are",
    ),
)  # in this order: each can count on what the earlier ones have seen to
"""What makes a range impossible, and how that is said."""
