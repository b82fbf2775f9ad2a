"""One call, with its arguments bound to their names."""

import functools
import inspect
import re
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracked import call as call_module
from tracked.call import Call
from tracked.markers import Ignore, Secret


def plain(a, b=2, *rest, c=3, **more):
    """Has every kind of parameter."""


class Model:
    """Has every kind of method."""

    def method(self, x, y=1):
        """Of an object."""

    @classmethod
    def make(cls, x):
        """Of a class."""

    @staticmethod
    def static(x):
        """Of neither."""

    def __call__(self, x):
        """Makes the object callable."""


def bound(fn, *args, **kwargs):
    """Arguments of a call, in order."""
    return list(Call.bind(fn, args, kwargs).arguments.items())


def test_defaults_are_bound_in_the_order_of_the_signature():
    """Given and default arguments stand in the order of the signature."""
    assert [("a", 1), ("b", 2), ("c", 3)] == bound(plain, 1)
    assert [("a", 1), ("b", 5), ("c", 4)] == bound(plain, c=4, b=5, a=1)


def test_spread_arguments_have_names():
    """``*args`` are ``rest/0``, ``rest/1``; ``**kwargs`` have their own names."""
    expected = [("a", 1), ("b", 2), ("rest/0", 3), ("rest/1", 4), ("c", 3), ("x", 9)]

    assert expected == bound(plain, 1, 2, 3, 4, x=9)


def test_no_argument_takes_the_place_of_another():
    """Keyword arguments called like others stay apart from them."""

    def tricky(a, /, *rest, **more):
        pass

    assert [("a", 1), ("more/a", 2)] == bound(tricky, 1, a=2)
    assert [("a", 1), ("rest/0", 2), ("more/rest/0", 3)] == bound(tricky, 1, 2, **{"rest/0": 3})
    assert [("a", 1), ("more", 2), ("rest", 3)] == bound(tricky, 1, more=2, rest=3)


def test_self_and_cls_are_owners_and_no_arguments():
    """The object or class of a method is the owner of the call and stands in no argument."""
    model = Model()

    assert [("x", 5), ("y", 1)] == bound(model.method, 5)
    assert model is Call.bind(model.method, (5,), {}).owner
    assert [("x", 5)] == bound(Model.make, 5)
    assert Model is Call.bind(Model.make, (5,), {}).owner
    assert [("x", 5)] == bound(Model.static, 5)
    assert Call.bind(Model.static, (5,), {}).owner is None
    assert [("self", model), ("x", 5), ("y", 1)] == bound(Model.method, model, 5)


def test_functions_and_what_acts_like_one_have_names():
    """Functions, methods, partials, callable objects and lambdas have a short and a full name."""
    here = __name__

    def named(fn, *args):
        call = Call.bind(fn, args, {})
        return call.name, call.function

    assert ("plain", f"{here}.plain") == named(plain, 1)
    assert ("method", f"{here}.Model.method") == named(Model().method, 1)
    assert ("plain", f"{here}.plain") == named(functools.partial(functools.partial(plain, 1), 2))
    assert ("Model", f"{here}.Model") == named(Model(), 1)
    assert "<lambda>" == named(lambda: 1)[0]
    assert ("len", "len") == named(len, [])


def test_a_partial_is_a_call_that_has_begun():
    """What a partial holds are arguments of the call, positions too, as if they were given now."""
    assert [("a", 1), ("b", 7), ("c", 3)] == bound(functools.partial(plain, 1), 7)
    assert [("a", 1), ("b", 9), ("c", 3)] == bound(functools.partial(plain, b=9), 1)
    assert [("a", 1), ("b", 9), ("c", 3)] == bound(functools.partial(plain, b=8), 1, b=9)
    assert [("x", 5), ("y", 2)] == bound(functools.partial(Model().method, y=2), 5)


