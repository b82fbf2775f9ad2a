"""From the record of a call back to the call: its function by name, its arguments by their annotations."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..foreign import annotations_of
from ..nearest import did_you_mean
from ..results.stored import PATH, NotStorable, Recalling
from .origin import LOST


def function_called(name: str) -> Any:
    """What this name, ``module.qualname``, stands for, with its module imported.

    Raises:
        ConfigError: it cannot be imported, or nothing in its module has that name.
    """
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:length])
        try:
            found: Any = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name and (module == error.name or module.startswith(f"{error.name}.")):
                continue
            raise ConfigError(f"importing {module}, which {name} is in, fails: {error}") from error
        for part in parts[length:]:
            found = getattr(found, part, None)
        if found is None:
            raise ConfigError(f"there is no {name}: {module} can be imported, and does not have it")
        return found
    raise ConfigError(
        f"no module of {name} can be imported from here: call this in the folder that the run was made in"
    )


def changed(recorded: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
    """The recorded arguments with other values; ``config.lr`` is a part of one.

    A value is JSON (``0.1``, ``true``, ``[1, 2]``) or else a text; where a text or a path was, it is one as it stands.

    Raises:
        ConfigError: there is no such argument.
    """
    arguments = json.loads(json.dumps(recorded))
    for name, text in changes.items():
        inside, last = _place(arguments, name)
        inside[last] = _value(inside[last], text)
    return dict(arguments)


def _place(arguments: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
    inside: Any = arguments
    parts = [name] if name in arguments else name.split(".")
    for i, part in enumerate(parts):
        if not isinstance(inside, dict) or part not in inside:
            known = inside if isinstance(inside, dict) else ()
            raise ConfigError(f"the call has no argument {name!r}{did_you_mean(part, list(known))}")
        if i < len(parts) - 1:
            inside = inside[part]
            inside = inside.get("$record", inside) if isinstance(inside, dict) else inside
    return inside, parts[-1]


def _value(before: Any, text: str) -> Any:
    if isinstance(before, dict) and PATH in before:
        return {PATH: text}
    if isinstance(before, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def call_of(fn: Any, recorded: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Positional and named arguments with which the function is called as it was.

    Args:
        fn: the function.
        recorded: its arguments, as ``arguments_text`` wrote them.

    Raises:
        ConfigError: some cannot be built again, or the function takes others by now.
    """
    if lost := {
        name: form[LOST] for name, form in recorded.items() if isinstance(form, dict) and LOST in form
    }:
        told = "; ".join(f"{name} ({why})" for name, why in lost.items())
        raise ConfigError(f"arguments that cannot be built again: {told}. Give what stands for them by --set")
    args, kwargs = _bound(inspect.signature(fn), _rebuilt(fn, recorded))
    try:
        inspect.signature(fn).bind(*args, **kwargs)
    except TypeError as error:
        raise ConfigError(f"the function takes other arguments by now: {error}") from error
    return args, kwargs


def _rebuilt(fn: Any, recorded: Mapping[str, Any]) -> dict[str, Any]:
    hints = annotations_of(inspect.unwrap(fn)) or {}
    return {
        name: _value_of(name, form, hints.get(name.partition("/")[0], Any)) for name, form in recorded.items()
    }


def _value_of(name: str, form: Any, hint: Any) -> Any:
    recalling = Recalling(Path(), {PATH: lambda tree: Path(tree[PATH])})
    try:
        return recalling(form, hint)
    except (NotStorable, LookupError, ValueError, TypeError, OSError) as error:
        raise ConfigError(f"the argument {name!r} cannot be built again: {error}") from error


def _bound(signature: inspect.Signature, values: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            args += [values.pop(key) for key in list(values) if key.startswith(f"{name}/")]
        elif parameter.kind is parameter.VAR_KEYWORD:
            # Where another argument has the name, it is recorded under that of all the others.
            kwargs |= {key.removeprefix(f"{name}/"): values.pop(key) for key in list(values)}
        elif name in values:
            if parameter.kind is parameter.KEYWORD_ONLY:
                kwargs[name] = values.pop(name)
            else:
                args.append(values.pop(name))
    return args, kwargs | values
