"""What is recorded of each kind of run, as the configuration switches it.

[tool.tracked.training]
enabled = true
log_checkpoint = false
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from .errors import ConfigError
from .nearest import did_you_mean, nearest

if TYPE_CHECKING:
    from .settings import Settings


@dataclass(frozen=True)
class Switches:
    """What runs of one kind do; all of it is on by default.

    Attributes:
        enabled: whether there are such runs.  If not, a decorated call is a plain call of the function, a tracker
            gives a handle that is false, and a ``track.run`` block records nothing.
        log_artifacts: whether files are kept.  If not, the switches below are off too.
        log_checkpoint: whether checkpoints are.
        log_metrics_json: whether the tracker of a training keeps its ``metrics.json``.
        log_onnx_model: whether the tracker of a conversion keeps its model.
        log_conversion_log: whether it keeps its log.
        log_report: whether a sweep keeps its ``report.html``.
    """

    enabled: bool = True
    log_artifacts: bool = True
    log_checkpoint: bool = True
    log_metrics_json: bool = True
    log_onnx_model: bool = True
    log_conversion_log: bool = True
    log_report: bool = True


ALL_ON = Switches()
NAMES = tuple(f.name for f in fields(Switches))

_OF_EVERY_KIND = ("enabled", "log_artifacts", "log_checkpoint")
_OF_KIND: dict[str, tuple[str, ...]] = {
    "hpo": ("log_report",),
    "hpo_trial": (),
    "training": ("log_metrics_json",),
    "benchmark": (),
    "conversion": ("log_onnx_model", "log_conversion_log"),
}
_ALSO_CALLED = {"sweep": "hpo", "trial": "hpo_trial"}
KINDS = (*_OF_KIND, *_ALSO_CALLED)
"""Names that the table of one of our kinds may have."""


def switches(settings: Settings, stage: str) -> Switches:
    """The switches of this kind of run."""
    given = settings.switches
    if not given:
        return ALL_ON
    chosen = {name: given.get(f"{stage}.{name}", True) for name in NAMES}
    if not chosen["log_artifacts"]:
        chosen = {name: name == "enabled" and chosen[name] for name in NAMES}
    return Switches(**chosen)


def stage_of(name: str) -> str:
    """The stage that a table of the configuration is for: a sweep's is ``hpo``."""
    return _ALSO_CALLED.get(name, name)


def misspelt_kind(name: str) -> str | None:
    """The kind that is probably meant, if this is none of ours; other names are kinds that somebody has added."""
    return None if name in KINDS else nearest(name, KINDS)


def doubts(settings: Settings) -> Iterator[str]:
    """A sentence for each switch that may be meant for another kind; it counts for the stage that it names."""
    for key in settings.switches:
        stage = key.partition(".")[0]
        if meant := misspelt_kind(stage):
            origin = settings.origins[f"switches.{key}"]
            yield f"{origin}: {key} is for runs of stage {stage!r}; did you mean {meant!r}?"


def off(settings: Settings) -> list[str]:
    """The stages whose runs are switched off."""
    ends = ".enabled"
    return [key.removesuffix(ends) for key, on in settings.switches.items() if key.endswith(ends) and not on]


def flat(value: Any) -> Iterator[tuple[str, Any]]:
    """``training.enabled`` and its value, from ``{"training": {"enabled": …}}`` or from the flat form itself."""
    for key, inner in value.items():
        stage, _, name = str(key).partition(".")
        for switch, on in inner.items() if isinstance(inner, Mapping) else [(name, inner)]:
            yield f"{stage_of(stage)}.{switch}", on


def strange(key: str) -> str:
    """What is wrong with the name of a switch; empty if nothing is."""
    stage, _, name = key.partition(".")
    known = (*_OF_EVERY_KIND, *_OF_KIND.get(stage, NAMES))
    return "" if name in known else f"{stage} has no switch {name!r}{did_you_mean(name, known)}"


def is_on(key: str, value: Any) -> bool:
    """The position of a switch: true or false, also as a word.

    Raises:
        ConfigError: it is neither.
    """
    word = str(value).strip().lower()
    if word not in _WORDS:
        raise ConfigError(f"{key} is true or false, not {value!r}")
    return _WORDS[word]


_WORDS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