def test_the_gaps_of_a_partial_are_filled_in_order():
    """Python 3.14's placeholders stand for the first positions of the call."""
    gap = call_module._PLACEHOLDER

    assert (1, 2, 3, 4) == call_module._continued((gap, 2, gap), (1, 3, 4))
    assert (1, 2) == call_module._continued((1,), (2,))


def test_a_callable_object_is_the_owner_of_its_calls():
    """What is called belongs to the call: an object with ``__call__``, and the object behind a partial's method."""
    model = Model()

    assert model is Call.bind(model, (1,), {}).owner
    assert model is Call.bind(functools.partial(model.method, 1), (), {}).owner
    assert Call.bind(Model.static, (1,), {}).owner is None


@pytest.mark.parametrize(("args", "kwargs"), [((), {}), ((1,), {"a": 2}), ((), {"b": 1})])
def test_a_call_that_does_not_fit_is_the_users_own_error(args, kwargs):
    """The error is a TypeError with the text that Python's own binding has."""
    with pytest.raises(TypeError) as expected:
        inspect.signature(plain).bind(*args, **kwargs)
    with pytest.raises(TypeError) as actual:
        Call.bind(plain, args, kwargs)

    assert str(expected.value) == str(actual.value)


def test_functions_of_one_code_are_kept_apart():
    """The shape of a function is remembered for that function only, and not beyond its life."""
    for name in ("x", "y"):
        space = {}
        exec(f"def made({name}): pass", space)
        assert [(name, 1)] == bound(space["made"], 1)
    assert [("x", 1), ("y", 1)] == bound(Model().method, 1)
    assert [("self", 0), ("x", 1), ("y", 1)] == bound(Model.method, 0, 1)


@pytest.mark.parametrize("fn", [plain, Model().method, Model.make, functools.partial(plain, 1)])
def test_a_signature_is_read_once(fn, monkeypatch):
    """Reading a signature costs more than binding, so it is read at the first call only."""
    first = Call.bind(fn, (1,), {})
    monkeypatch.setattr(inspect, "signature", lambda _: pytest.fail("read again"))

    assert first == Call.bind(fn, (1,), {})


def test_markers_of_spread_parameters_hold_for_each_argument():
    """Markers of ``*args`` and ``**kwargs`` hold for each argument that they collect, and for no other."""

    def marked(
        a: Annotated[int, Ignore], *rest: Annotated[str, Ignore], b: int = 1, **more: Annotated[str, Secret]
    ):
        pass

    call = Call.bind(marked, (1, "x"), {"pin": "p"})
    markers = call.markers(marked)

    assert {"a": (Ignore(),), "rest/0": (Ignore(),), "pin": (Secret(),)} == {
        name: markers[name] for name in call.arguments if name in markers
    }
    assert {} == Call.bind(plain, (1,), {}).markers(plain)


def test_a_plain_call_is_bound_without_inspect(mocker):
    """What is called most, by place, by name, and with all or none of the defaults, does not wait for a signature."""
    mocker.patch.object(call_module, "_bound", side_effect=AssertionError)
    for args, kwargs in (((1, 2), {}), ((1,), {"b": 2}), ((), {"b": 2, "a": 1}), ((1, 2, 3, None), {})):
        assert {"a": 1, "b": 2, "c": 3, "d": None} == Call.bind(simple, args, kwargs).arguments


def simple(a, b, c=3, d=None):
    """Has parameters that can be given by place and by name."""


@given(
    st.lists(st.integers(), max_size=5).map(tuple),
    st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e"]), st.integers()),
)
def test_a_call_is_bound_as_python_does(args, kwargs):
    """However it is made, a call has the arguments that Python gives the function, in its order, or does not fit it."""
    try:
        bound = inspect.signature(simple).bind(*args, **kwargs)
    except TypeError as error:
        with pytest.raises(TypeError, match=re.escape(str(error))):
            Call.bind(simple, args, kwargs)
        return
    bound.apply_defaults()
    assert list(bound.arguments.items()) == list(Call.bind(simple, args, kwargs).arguments.items())
