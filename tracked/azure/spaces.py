"""Search spaces as the YAML of Azure ML's sweep jobs has them, and a trial's values back from its texts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError

_FOR_A_SHELL = re.compile(r'["$`\\\n]')
_MOST_CHOICES = 1000
"""Whole numbers that are written one by one, since Azure ML's ``randint`` begins at 0."""


def search_space(form: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What each hyperparameter is chosen from, as ``search_space`` of a sweep job; a fixed value is a choice of one.

    Args:
        form: canonical forms by name, as ``identity.spaces`` tells them.

    Raises:
        ConfigError: Azure ML has nothing like it.
    """
    return {name: _distribution(name, each) for name, each in form.items()}


def _distribution(name: str, form: Any) -> dict[str, Any]:
    if isinstance(form, list):
        return _choice(name, form)
    if not isinstance(form, Mapping):
        return _choice(name, [form])
    kind = form.get("type")
    if kind == "choice" and set(form) == {"type", "values"}:
        return _choice(name, list(form["values"]))
    if kind in ("float", "int"):
        return _range(name, form)
    if kind == "normal":
        shape = f"{'q' * ('step' in form)}{'log' * bool(form.get('log'))}normal"
        step = {"q": form["step"]} if "step" in form else {}
        return {"type": shape, "mu": form["mu"], "sigma": form["sigma"], **step}
    raise ConfigError(f"space: Azure ML has no distribution like that of {name!r}: {form!r}")


def _choice(name: str, values: list[Any]) -> dict[str, Any]:
    """Values one by one; Azure ML puts the chosen one between the double quotes of the command of a shell."""
    if strange := [value for value in values if _FOR_A_SHELL.search(str(value))]:
        raise ConfigError(f"space: a shell would change this choice of {name!r} on its way: {strange[0]!r}")
    return {"type": "choice", "values": values}


def _range(name: str, form: Mapping[str, Any]) -> dict[str, Any]:
    low, high, is_whole, is_log = form["low"], form["high"], form["type"] == "int", bool(form.get("log"))
    step = form.get("step", 1 if is_whole else None)
    # Azure ML rounds to whole multiples of the step, wherever the range begins.
    is_off = bool(step) and not is_log and low % step != 0
    if is_off or (is_whole and not is_log):
        count = int((high - low) / step + 1e-9) + 1
        if count <= _MOST_CHOICES:
            return {"type": "choice", "values": [low + step * i for i in range(count)]}
        if is_off:
            raise ConfigError(f"space: {name!r} has {count} values that are no multiples of its step {step}")
    # Azure ML wants the exponents of a logarithmic range.
    ends = (math.log(low), math.log(high)) if is_log else (low, high)
    bounds = {"min_value": ends[0], "max_value": ends[1], **({"q": step} if step else {})}
    return {"type": f"{'q' * bool(step)}{'log' * is_log}uniform", **bounds}


def values_of(texts: Mapping[str, str], form: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters that a trial was given as texts, as the values that its space means.

    Raises:
        ConfigError: there is no such hyperparameter, or it cannot have such a value.
    """
    if strange := sorted(texts.keys() - form.keys()):
        raise ConfigError(f"the space has no {', '.join(strange)}")
    return {name: _value(name, text, form[name]) for name, text in texts.items()}


def _value(name: str, text: str, form: Any) -> Any:
    choices = form if isinstance(form, list) else form.get("values") if isinstance(form, Mapping) else [form]
    if choices is not None:
        found = [choice for choice in choices if text in (str(choice), json.dumps(choice))]
        if not found:
            raise ConfigError(f"{text!r} is none of the choices of {name}")
        return found[0]
    number = float(text)
    return round(number) if form.get("type") == "int" else number
