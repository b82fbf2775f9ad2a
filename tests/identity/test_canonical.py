"""Which values are the same, which are not, and what becomes of values that have no rule."""

import copy
import datetime as dt
import enum
import functools
import math
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracked.errors import ConfigError
from tracked.identity import canonical, to_bytes
from tracked.markers import Ignore, Key, Param, Secret


class Mode(str, enum.Enum):
    FAST = "fast"


class Color(enum.Enum):
    RED = 1
    BLUE = 2


@dataclass
class Adam:
    lr: float = 0.1


@dataclass
class Sgd:
    lr: float = 0.1


@dataclass
class Marked:
    lr: float = 0.1
    note: Annotated[str, Ignore] = ""
    pin: Annotated[str, Secret] = ""
    host: Annotated[str, Param(key=False)] = ""
    device: Annotated[str, Key] = "cpu"
    token: Annotated[str, Param] = "cls"


class Plain:
    pass


def form(value):
    """The canonical bytes, as text."""
    return to_bytes(canonical(value).tree).decode()


SAME = [
    (8, 8.0),
    (0.0, -0.0),
    (2**60, 2.0**60),
    ([1, 2], (1, 2)),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({"a": 1}, OrderedDict(a=1)),
    ({"a": 1}, MappingProxyType({"a": 1})),
    ({"a": 1}, SimpleNamespace(a=1)),
    (Path("a/b"), "a/b"),
    (Mode.FAST, "fast"),
    ({3, 1, 2}, {2, 3, 1}),
    (frozenset({1}), {1}),
    (b"x", bytearray(b"x")),
    (
        dt.datetime(2024, 1, 1, 12, tzinfo=dt.timezone.utc),
        dt.datetime(2024, 1, 1, 14, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    ),
    (Adam(1), Adam(1.0)),
    (math.nan, float("nan")),
    ([1] * 20_000, [1.0] * 20_000),
    ([0.0] * 20_000, [-0.0] * 20_000),
]
DIFFERENT = [
    (True, 1),
    (False, 0),
    (None, "none"),
    (None, "None"),
    (None, False),
    ("8", 8),
    ("a", "A"),
    ("a", "a "),
    ("é", "e\u0301"),
    (2**53 + 1, 2**53),
    (10**400, 10**400 + 1),
    (math.inf, -math.inf),
    (math.nan, "nan"),
    (math.inf, 1.7976931348623157e308),
    ([1, 2], [2, 1]),
    ([1, 2], {1, 2}),
    ([1], [[1]]),
    ([], {}),
    ({}, None),
    ({"a": None}, {}),
    ({1: "a"}, {"1": "a"}),
    ({None: "a"}, {"null": "a"}),
    ({"$int": "ff"}, 255),
    ({"$:1": "a"}, {1: "a"}),
    ({"$float": "nan"}, math.nan),
    ({"$weak": "x"}, {"$$weak": "x"}),
    (b"x", "x"),
    (Adam(), Sgd()),
    (Adam(), {"lr": 0.1}),
    (Color.RED, Color.BLUE),
    (Color.RED, 1),
    (dt.datetime.fromisoformat("2024-01-01"), dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)),
    (dt.date(2024, 1, 1), dt.datetime.fromisoformat("2024-01-01")),
    (dt.timedelta(microseconds=1), dt.timedelta(microseconds=2)),
    (range(3), [0, 1, 2]),
    (functools.partial(max, 1), functools.partial(max, 2)),
    (functools.partial(max, 1), functools.partial(min, 1)),
    (len, max),
    (Adam, Sgd),
    (Adam, Adam()),
    ([1] * 20_000, [1] * 19_999 + [2]),
    ([1] * 20_000, [True] * 20_000),
    (["a"] * 20_000, ["a"] * 19_999 + ["b"]),
    ([2**53] * 20_000, [2**53 + 1] * 20_000),
]


