"""Odd arguments: how they are shown in MLflow, and how they count in the key."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from tests.rows.acts import on_sqlite
from tracked import Key, tracked_training
from tracked import tags as t


@dataclass
class Adam:
    lr: float = 0.1
    betas: tuple[float, ...] = (0.9, 0.99)


@on_sqlite({"optimizer": Adam(), "model": {"sizes": [1, [2, 3]], "name": None}})
@tracked_training
def nested(config: Any) -> None: ...


def test_a_nested_config(runs):
    """Mappings and records are flattened with dots, lists are JSON."""
    assert {
        "config.optimizer.lr": "0.1",
        "config.optimizer.betas": "[0.9,0.99]",
        "config.model.sizes": "[1,[2,3]]",
        "config.model.name": "None",
    } == runs["nested"].params


@on_sqlite(np.zeros((300, 4)))
@tracked_training
def arrays(x: Any) -> None: ...


def test_large_arrays(runs):
    """An array is its type, shape and dtype; its contents count in the key."""
    assert {"x": "numpy.ndarray shape=(300, 4) dtype=float64"} == runs["arrays"].params
    assert runs["arrays"].tags[t.CALL_KEY] == arrays.key(np.zeros((300, 4))) != arrays.key(np.ones((300, 4)))


class Module:
    """A module as far as it can be told without torch."""

    __module__ = "torch.nn.modules.module"

    def __init__(self, weight: float) -> None:
        self.weight = np.array([weight])

    def named_modules(self) -> Any:
        """Itself."""
        return [("", self)]

    def extra_repr(self) -> str:
        """What its layers are."""
        return "2, 1"

    def state_dict(self) -> dict[str, Any]:
        """Its weights."""
        return {"weight": self.weight}


class Net(Module): ...


@on_sqlite(Net(0.5), Net(0.5))
@tracked_training
def torch_module(net: Any, weights: Annotated[Any, Key] = None) -> None: ...


def test_a_torch_module(runs):
    """A module is its class; its architecture counts in the key, its weights only where ``Key`` asks for them."""
    run = runs["torch_module"]
    assert {"net": f"{__name__}.Net", "weights": f"{__name__}.Net"} == run.params
    key = run.tags[t.CALL_KEY]
    assert key == torch_module.key(Net(9.0), Net(0.5)) != torch_module.key(Net(0.5), Net(9.0))
    assert t.WEAK not in run.tags


class Plain:
    """Nothing is known of its objects."""


@on_sqlite(Plain(), Plain())
@on_sqlite(Plain(), {"deep": Plain()})
@tracked_training
def unknown(a: Any, b: Any) -> None: ...


def test_an_unknown_object(runs):
    """An unknown object is its class, never an address; that the key is weak is a tag, and said once."""
    deep, flat = sorted(runs.called("unknown"), key=lambda run: "b" in run.params)
    name = f"{__name__}.Plain"
    assert ({"a": name, "b": name}, {"a": name, "b.deep": name}) == (flat.params, deep.params)
    assert ("arguments.a, arguments.b", "arguments.a, arguments.b.deep") == (
        flat.tags[t.WEAK],
        deep.tags[t.WEAK],
    )
    assert 1 == runs.said.count("calls of unknown with other values of a, b may look like the same work")


def twice(x: float) -> float:
    return 2 * x


@on_sqlite(twice, functools.partial(twice, 3), lambda x: x)
@tracked_training
def callables(function: Any, part: Any, nameless: Any = None) -> None: ...


def test_callables(runs):
    """A function is its name, and counts with its code; a partial with its arguments; a lambda is weak."""
    run = runs["callables"]
    assert {
        "function": f"{__name__}.twice",
        "part": f"partial({__name__}.twice)",
        "nameless": f"{__name__}.<lambda>",
    } == run.params
    assert "arguments.nameless" == run.tags[t.WEAK]

    def thrice(x: float) -> float:
        return 3 * x

    thrice.__qualname__ = "twice"
    part = functools.partial(twice, 3)
    keys = {
        callables.key(twice, part),
        callables.key(thrice, part),
        callables.key(twice, functools.partial(twice, 4)),
    }
    assert 3 == len(keys)


@on_sqlite(1)
@tracked_training
def defaults(a: int, b: float = 0.5, *, c: str = "c") -> None: ...


def test_defaults(runs):
    """Defaults are params, and count as if they had been given: a new parameter with one makes new keys."""
    assert {"a": "1", "b": "0.5", "c": "c"} == runs["defaults"].params
    key = runs["defaults"].tags[t.CALL_KEY]
    assert key == defaults.key(a=1.0, c="c", b=0.5) != defaults.key(1, 0.6)


@on_sqlite(1, 2, 3, z=4, y=5)
@tracked_training
def spread(a: int, *args: int, **kwargs: int) -> None: ...


def test_spread_arguments(runs):
    """Further arguments are ``args/0``, ``args/1``, named ones themselves; the order of these does not count."""
    assert {"a": "1", "args/0": "2", "args/1": "3", "z": "4", "y": "5"} == runs["spread"].params
    assert runs["spread"].tags[t.CALL_KEY] == spread.key(1, 2, 3, y=5, z=4) != spread.key(1, 3, 2, z=4, y=5)


class Estimator:
    """Says nothing of itself."""

    @tracked_training
    def fit(self, x: int) -> None: ...

    @classmethod
    @tracked_training
    def make(cls, x: int) -> None: ...


@dataclass
class Identified(Estimator):
    """Says what it is."""

    lr: float = 0.1


@on_sqlite()
def methods() -> None:
    """A method that is inherited, and one of the class."""
    Identified().fit(1)
    Identified.make(2)


def test_self_and_cls(runs):
    """The object is no param; it counts in the key as it says itself, else by its class, which is a tag."""
    fit, make = runs["fit"], runs["make"]
    assert ({"x": "1"}, {"x": "2"}) == (fit.params, make.params)
    assert [f"{__name__}.Identified"] * 2 == [fit.tags[t.CLASS], make.tags[t.CLASS]]
    assert fit.tags[t.CALL_KEY] == Identified().fit.key(1) != Identified(lr=9).fit.key(1)
    assert Estimator().fit.key(1) == Estimator().fit.key(1) != fit.tags[t.CALL_KEY]
    assert t.WEAK not in fit.tags
