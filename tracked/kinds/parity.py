"""Whether a converted model gives what the model gave: outputs compared number by number."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ..measure import number_of
from ..shapes import fields_of

SMOKE_TEST = "smoke_test_passed"


class Verdict(NamedTuple):
    """What a verification found."""

    passed: bool
    metrics: Mapping[str, Any]
    why: str = ""


def verdict_of(verify: Any, rtol: float, atol: float, result: Any, call: Any) -> Verdict:
    """Verify a result; the user's functions are called here, and may raise.

    Args:
        verify: as in the options of a conversion.
        rtol: how far an actual value may lie from the expected one, as a part of that,
        atol: and besides, whatever that is.
        result: what the conversion returned.
        call: the conversion itself, a ``functools.partial``.
    """
    found: Any
    if callable(verify):
        found = _asked(verify, result, call)
    else:
        expected, actual = verify
        found = expected(*call.args, **call.keywords), actual(result)
    if isinstance(found, tuple) and len(found) == 2:
        return compare(*found, rtol, atol)
    return _told(found, atol)


def _told(found: Any, atol: float) -> Verdict:
    """The verdict of a function that has compared by itself."""
    if (metrics := fields_of(found)) is not None:
        passed = bool(metrics.get(SMOKE_TEST, True))
        return Verdict(passed, metrics, "" if passed else f"verify found {SMOKE_TEST} to be false")
    if not isinstance(found, bool) and (error := number_of(found)) is not None:
        passed = error <= atol
        why = "" if passed else f"max_abs_error is {error:.3g}, and at most {atol:.3g} is allowed"
        return Verdict(passed, {"max_abs_error": error}, why)
    passed = found is None or bool(found)  # None: it did not raise
    return Verdict(passed, {}, "" if passed else f"verify returned {found!r}")


def _asked(verify: Callable[..., Any], result: Any, call: Any) -> Any:
    try:
        inspect.signature(verify).bind(result, *call.args, **call.keywords)
    except (TypeError, ValueError):
        return verify(result)
    return verify(result, *call.args, **call.keywords)


def compare(expected: Any, actual: Any, rtol: float, atol: float) -> Verdict:
    """Compare numbers in any nesting of arrays, tensors, lists and mappings, in the same shape and order.

    A NaN equals a NaN.  An expected value below ``atol`` has no relative error that means anything.
    """
    before, after = list(_leaves(expected)), list(_leaves(actual))
    if len(before) != len(after):
        return _verdict(math.inf, math.inf, f"{len(before)} values became {len(after)}")
    worst_abs = worst_rel = 0.0
    wrong = 0
    for want, got in zip(before, after, strict=True):
        error, size = _error(want, got)
        worst_abs = max(worst_abs, error)
        worst_rel = max(worst_rel, error / size if size > atol else 0.0)
        wrong += not error <= atol + rtol * size
    told = f"{wrong} of {len(before)} values are off, by {worst_abs:.3g} at most" if wrong else ""
    return _verdict(worst_abs, worst_rel, told)


def _verdict(max_abs: float, max_rel: float, why: str) -> Verdict:
    return Verdict(not why, {"max_abs_error": max_abs, "max_rel_error": max_rel}, why)


def _error(want: Any, got: Any) -> tuple[float, float]:
    """How far they lie apart, and how large the wanted one is."""
    a, b = number_of(want), number_of(got)
    if a is None or b is None:
        return (0.0 if want == got else math.inf), 0.0
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0, 0.0
    error = abs(a - b)
    return (error, abs(a)) if math.isfinite(error) and math.isfinite(a) else (math.inf, 0.0)


def _leaves(value: Any) -> Iterator[Any]:
    """The single values, arrays and tensors as the lists that they make of themselves."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, Mapping):
        value = [value[key] for key in sorted(value, key=str)]
    if not isinstance(value, list | tuple):
        yield value
        return
    for item in value:
        yield from _leaves(item)
