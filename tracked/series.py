"""Steps and last values of the metrics of one run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from .records import Steps

_AS_THEY_ARE: set[str] = set()
"""Keys that MLflow takes as they are."""
_MAX_KNOWN = 10_000


def storable(steps: Steps, numbers: Mapping[str, float]) -> tuple[Steps, Mapping[str, float]]:
    """The same under keys that MLflow takes: ``f1@0.5`` is written as ``f1_x40_0.5``, as a param's key is."""
    from .params import safe_key  # noqa: PLC0415 - loaded with the first call, not with `import tracked`

    safe = {key: safe_key(str(key)) for key in numbers}
    each = steps if isinstance(steps, int) else {safe[key]: step for key, step in steps.items()}
    return each, {safe[key]: value for key, value in numbers.items()}


def are_plain(keys: Collection[str]) -> bool:
    """Whether MLflow takes all these keys as they are."""
    if _AS_THEY_ARE.issuperset(keys):
        return True
    from .params import safe_key  # noqa: PLC0415 - as above

    plain = {key for key in keys if key == safe_key(str(key))}
    if len(_AS_THEY_ARE) < _MAX_KNOWN:
        _AS_THEY_ARE.update(plain)
    return plain.issuperset(keys)


class Series:
    """Counts the steps of each key, from 0 on.

    A loop logs the same keys again and again: calls with the same keys in a row are counted together, and
    written out key by key only when other keys come.
    """

    def __init__(self, steps: Mapping[str, int] = MappingProxyType({})) -> None:
        # Where a run goes on that was there before, so do its steps.
        self._next = {key: step + 1 for key, step in steps.items()}
        self._last: dict[str, float] = {}
        self._keys: tuple[str, ...] = ()
        self._step = 0
        self._row: Mapping[str, float] = {}
        self.is_plain = True
        """Whether MLflow takes the keys of the last call as they are."""

    @property
    def last(self) -> dict[str, float]:
        """The last value of each metric."""
        return self._last | dict(self._row)

    def take_in(self, last: Mapping[str, float]) -> None:
        """Know of these last values, which were logged elsewhere."""
        self._last = {**self.last, **last}
        self._row = {}

    def place(self, numbers: Mapping[str, float], step: int | None) -> tuple[Steps, bool]:
        """Take these values in, at ``step`` or at the next step of each key.

        Returns:
            Their steps, and whether one of the keys may have been logged at its step before.
        """
        keys = tuple(numbers)
        if keys != self._keys and not self._go_together(keys):
            return self._place_each(numbers, step)
        here = self._step if step is None else step
        again = here < self._step
        if not again:
            self._step = here + 1
        self._row = numbers
        return here, again

    def _go_together(self, keys: tuple[str, ...]) -> bool:
        """Count on with other keys; tell whether they all have the same next step."""
        self._last.update(self._row)
        self._next.update(dict.fromkeys(self._keys, self._step))
        self._keys, self._row = (), {}
        self.is_plain = are_plain(keys)
        following = {self._next.get(key, 0) for key in keys}
        if len(following) == 1:
            self._keys, (self._step,) = keys, following
        return len(following) == 1

    def _place_each(self, numbers: Mapping[str, float], step: int | None) -> tuple[Steps, bool]:
        self._last.update(numbers)
        following = {key: self._next.get(key, 0) for key in numbers}
        steps = following if step is None else dict.fromkeys(numbers, step)
        self._next.update({key: max(following[key], steps[key] + 1) for key in numbers})
        again = any(steps[key] < following[key] for key in numbers)
        return steps if step is None else step, again
