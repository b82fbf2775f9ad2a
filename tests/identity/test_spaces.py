"""Search spaces count by what they mean."""

import json
import types

import optuna
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tracked.identity import canonical, plain_space, study_key, to_bytes

FLOAT = {"type": "float", "low": 1e-5, "high": 0.1}
distributions = optuna.distributions

SAME = {
    "a range": (
        {"type": "float", "low": 1, "high": 2},
        distributions.FloatDistribution(1, 2),
        ("uniform", 1, 2),
        ["uniform", "1", 2.0],
        ("float", 1, 2),
        {"type": "uniform", "min_value": 1, "max_value": "2"},
        {"type": "Uniform", "min": 1.0, "max": 2},
    ),
    "a range on a log scale": (
        {**FLOAT, "log": True},
        distributions.FloatDistribution(1e-5, 1e-1, log=True),
        ("loguniform", 1e-5, 1e-1),
        ("log_uniform", "1e-5", "1e-1"),
        {"type": "loguniform", "min_value": "1e-5", "max_value": 0.1},
        {"type": "uniform", "lower": 1e-5, "upper": 0.1, "log": True},
    ),
    "a range with steps": (
        {"type": "float", "low": 0, "high": 1, "step": 0.25},
        distributions.FloatDistribution(0, 1, step=0.25),
        ("quniform", 0, 1, 0.25),
        {"type": "quniform", "min_value": 0, "max_value": 1, "q": 0.25},
    ),
    "whole numbers": (
        {"type": "int", "low": 1, "high": 8},
        distributions.IntDistribution(1, 8),
        ("int", 1, 8),
        {"type": "int", "min": 1, "max": 8, "step": 1},
    ),
    "whole numbers below a bound": ({"type": "int", "low": 0, "high": 7}, {"type": "randint", "upper": 8}),
    "whole numbers that libraries read differently": (
        {"type": "randint", "low": 1, "high": 8},
        ("randint", 1, 8),
    ),
    "a bell": (
        {"type": "normal", "mu": 0, "sigma": 1},
        ("normal", 0, 1),
        {"type": "normal", "mean": 0, "std": 1},
    ),
    "choices": (
        [16, 1e-5, "adam", None],
        (16, "1e-5", "adam", None),
        ("choice", [16, 1e-5, "adam", None]),
        {"type": "choice", "values": [16, "1e-5", "adam", None]},
        distributions.CategoricalDistribution([16, 1e-5, "adam", None]),
    ),
    "choices that look like a range": (
        {"type": "choice", "values": ["uniform", 1, 2]},
        distributions.CategoricalDistribution(["uniform", 1, 2]),
    ),
    "a fixed value": (0.00001, "1e-5"),
    "spaces in a space": (
        {"adam": {"lr": FLOAT}},
        {"adam": {"lr": ("uniform", "1e-5", 0.1)}},
        types.SimpleNamespace(adam=types.SimpleNamespace(lr=distributions.FloatDistribution(1e-5, 0.1))),
    ),
}


def key(space, name="lr"):
    """The key of a study with this space of one hyperparameter."""
    return study_key({}, {"search_space": {name: space}}, {}, "m").hash


@pytest.mark.parametrize("name", SAME)
def test_one_space_has_one_form_and_one_key(name):
    """However it is written, the first form is what it becomes, and the study's key is the same."""
    form, *others = SAME[name]
    assert [form] * len(others) == list(map(plain_space, others))
    assert {key(form)} == set(map(key, others))


@pytest.mark.parametrize("name", SAME)
def test_a_canonical_form_is_its_own(name):
    """What was recorded can be read again, also from JSON."""
    form = SAME[name][0]
    assert form == plain_space(form) == plain_space(json.loads(json.dumps(form)))