@pytest.mark.parametrize(("left", "right"), SAME)
def test_the_same_meaning_has_one_form(left, right):
    """What means the same is written the same."""
    assert form(left) == form(right)


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_different_meanings_have_different_forms(left, right):
    """What means something else is written otherwise."""
    assert form(left) != form(right)


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=4)
    | st.dates()
    | st.decimals(allow_nan=False)
    | st.sampled_from([Color.RED, Mode.FAST, Path("a"), Adam(), len])
)
# Letters that make no name of the plumbing table and of no secret.
NAMES = st.text("xyzq$:.1", min_size=0, max_size=4)
CONFIGS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(NAMES, inner, max_size=4)
        | st.dictionaries(st.integers() | NAMES, inner, max_size=3)
    ),
    max_leaves=12,
)


@given(CONFIGS)
def test_any_value_has_a_form_without_weak_parts(config):
    """Everything that configs are made of has a rule, and a copy has the same form."""
    assert () == canonical(config).weak
    assert form(config) == form(copy.deepcopy(config))


@given(st.dictionaries(NAMES, CONFIGS, min_size=2, max_size=6))
def test_the_order_of_keys_does_not_matter(config):
    """A mapping is the same in whatever order it was written."""
    assert form(config) == form(dict(reversed(config.items())))


def paths(value, path=()):
    """Paths of all leaves of lists and dicts."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [p for key, inner in items for p in paths(inner, (*path, key))]
    return found or [path]


def changed(value, path, leaf):
    """A copy of the value with another leaf at the path."""
    if not path:
        return leaf
    result = dict(value) if isinstance(value, dict) else list(value)
    result[path[0]] = changed(value[path[0]], path[1:], leaf)
    return result


@given(CONFIGS, st.data())
def test_every_changed_leaf_changes_the_form(config, data):
    """Wherever a leaf is replaced by one that never stood there, the form is another."""
    path = data.draw(st.sampled_from(paths(config)))

    assert form(config) != form(changed(config, path, "a leaf that is nowhere else"))


@given(CONFIGS, CONFIGS)
def test_equal_forms_mean_equal_values(left, right):
    """Two values that were drawn apart have one form only if they are equal as canonical trees."""
    assert (form(left) == form(right)) == (repr_of(left) == repr_of(right))


def repr_of(value):
    """Another way to tell whether two drawn values mean the same: Python's own equality, of marked values."""
    if isinstance(value, dict):
        return ("dict", frozenset((repr_of(k), repr_of(v)) for k, v in value.items()))
    if isinstance(value, list):
        return ("list", *map(repr_of, value))
    if isinstance(value, Path):
        return ("text", value.as_posix())
    if isinstance(value, str):
        return ("text", str.__str__(value) if type(value) is str else value.value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return ("number", "nan" if value != value else value)  # noqa: PLR0124
    return (type(value).__name__, repr(value))


def test_an_unknown_object_is_weak_and_named():
    """An object without a rule shows its type only, is reported with its path, and is equal to others of its type."""
    found = canonical({"model": [Plain(), 1], "lr": 1})

    assert ("model[0]",) == found.weak
    assert form(Plain()) == form(Plain())
    assert "0x" not in form(Plain())
    assert "test_canonical.Plain" in form(Plain())


def test_weak_parts_are_reported_wherever_they_hide():
    """A weak part is reported also in a set, a partial, a key of a mapping and a dataclass."""
    thing = object()
    value = {
        "set": {thing},
        "partial": functools.partial(max, thing),
        "key": {thing: 1},
        "fields": Adam(lr=thing),
        "odd": {1: thing},
    }

    assert {"set[0]", "partial[1][0]", "key", "fields.lr", "odd.1"} == set(canonical(value).weak)


def test_circles_end():
    """A value that contains itself has a form, is weak, and costs no time."""
    circle = {"a": 1}
    circle["self"] = [circle]

    assert ("self[0]",) == canonical(circle).weak


def test_one_object_twice_is_no_circle():
    """The same list in two places is written twice and is not weak."""
    shared = [1]

    assert form([[1], [1]]) == form([shared, shared])
    assert () == canonical([shared, shared]).weak


def test_a_deep_value_is_cut():
    """Nesting without end neither raises nor hangs; the deep part is weak."""
    deep = []
    for _ in range(5000):
        deep = [deep]

    assert 1 == len(canonical(deep).weak)


def test_a_wide_value_is_cut():
    """A list whose leaves multiply with each level is cut instead of walked for years."""
    wide = [1]
    for _ in range(60):
        wide = [wide, wide]
    started = time.process_time()

    assert canonical(wide).weak
    assert 30 > time.process_time() - started


def test_a_value_that_raises_is_weak():
    """A value whose own code raises costs its part of the form and nothing else."""

    class Broken:
        def __tracked_key__(self):
            raise RuntimeError("broken")

    assert ("a",) == canonical({"a": Broken(), "b": 1}).weak


def test_an_object_says_how_it_is_identified():
    """``__tracked_key__`` makes equal objects equal and different ones different."""

    class Versioned:
        def __init__(self, version):
            self.version = version

        def __tracked_key__(self):
            return self.version

    assert form(Versioned(1)) == form(Versioned(1.0))
    assert form(Versioned(1)) != form(Versioned(2))
    assert () == canonical(Versioned(1)).weak


def test_an_estimator_counts_by_its_parameters():
    """Scikit-learn's estimators are the same when their classes and parameters are."""
    linear = pytest.importorskip("sklearn.linear_model")

    assert form(linear.SGDClassifier(alpha=1)) == form(linear.SGDClassifier(alpha=1.0))
    assert form(linear.SGDClassifier(alpha=1)) != form(linear.SGDClassifier(alpha=2))
    assert form(linear.Ridge(alpha=1)) != form(linear.Lasso(alpha=1))


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (Marked(note="a"), Marked(note="b"), True),
        (Marked(pin="a"), Marked(pin="b"), True),
        (Marked(host="a"), Marked(host="b"), True),
        (Marked(device="cpu"), Marked(device="cuda"), False),
        (Marked(token="cls"), Marked(token="sep"), False),
        (Marked(lr=1), Marked(lr=2), False),
    ],
)
def test_markers_of_fields_are_heard(left, right, same):
    """Ignore, Secret and Param(key=False) leave a field out; Key and Param keep one whatever its name."""
    assert same == (form(left) == form(right))


