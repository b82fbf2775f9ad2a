"""The canonical form: one tree of plain JSON for one meaning.

====================================  ============================================================================
value                                 canonical form
====================================  ============================================================================
None, bool, str                       itself; case and Unicode form count
int, float                            a JSON number, so that 8 is 8.0 and -0.0 is 0; NumPy's and torch's too
int that no float holds               ``{"$int": hexadecimal}``
NaN, infinities                       ``{"$float": "nan"}``, ``"inf"``, ``"-inf"``
str that is not UTF-8                 ``{"$str": its UTF-16 units}``
list, tuple, deque                    array; from 10,000 numbers on ``{"$numbers": [length, digest]}``
mapping, Namespace, OmegaConf         object; a key that begins with ``$`` gets a second one; a key that is no text
                                      is ``$:`` and its canonical JSON; entries called like plumbing or secrets are
                                      left out (``plumbing.py``)
below ``search_space`` and the like   by meaning (``spaces.py``): ``("loguniform", 1e-5, 1)`` is Optuna's distribution
dataclass, attrs, pydantic,           object of its fields and ``$type``, because ``Adam(lr=1)`` is not ``SGD(lr=1)``;
NamedTuple                            the configs of a study themselves are read without ``$type`` (``keys.py``)
``__tracked_key__()``                 ``{"$type": …, "key": what it returned}``
sklearn's ``get_params()``            object of the parameters and ``$type``
set, frozenset                        ``{"$set": sorted}``
Path                                  its text with ``/``; with ``Key`` what is there, ``{"$file": [length, digest]}``
                                      or ``{"$folder": [[name, file], …]}``
Enum                                  of str or int: its value; else ``{"$enum": [class, name]}``
bytes                                 ``{"$bytes": [length, digest]}``
datetime, date, time, timedelta       ``{"$datetime": ISO}`` (in UTC if aware) …, ``{"$timedelta": microseconds}``
Decimal, Fraction, complex, range …   ``{"$decimal": …}`` …
arrays, tensors, frames               ``{"$array": {dtype, shape, digest}}``, ``{"$frame": …}`` (``contents.py``)
torch module                          ``{"$torch": [class, digest of its architecture]}``, with ``Key`` its weights
function, partial, class, module      by qualified name, functions also by their code (``code.py``)
secret (pydantic's ``SecretStr``)     ``{"$secret": true}``
anything else                         ``{"$weak": class}``: *weak*, as are lambdas, circles, and what raises
====================================  ============================================================================

A weak part says less than the value does: two different values may look the same.  It never holds an address.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from .jcs import to_bytes
from .plumbing import Treatment, treatment
from .tree import weak_paths
from .walk import Walk

__all__ = ["Canonical", "canonical", "to_bytes"]


class Canonical(NamedTuple):
    """A value's canonical form."""

    tree: Any
    """Dicts, lists, texts, numbers, booleans, None: what :func:`to_bytes` takes."""
    weak: tuple[str, ...]
    """Paths of the parts that are weak, such as ``optimizer.betas[0]``."""


def canonical(
    value: Any, secrets: Collection[str] = (), treat: Callable[[str], Treatment] = treatment
) -> Canonical:
    """The canonical form of any value; never raises for what a value is, and never hangs.

    Args:
        value: anything.
        secrets: texts that must not enter, such as ``secret_values(os.environ)``.
        treat: what becomes of an entry of a mapping, by its name.

    Raises:
        ConfigError: markers of a dataclass field contradict each other.
    """
    walk = Walk(secrets, treat)
    tree = walk(value)
    return Canonical(tree, weak_paths(tree) if walk.weak_found else ())