def test_different_spaces_have_different_keys():
    """Each of these differs in something that a search would notice."""
    spaces = [
        *(forms[0] for forms in SAME.values()),
        ("uniform", 1, 3),
        ("uniform", 0, 2),
        ("loguniform", 1, 2),
        ("quniform", 0, 1, 0.5),
        ("int", 1, 2),
        {"type": "int", "low": 1, "high": 8, "log": True},
        {"type": "int", "low": 1, "high": 8, "step": 2},
        {"type": "uniform", "min": 1, "max": 2, "unit": "s"},
        [16, 1e-5, "adam"],
        [1e-5, 16, "adam", None],
        [16, 1e-5, "Adam", None],
        ["1", "2"],
        [1, 2],
        [True, 2],
        [0.1],
        0.1,
        ("lognormal", 0, 1),
        {"sgd": {"lr": FLOAT}},
        {"type": "made-up", "low": 1},
    ]
    assert len(spaces) == len(set(map(key, spaces)))
    assert key(0.1, "a") != key(0.1, "b")


def test_text_is_a_number_only_where_it_must_be():
    """PyYAML's ``1e-5`` is a number, a bound is one in any case, and any other text is a text."""
    assert [1e-5, "1", "0.1", "e5", "1e", 15000.0] == plain_space(["1e-5", "1", "0.1", "e5", "1e", "1.5e4"])
    assert {"type": "float", "low": 1, "high": 0.1} == plain_space(("uniform", "1", "0.1"))
    assert "uniform" == plain_space("uniform")


def test_it_holds_for_a_space_of_a_config_only():
    """Elsewhere a tuple is a tuple and a text a text; below the names of search spaces, wherever they stand."""
    assert to_bytes(["uniform", "1e-5", 1]) == to_bytes(canonical(("uniform", "1e-5", 1)).tree)
    for name in ("search_space", "param_space", "parameter_space"):
        first, second = ({"hpo": {name: {"lr": lr}}} for lr in (("uniform", "1e-5", 1), ["uniform", 1e-5, 1]))
        assert canonical(first) == canonical(second)
    assert canonical({"hparams": {"lr": "1e-5"}}) != canonical({"hparams": {"lr": 1e-5}})


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_optunas_deprecated_classes_are_the_new_ones():
    """A study that was written for an older Optuna keeps its key."""
    old = getattr(distributions, "LogUniformDistribution", None)
    if old is None:
        pytest.skip("gone from this Optuna")
    assert key(distributions.FloatDistribution(1e-5, 1, log=True)) == key(old(1e-5, 1))


def test_objects_of_azure_are_their_yaml():
    """What the SDK builds and what its YAML says is one space."""
    base = type("SweepDistribution", (), {"__module__": "azure.ai.ml.entities._job.sweep.search_space"})
    uniform = type("Uniform", (base,), {})()
    uniform.type, uniform.min_value, uniform.max_value = "uniform", 1, 2
    assert key(("uniform", 1, 2)) == key(uniform)


def test_what_cannot_be_read_is_left_as_it_is():
    """A circle, a broken mapping, an object: never an exception, the walk has its rules for them."""
    circle = {}
    circle["again"] = circle

    class Broken(dict):
        def items(self):
            raise RuntimeError("no")

    broken = Broken(a=1)
    assert plain_space(broken) is broken
    assert 64 == len(key(circle)) == len(key(broken)) == len(key(object()))


numbers = st.floats(-1e6, 1e6) | st.integers(-1000, 1000)
bounds = st.tuples(numbers, numbers).filter(lambda pair: pair[0] < pair[1])


@given(bounds)
def test_any_range_is_the_same_in_every_notation(pair):
    """Tuple, list, YAML with numbers or texts, Optuna: one key."""
    low, high = pair
    ways = [
        ("uniform", low, high),
        ["uniform", str(low), high],
        {"type": "uniform", "min_value": repr(float(low)), "max_value": high},
        {"max": high, "min": low, "type": "UNIFORM"},
        distributions.FloatDistribution(low, high),
    ]
    assert 1 == len(set(map(key, ways)))


@given(bounds, bounds, st.sampled_from(["uniform", "int", "normal"]))
def test_any_other_bound_is_another_space(one, other, kind):
    """Each changed number changes the key."""
    assume(one != other)
    assert key((kind, *one)) != key((kind, *other))


@given(st.lists(st.text() | st.integers() | st.none() | st.booleans(), max_size=5))
def test_reading_twice_is_reading_once(values):
    """Whatever choices there are, their form is stable."""
    form = plain_space(values)
    assert form == plain_space(form) == plain_space({"type": "choice", "values": values})
