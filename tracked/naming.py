"""Names that last: of runs and experiments, and of functions and classes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from . import tags as t
from .errors import ConfigError
from .lengths import digest
from .nearest import did_you_mean
from .switches import stage_of

MAX_RUN_NAME = 250
"""Characters that every store takes."""

_SCRIPTS = ("__main__", "__mp_main__")


def run_name(
    function_name: str, stage: str = "", call_key: str | None = None, trial_number: int | None = None
) -> str:
    """The name under which people see a run: ``trial-3``, else ``train-4f2a91``, else ``train``.

    It has at most 250 characters, no control characters, and is never empty.
    """
    if trial_number is not None:
        return f"trial-{trial_number}"
    key = f"-{call_key[:6]}" if call_key else ""
    name = _printable(function_name) or _printable(stage) or "run"
    return name[: MAX_RUN_NAME - len(key)] + key


def experiment_name(experiment: str, stage: str, backbone: str) -> str:
    """The former system's name of an experiment for one stage of one model: ``ner-hpo-distilbert``."""
    return cut("-".join(part for part in map(_filed, (experiment, stage, backbone)) if part), MAX_RUN_NAME)


PLACEHOLDERS = {
    "kind": "the stage: `hpo`, `hpo_trial`, `training`, `benchmark`, `conversion`",
    "function": "name of the function, or the name that a block or a tracker was given",
    "model": "the model, with `_` for `/`, `-` and space",
    "backbone": "the model as it was given",
    "study8": "first 8 digits of the study key",
    "trial8": "first 8 digits of the trial key",
    "key8": "first 8 digits of the call key",
    "spec8": "first 8 digits of the param `spec_fp`, else of the call key",
    "exec8": "first 8 digits of the param `exec_fp`",
    "conv8": "first 8 digits of the param `conv_fp`",
    "bench8": "first 8 digits of the param `benchmark_config_hash`",
    "number": "number of the trial; `{number:02d}` is 03",
    "fold": "number of the fold",
    "variant": "the param `variant`, else 1",
    "study_name": "the param `study_name`",
    "project": "the setting `project`",
    "env": "`local`, `colab`, `kaggle` or `azure`",
    "date": "day of the start, such as 2026-01-31",
}
"""What ``{…}`` in a ``name_template`` may be, and what it stands for."""
UNKNOWN = "unknown"
"""What stands for a fact that a run does not have."""


def facts_of(
    name: str, stage: str, params: Mapping[str, str], tags: Mapping[str, str], hashes: Mapping[str, str]
) -> dict[str, str]:
    """What the placeholders stand for in the name of a run, as far as its plan tells.

    Args:
        name: what it would be called without a template.
        stage: its kind.
        params: its inputs.
        tags: its first tags.
        hashes: keys of its study and trial, by tag.
    """
    key = tags.get(t.CALL_KEY, "")
    backbone = tags.get(t.BACKBONE, "")
    facts = {
        "kind": stage,
        "function": tags.get(t.FUNCTION, "").rpartition(".")[2] or name,
        "model": backbone.translate(_UNDERSCORES),
        "backbone": backbone,
        "study8": hashes.get(t.STUDY_KEY_HASH, "")[:8],
        "trial8": hashes.get(t.TRIAL_KEY_HASH, "")[:8],
        "key8": key[:8],
        "spec8": (params.get("spec_fp") or key)[:8],
        "exec8": params.get("exec_fp", "")[:8],
        "conv8": params.get("conv_fp", "")[:8],
        "bench8": params.get("benchmark_config_hash", "")[:8],
        "number": tags.get(t.TRIAL_NUMBER) or params.get("trial_number", ""),
        "fold": tags.get(t.FOLD) or params.get("fold_idx", ""),
        "variant": params.get("variant", "1"),
        "study_name": params.get("study_name", ""),
        "project": tags.get(t.PROJECT, ""),
    }
    return {placeholder: fact for placeholder, fact in facts.items() if fact}


def from_template(template: str, facts: Mapping[str, str], limit: int = MAX_RUN_NAME) -> str:
    """The name that a template gives; the same facts give the same name.

    Characters that file systems refuse become ``_``, a name that is too long is cut and ends in a hash of the whole.
    """
    known = {name: _Fact(facts.get(name) or UNKNOWN) for name in PLACEHOLDERS}
    return cut(_filed(template.format_map(known)) or "run", limit)


def by_stage(value: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Templates by the stage that a run's tag has; under the empty name the one for all stages."""
    return ((stage_of(str(stage)), template) for stage, template in value.items())


def checked_template(stage: str, template: Any) -> str:
    """A template that gives a name whatever the facts are.

    Raises:
        ConfigError: it has a placeholder that is none, or cannot be read.
    """
    what = f"that of {stage}" if stage else "it"
    if not isinstance(template, str) or not template.strip():
        raise ConfigError(f"{what} is a text that is not empty, not {template!r}")
    try:
        strange = [name for name in _fields(template) if name not in PLACEHOLDERS]
        for sample in () if strange else ("1", UNKNOWN):
            from_template(template, dict.fromkeys(PLACEHOLDERS, sample))
    except ValueError as error:
        raise ConfigError(f"{what} {template!r} cannot be read: {error}") from error
    for name in strange:
        raise ConfigError(f"{what} has no placeholder {{{name}}}{did_you_mean(name, PLACEHOLDERS)}")
    return template


def _fields(template: str) -> Iterator[str]:
    import string  # noqa: PLC0415 - only where a template was set

    for _, name, spec, _ in string.Formatter().parse(template):
        if name is not None:
            yield name
            yield from _fields(spec or "")


class _Fact(str):
    """A fact in a template: a number may be padded, and one that is not known is none the less a text."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        if spec[-1:] in ("d", "n"):
            return format(int(self), spec) if self.isdecimal() else str(self)
        return super().__format__(spec)


_UNDERSCORES = str.maketrans(dict.fromkeys("/- ", "_"))
_FORBIDDEN = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_"))


def _filed(text: str) -> str:
    """In characters that a file may have in its name, wherever somebody downloads it to."""
    return _printable(text.translate(_FORBIDDEN))


def cut(name: str, limit: int) -> str:
    """The name, or its beginning and a hash of the whole, within the limit."""
    tail = f"-{digest(name)[:8]}"
    return name if len(name) <= limit else name[: limit - len(tail)] + tail


def _printable(text: str) -> str:
    """Without control characters and lone surrogates, which some stores refuse and terminals obey."""
    return "".join(c for c in text if c.isprintable()).strip()


HOME = "__tracked_home__"
"""Attribute of a function from another process's script: the name by which that script is imported."""


def qualified_name(thing: Any) -> str:
    """``module.qualname`` of a class or function, the same from a script as from its import.

    What ``python train.py`` defines lives in ``__main__``, and in ``train`` for whoever imports it; both are
    called ``train.…`` here, so that a key does not depend on how the program was started.
    """
    name = (
        getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None) or type(thing).__qualname__
    )
    module = getattr(thing, HOME, None) or getattr(thing, "__module__", None)
    if not isinstance(module, str) or module == "builtins":
        return str(name)
    return f"{_import_name(module)}.{name}"


def _import_name(module: str) -> str:
    """The name that an import would give the module."""
    if module not in _SCRIPTS:
        return module
    main = sys.modules.get(module)
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name not in _SCRIPTS:
        return str(spec.name)
    file = getattr(main, "__file__", None)
    # A notebook and ``python -c`` have no file, and what is read from a pipe has none that lasts.
    return PurePath(file).stem if file and not file.startswith("<") else "__main__"
