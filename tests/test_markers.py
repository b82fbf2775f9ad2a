"""What a person says of an argument or a field."""

import functools
from dataclasses import dataclass
from typing import Annotated

import pytest

from tracked.errors import ConfigError
from tracked.markers import Artifact, Ignore, Key, Metric, Param, Secret, markers_of


def test_markers_work_bare_and_with_options():
    """A marker may be the class or an instance, and one annotation may have several."""

    def f(
        a: Annotated[float, Ignore],
        b: Annotated[float, Param(key=False)],
        c: Annotated[str, "other", Key, Artifact("x"), 3],
        d: int,
    ) -> Annotated[float, Metric("acc")]: ...

    assert {
        "a": (Ignore(),),
        "b": (Param(key=False),),
        "c": (Key(), Artifact("x")),
        "return": (Metric("acc"),),
    } == markers_of(f)


def test_markers_are_found_within_an_optional():
    """An annotation that also allows None keeps its markers, however it is spelled."""

    def f(
        a: Annotated[str, Secret] | None = None,
        b: Annotated[str, Ignore] | None = None,
        c: int | Annotated[str, Key] | None = None,
    ): ...

    assert {"a": (Secret(),), "b": (Ignore(),), "c": (Key(),)} == markers_of(f)


def test_markers_of_fields_are_inherited():
    """Fields of a class and of its bases have markers."""

    @dataclass
    class Base:
        a: Annotated[int, Ignore]

    @dataclass
    class Config(Base):
        b: Annotated[str, Secret]

    assert {"a": (Ignore(),), "b": (Secret(),)} == markers_of(Config)


def test_the_function_behind_is_read():
    """A bound method, a partial and a callable object show the markers of their function."""

    class Model:
        def method(self, a: Annotated[int, Ignore]): ...

        def __call__(self, b: Annotated[int, Key]): ...

    assert {"a": (Ignore(),)} == markers_of(Model().method)
    assert {"a": (Ignore(),)} == markers_of(functools.partial(Model().method, 1))
    assert {"b": (Key(),)} == markers_of(Model())


STRINGS = """
from __future__ import annotations
from typing import Annotated
import typing
import tracked.markers
from tracked.markers import {imported}
Mine = tracked.markers.Artifact("mine")
def f(
    a: Annotated[Unknown, Ignore],
    b: Annotated[unknown.Type[int] | None, Secret()],
    c: typing.Annotated[int, tracked.markers.Key] | None,
    d: Nowhere[int],
    e: Annotated[Unknown | int, Param(key=False)],
    f: Annotated[Unknown, Mine],
    g: Annotated[Unknown[int], Param(key=False)],
): ...
"""


@pytest.mark.parametrize("imported", ["Ignore, Secret, Param", "Artifact"])
def test_names_that_only_type_checkers_know(imported):
    """Annotations that cannot be resolved still show their markers, also where the markers are not imported."""
    space = {"__name__": "samples"}
    exec(STRINGS.format(imported=imported), space)

    assert {
        "a": (Ignore(),),
        "b": (Secret(),),
        "c": (Key(),),
        "e": (Param(key=False),),
        "f": (Artifact("mine"),),
        "g": (Param(key=False),),
    } == markers_of(space["f"])


def test_an_annotation_that_raises_is_read_as_text():
    """An annotation whose evaluation raises shows the markers that are written in it."""
    space = {"__name__": "samples"}
    exec("from __future__ import annotations\ndef f(a: Annotated[1 / 0, Secret]): ...\n", space)

    assert {"a": (Secret(),)} == markers_of(space["f"])


@pytest.mark.parametrize(
    "markers",
    [
        (Ignore, Param),
        (Ignore, Key),
        (Ignore, Secret),
        (Secret, Param),
        (Secret, Key),
        (Secret, Artifact),
        (Param(key=False), Key),
        (Param(key=False), Param(key=True)),
        (Metric("a"), Metric("b")),
    ],
)
def test_contradictions_are_errors(markers):
    """Markers that cannot all be true raise an error that names the parameter and the markers."""

    def f(lr): ...

    f.__annotations__["lr"] = Annotated[(float, *markers)]
    with pytest.raises(ConfigError, match=r"'lr' contradict each other: \w+, \w+"):
        markers_of(f)


@pytest.mark.parametrize("markers", [(Param, Key), (Artifact, Key), (Param, Artifact), (Ignore, Ignore())])
def test_what_goes_together_is_no_error(markers):
    """Markers that can all be true, or say the same twice, are taken."""

    def f(lr): ...

    f.__annotations__["lr"] = Annotated[(float, *markers)]
    assert "lr" in markers_of(f)


def test_markers_are_read_once():
    """The second call of a function does not resolve its annotations again."""

    def f(a: Annotated[int, Ignore]): ...

    assert markers_of(f) is markers_of(f)
