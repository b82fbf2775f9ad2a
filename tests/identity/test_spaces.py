"""Search spaces count by what they mean."""

import json
import math
import types

import optuna
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tracked.errors import ConfigError
from tracked.identity import canonical, plain_space, possible_space, study_key, to_bytes
from tracked.sweeps.suggesting import SearchSpace

FLOAT = {"type": "float", "low": 1e-5, "high": 0.1}
GOLDEN = "695f919dafb0a9eb216e1fa761162027c4e31769b7a739affc379075047cfeb3"
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
        {"grid_search": [16, 1e-5, "adam", None]},
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


def azure_object(name, low, high):
    """What Azure ML's SDK builds."""
    base = type("SweepDistribution", (), {"__module__": "azure.ai.ml.entities._job.sweep.search_space"})
    built = type(name, (base,), {})()
    built.type, built.min_value, built.max_value = name.lower(), low, high
    return built


@pytest.mark.parametrize(("low", "high"), [(-6, -1), (0, 2), (1, 3)])
def test_azures_bounds_of_loguniform_are_exponents(low, high):
    """Its objects mean ``exp(low)`` to ``exp(high)``, whatever the numbers."""
    assert key(("loguniform", math.exp(low), math.exp(high))) == key(azure_object("LogUniform", low, high))


def test_a_bound_that_no_value_can_be_is_an_exponent():
    """In YAML, which looks alike for all, a lower bound below 0 tells that the bounds are exponents."""
    yaml = {"type": "loguniform", "min_value": -6, "max_value": -1}
    assert key(("loguniform", math.exp(-6), math.exp(-1))) == key(yaml)
    assert {"type": "float", "low": 1, "high": 3, "log": True} == plain_space(
        {"type": "loguniform", "min_value": 1, "max_value": 3}
    )


def test_the_key_of_a_space_is_for_good():
    """Another release, another machine: the same space is the same study."""
    space = {
        "lr": ("loguniform", 1e-5, 0.1),
        "layers": ("int", 1, 8),
        "dropout": ("quniform", 0, 0.5, 0.25),
        "kind": ["a", "b", None],
    }
    assert GOLDEN == study_key({}, {"search_space": space}, {}, "m").hash


ranges = st.tuples(st.integers(1, 1000), st.integers(1001, 10**6))
ways = st.fixed_dictionaries(
    {
        "a": ranges.map(lambda r: ("uniform", *r)),
        "b": ranges.map(lambda r: ("loguniform", *r)),
        "c": ranges.map(lambda r: ("int", *r)),
        "d": st.lists(st.integers() | st.booleans() | st.none(), min_size=1).map(
            lambda values: ("choice", values)
        ),
    }
)


def by_optuna(kind, *how):
    """As Optuna's distribution."""
    if kind == "choice":
        return distributions.CategoricalDistribution(*how)
    if kind == "int":
        return distributions.IntDistribution(*how)
    return distributions.FloatDistribution(*how, log=kind == "loguniform")


def by_yaml(kind, *how):
    """As YAML, with texts for numbers."""
    if kind == "choice":
        return {"type": "choice", "values": list(*how)}
    return {"type": kind, "min_value": str(how[0]), "max_value": how[1]}


def ask(trial, name, kind, *how):
    """As a question to a trial."""
    if kind == "choice":
        return trial.suggest_categorical(name, *how)
    if kind == "int":
        return trial.suggest_int(name, *how)
    return trial.suggest_float(name, *how, log=kind == "loguniform")


@given(ways)
def test_any_space_is_one_in_every_notation(space):
    """Tuples, Optuna's distributions, YAML, JSON of the form, and a function that asks: one form, one key."""
    form = plain_space(space)
    written = [
        {name: by_optuna(*way) for name, way in space.items()},
        {name: by_yaml(*way) for name, way in space.items()},
        json.loads(json.dumps(form)),
        SearchSpace.of(lambda trial: {name: ask(trial, name, *way) for name, way in space.items()}).form,
        possible_space(dict(reversed(space.items()))),
    ]
    keys = {study_key({}, {"search_space": one}, {}).hash for one in (space, *written)}
    assert 1 == len(keys)


def test_a_space_that_is_a_function_may_read_what_it_has_chosen():
    """Its trial has a number and params, where it is declared too; what no trial of it has is named at once."""
    depth = SearchSpace.of(
        lambda trial: {"n": trial.suggest_int("n", 2, 4 + trial.number), "m": 2 * trial.params["n"]}
    )
    assert (("n", "m"), {"n"}) == (depth.names, set(depth.form))
    with pytest.raises(ConfigError, match="suggest_gaussian"):
        SearchSpace.of(lambda trial: {"x": trial.suggest_gaussian("x", 0, 1)})


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
