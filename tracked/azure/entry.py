"""What runs in a job: ``python -m tracked.azure.entry module:function --args-json '{...}'``.

Only a decorated function that can be imported is called, with arguments that are JSON; nothing is unpickled or
evaluated.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..naming import qualified_name
from .work import ARGUMENTS_OPTION, INPUT_OPTION, TRIAL_OPTION

POINT = "TRACKED_TRIAL"
"""The one trial that this process is, as JSON: the sweep's function, and its hyperparameters as texts by name."""


def main(words: Sequence[str] | None = None) -> None:
    """Call the function; what it raises comes out as it is.

    Raises:
        ConfigError: there is no such decorated function, or the arguments are no JSON object.
    """
    given = _parser().parse_args(words)
    # The folder that was sent along, where its modules are.
    sys.path.insert(0, str(Path.cwd()))
    arguments = {**_object(given.args_json), **_pairs(given.input)}
    function = function_at(given.target)
    if given.trial:
        os.environ[POINT] = json.dumps([qualified_name(function), _pairs(given.trial)])
    function(**arguments)


def function_at(target: str) -> Any:
    """The decorated function that ``module:function`` names.

    Raises:
        ConfigError: there is none.
    """
    module, mark, name = target.partition(":")
    if not mark or not name:
        raise ConfigError(f"{target!r} is no module:function")
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part, None)  # type: ignore[assignment]
    if not callable(getattr(found, "submit", None)):
        raise ConfigError(f"{target} is no decorated function, and only those are called")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tracked.azure.entry", description=__doc__)
    parser.add_argument("target", help="the decorated function, module:function")
    parser.add_argument(ARGUMENTS_OPTION, default="{}", help="its arguments, as a JSON object")
    parser.add_argument(
        INPUT_OPTION, action="append", default=[], help="an argument that is a path: name=path"
    )
    parser.add_argument(
        TRIAL_OPTION, action="append", default=[], help="a hyperparameter of this trial: name=value"
    )
    return parser


def _object(text: str) -> dict[str, Any]:
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{ARGUMENTS_OPTION} is a JSON object: {error}") from error


def _pairs(words: Sequence[str]) -> dict[str, str]:
    return {name: value for name, _, value in (word.partition("=") for word in words)}


if __name__ == "__main__":
    main()