def test_contradicting_markers_of_a_field_are_an_error():
    """Markers that contradict each other are said, not guessed about."""

    @dataclass
    class Wrong:
        lr: Annotated[float, Ignore, Key] = field(default=0.1)

    Wrong.__annotations__["lr"] = Annotated[float, Ignore, Key]
    with pytest.raises(ConfigError, match="contradict"):
        canonical({"config": Wrong()})


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"password": "a"}, {"password": "b"}),
        ({"a": [{"apiKey": "a"}]}, {"a": [{"apiKey": "b"}]}),
        ({"db": "postgres://me:first@host/db"}, {"db": "postgres://me:second@host/db"}),
        ({"u": "https://x.blob/c?sv=1&sig=abc"}, {"u": "https://x.blob/c?sv=1&sig=def"}),
        ({"c": "Server=x;Password=one;"}, {"c": "Server=x;Password=two;"}),
    ],
)
def test_secrets_do_not_enter(left, right):
    """Two values that differ in a secret only have one form."""
    assert form(left) == form(right)


def test_secrets_of_the_environment_do_not_enter():
    """A text that holds a secret of the environment is the same with another secret."""
    one = canonical({"x": "pre-hunter2hunter2"}, secrets=["hunter2hunter2"]).tree
    two = canonical({"x": "pre-correcthorse"}, secrets=["correcthorse"]).tree

    assert one == two
    assert "hunter2" not in str(one)


def test_typed_secrets_do_not_enter():
    """Pydantic's SecretStr is the same whatever it hides, in a list too."""
    pydantic = pytest.importorskip("pydantic")

    assert form([pydantic.SecretStr("a")]) == form([pydantic.SecretStr("b")])


def test_omegaconf_is_plain():
    """An OmegaConf config is the dict that it resolves to."""
    omegaconf = pytest.importorskip("omegaconf")
    config = omegaconf.OmegaConf.create({"a": 1, "b": {"c": "${a}"}, "d": [1, "${a}"]})

    assert form({"a": 1, "b": {"c": 1}, "d": [1, 1]}) == form(config)
    assert form([1, 2]) == form(omegaconf.OmegaConf.create([1, 2]))
    assert form({"a": "${nowhere}"}) == form(omegaconf.OmegaConf.create({"a": "${nowhere}"}))
