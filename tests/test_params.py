"""Arguments as the flat texts that MLflow keeps."""

import argparse
import collections
import datetime as dt
import decimal
import enum
import functools
import hashlib
import json
import math
import posixpath
import re
import uuid
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracked.markers import Ignore, Param, Secret
from tracked.params import FlatParams, original_key, params_of, safe_key


class Mode(str, enum.Enum):
    FAST = "fast"


class Color(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 1


@dataclass
class Adam:
    lr: float = 0.1
    betas: tuple = (0.9, 0.99)


@dataclass
class Config:
    optimizer: Adam = field(default_factory=Adam)
    pin: Annotated[str, Secret] = "1234"
    note: Annotated[str, Ignore] = "x"
    token: Annotated[str, Param] = "cls"


class Point(NamedTuple):
    x: int
    y: int


class Plain:
    pass


def flat(**arguments):
    """The values."""
    return params_of(arguments).values


TEXTS = [
    (None, "None"),
    (True, "True"),
    (8, "8"),
    (8.0, "8.0"),
    (0.1, "0.1"),
    (1e-05, "1e-05"),
    (math.nan, "nan"),
    (-math.inf, "-inf"),
    (10**5000, hex(10**5000)),
    ("text", "text"),
    ("", ""),
    (PurePosixPath("a/b"), "a/b"),
    (PureWindowsPath("a\\b"), "a/b"),
    (Mode.FAST, "fast"),
    (Color.RED, "RED"),
    (Level.LOW, "1"),
    (b"abc", "bytes[3]"),
    ([], "[]"),
    ({}, "{}"),
    ([1, 2.5, None, "a", True], '[1,2.5,null,"a",true]'),
    ((1, (2, 3)), "[1,[2,3]]"),
    ([{"a": 1, "password": "x"}], '[{"a":1,"password":"***"}]'),
    ([Adam()], '[{"lr":0.1,"betas":[0.9,0.99]}]'),
    ([Color.RED, PurePosixPath("a")], '["RED","a"]'),
    ({3, 1, 2}, "[1,2,3]"),
    (collections.deque([1]), "[1]"),
    (list(range(20_000)), "list[20000]"),
    (["é"], '["é"]'),
    (dt.datetime.fromisoformat("2024-05-06T07:08"), "2024-05-06 07:08:00"),
    (dt.date(2024, 5, 6), "2024-05-06"),
    (dt.timedelta(hours=1), "1:00:00"),
    (decimal.Decimal("1.50"), "1.50"),
    (range(3), "range(0, 3)"),
    (1 + 2j, "(1+2j)"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (Plain, f"{__name__}.Plain"),
    (Plain(), f"{__name__}.Plain"),
    (object(), "object"),
    (flat, f"{__name__}.flat"),
    (len, "len"),
    (math, "math"),
    (functools.partial(flat, 1), f"partial({__name__}.flat)"),
    (iter([]), "list_iterator"),
    ("caf\udce9", "caf\\udce9"),
    ("nul\0", "nul\\x00"),
    ("postgres://me:pw@host/db", "postgres://***@host/db"),
]


@pytest.mark.parametrize(("value", "expected"), TEXTS, ids=lambda v: str(type(v).__name__))
def test_every_value_has_a_text(value, expected):
    """Each kind of value has one text, which holds neither an address nor a secret."""
    assert {"x": expected} == flat(x=value)


@pytest.mark.parametrize(
    "value",
    [
        {"a": {"b": 1, "c": [1]}, "d": None},
        argparse.Namespace(a=argparse.Namespace(b=1, c=[1]), d=None),
        collections.ChainMap({"a": {"b": 1, "c": [1]}, "d": None}),
    ],
)
def test_mappings_are_flattened(value):
    """Nested mappings and namespaces become dotted names."""
    assert [("x.a.b", "1"), ("x.a.c", "[1]"), ("x.d", "None")] == sorted(flat(x=value).items())


def test_fields_are_flattened_and_markers_heard():
    """A dataclass becomes its fields; Ignore leaves one out, Secret masks it, Param says that a token is a word."""
    expected = {"c.optimizer.lr": "0.1", "c.optimizer.betas": "[0.9,0.99]", "c.pin": "***", "c.token": "cls"}

    assert expected == flat(c=Config())
    assert {"p.x": "1", "p.y": "2"} == flat(p=Point(1, 2))


def test_libraries_configs_are_flattened():
    """Pydantic models and attrs classes become their fields."""
    pydantic, attr = pytest.importorskip("pydantic"), pytest.importorskip("attr")
    model = pydantic.create_model("M", lr=(float, 1.5), key=(pydantic.SecretStr, pydantic.SecretStr("abc")))
    extra = pydantic.create_model("E", __config__={"extra": "allow"}, a=(int, 1))

    assert {"m.lr": "1.5", "m.key": "***"} == flat(m=model())
    assert {"m.a": "1", "m.b": "2"} == flat(m=extra(b=2))
    assert {"m.lr": "2"} == flat(m=attr.make_class("A", ["lr"])(2))


def test_omegaconf_is_flattened():
    """An OmegaConf config becomes what it resolves to."""
    omegaconf = pytest.importorskip("omegaconf")
    config = omegaconf.OmegaConf.create({"a": 1, "b": {"c": "${a}", "d": [1, 2]}})

    assert {"x.a": "1", "x.b.c": "1", "x.b.d": "[1,2]"} == flat(x=config)
    assert {"x": "[1,2]"} == flat(x=config.b.d)


def test_data_is_shown_by_type_and_shape():
    """Arrays, frames and series are type, shape and dtype; a number of NumPy is a number."""
    np, pd = pytest.importorskip("numpy"), pytest.importorskip("pandas")

    assert {"x": "numpy.ndarray shape=(2, 3) dtype=float64"} == flat(x=np.zeros((2, 3)))
    assert {"x": "pandas.DataFrame shape=(2, 2) dtype=int64"} == flat(
        x=pd.DataFrame({"a": [1, 2], "b": [1, 2]})
    )
    assert {"x": "pandas.Series shape=(1,) dtype=int64"} == flat(x=pd.Series([1]))
    assert {"x": "0.5"} == flat(x=np.float64(0.5)) == flat(x=np.float32(0.5)) == flat(x=np.array(0.5))
    assert {"x": "True"} == flat(x=np.bool_(True))
    assert {"x": "[1,2]"} == flat(x=[np.int64(1), np.int64(2)])
    assert {"x": "2024-01-01"} == flat(x=np.datetime64("2024-01-01"))
    assert {"x": "float32"} == flat(x=np.dtype("float32"))
    assert {"x": "0.5"} == flat(x=np.longdouble(0.5))


def test_markers_and_names_of_arguments():
    """Ignore leaves an argument out; Secret and the name of a secret mask it, whole."""
    found = params_of(
        {"a": 1, "b": 2, "c": {"d": 1}, "auth": {"user": "me", "x": [1]}, "lr": 1},
        {"a": (Ignore(),), "c": (Secret(),)},
    )

    assert {"b": "2", "c": "***", "auth": "***", "lr": "1"} == found.values


def test_secrets_of_the_environment_are_masked():
    """A secret of the environment is masked in any text, nested ones too."""
    found = params_of({"a": "hunter2hunter2", "b": [{"c": "x-hunter2hunter2"}]}, secrets=["hunter2hunter2"])

    assert {"a": "***", "b": '[{"c":"x-***"}]'} == found.values


def test_keys_that_are_no_text():
    """Keys of mappings are written as texts, an enum by its name."""
    assert {"x.1": "a", "x.RED": "b", "x.None": "c"} == flat(x={1: "a", Color.RED: "b", None: "c"})


def test_names_that_collide_get_a_suffix():
    """No param is lost because another has its name."""
    assert {"a.b": "1", "a.b-2": "2", "a.b-2-2": "3"} == params_of({"a.b": 1, "a": {"b": 2, "b-2": 3}}).values
    same = "k" * 300
    assert 3 == len(params_of({same: 1, "b": {1: 1, "1": 2}}).values)


def test_a_long_value_is_cut_and_kept():
    """A value over the limit is its first part and a hash, and whole beside it."""
    long = "x" * 7000
    digest = hashlib.sha256(long.encode()).hexdigest()[:16]
    found = params_of({"a": long, "b": "x" * 6000, "c": list(range(5000))})

    assert 6000 == len(found.values["a"])
    assert found.values["a"].endswith(f"xxx... sha256:{digest}")
    assert "x" * 6000 == found.values["b"]
    assert {"a": long, "c": json.dumps(list(range(5000)), separators=(",", ":"))} == found.long
    assert 250 == len(params_of({"a": long}, max_value=250).values["a"])
    assert FlatParams({"a": "1"}, {}) == params_of({"a": 1})


def test_circles_and_depth_and_width_end():
    """A value that contains itself, is nested without end or multiplies its parts ends in the name of its type."""
    circle = {"a": 1}
    circle["self"] = circle
    ring = [1]
    ring.append(ring)
    deep = wide = [1]
    for _ in range(5000):
        deep = [deep]
    for _ in range(35):
        wide = [wide, wide]

    assert {"x.a": "1", "x.self": "dict"} == flat(x=circle)
    assert {"x": '[1,"list[2]"]'} == flat(x=ring)
    assert "list[1]" in flat(x=deep)["x"]
    assert len(flat(x=wide)["x"]) < 6001


def test_a_value_that_raises_costs_only_itself():
    """A value whose own code raises is shown by its type, the others as usual."""

    class Broken(collections.UserDict):
        def items(self):
            raise RuntimeError("broken")

    class BadText(PurePosixPath):
        def as_posix(self):
            raise RuntimeError("broken")

    found = flat(a=Broken(), b=1, c=BadText("x"))
    assert "1" == found["b"]
    assert found["c"].endswith("BadText")
    assert found["a"].endswith("Broken")


KEYS = [
    ("f1@0.5", "f1_x40_0.5"),
    ("a(b)", "a_x28_b_x29_"),
    ("a[0]", "a_x5b_0_x5d_"),
    ("a=b", "a_x3d_b"),
    ("a//b", "a/_x2f_b"),
    ("/a", "_x2f_a"),
    ("a/", "a_x2f_"),
    ("..", "_x2e_."),
    ("a/../b", "a/_x2e_./b"),
    ("a/./b", "a/_x2e_/b"),
    ("_x40_", "_x5f_x40_"),
    ("", "_x_"),
    ("_x_", "_x5f_x_"),
    ("a\n", "a_x0a_"),
    ("\U0010ffff", "_x10ffff_"),
]
FINE_KEYS = [
    "lr",
    "optimizer.lr",
    "val/acc",
    "a b",
    "a:b",
    "a-b",
    "args/0",
    "grid_x_size",
    "größe",
    "a.b.",
    "a..b",
    "conv_x1",
]


@pytest.mark.parametrize(("key", "safe"), KEYS)
def test_refused_keys_are_written_otherwise(key, safe):
    """What MLflow refuses is written as its code, and can be read back."""
    assert safe == safe_key(key)
    assert key == original_key(safe)


@pytest.mark.parametrize("key", FINE_KEYS)
def test_other_keys_stay(key):
    """What MLflow takes is left as it is."""
    assert key == safe_key(key) == original_key(key)


MLFLOW_TAKES = re.compile(r"[/\w.\- :]+")


def taken_by_mlflow(key):
    """MLflow's rules for keys, as its validation has them."""
    normal = posixpath.normpath(key)
    path = normal == key and normal != "." and not normal.startswith(("..", "/"))
    return bool(MLFLOW_TAKES.fullmatch(key)) and path and len(key) <= 250


ODD = st.text("_x40af5./@ \u00e9\n-", max_size=12)


@given(ODD | st.text(max_size=60))
def test_any_key_can_be_stored_and_read_back(key):
    """Every key becomes one that MLflow takes, and comes back."""
    safe = safe_key(key)

    assert taken_by_mlflow(safe)
    assert len(safe) == 250 or key == original_key(safe)


@given(ODD, ODD)
def test_different_keys_stay_different(left, right):
    """No two keys become one."""
    assert (left == right) == (safe_key(left) == safe_key(right))


def test_mlflow_itself_takes_the_keys():
    """The rules that these tests repeat are MLflow's own."""
    validation = pytest.importorskip("mlflow.utils.validation")
    for key, safe in KEYS:
        validation._validate_param_name(safe)
        if key:
            assert not taken_by_mlflow(key) or key.startswith("_x")
    for key in FINE_KEYS:
        validation._validate_param_name(key)


def test_long_keys_are_cut_and_told_apart():
    """A key over 250 characters is cut, and two of one beginning stay two."""
    one, two = safe_key("a" * 300 + "1"), safe_key("a" * 300 + "2")

    assert 250 == len(one) == len(two)
    assert one != two
    assert taken_by_mlflow(safe_key("a/" * 200))


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda i: st.lists(i) | st.dictionaries(st.text(), i),
        max_leaves=15,
    )
)
def test_anything_can_be_stored(value):
    """Whatever is nested how, all keys are taken, all texts are UTF-8 and within the limit."""
    found = params_of({"x": value}).values

    assert found
    assert all(map(taken_by_mlflow, found))
    assert all(text.encode() is not None and len(text) <= 6000 for text in found.values())


class Unreadable(dict):
    """A mapping that does not tell what it holds."""

    def items(self):
        raise RuntimeError("closed")


class Endless(list):
    """A list that does not know how long it is."""

    def __len__(self):
        raise RuntimeError("closed")


class Unbound:
    """What stands for an object that is not there, as the proxies of web frameworks do."""

    @property
    def __class__(self):
        raise RuntimeError("working outside of a request")


@pytest.mark.parametrize("kind", [Unreadable, Endless, Unbound])
def test_a_value_that_cannot_be_read_costs_no_other(kind):
    """It is shown by its type, alone and within others, and all else as it is."""
    value = kind()
    told = params_of({"lr": 0.1, "x": value, "config": {"x": value, "depth": 3}}).values
    name = f"{kind.__module__}.{kind.__qualname__}"
    assert {"lr": "0.1", "x": name, "config.x": name, "config.depth": "3"} == told
