from __future__ import annotations

import math
from pathlib import Path

import pytest

from tracked.errors import ConfigError
from tracked.settings import NAMES, Layer, Settings, did_you_mean, merge, unknown


def test_nothing_set_is_the_default():
    """Without any layer the defaults stand, and say so."""
    assert merge([]) == Settings(origins=dict.fromkeys(NAMES, "default"))


def test_the_strongest_layer_wins_value_by_value():
    """A layer decides only what it sets; None and the empty text set nothing; each value knows its origin."""
    layers = [
        Layer("code", {"experiment": "a", "home": None, "tracking_uri": ""}),
        Layer("file", {"experiment": "b", "home": "/x", "exit_timeout": "5"}),
        Layer("weak", {"tracking_uri": "http://x", "exit_timeout": 7}),
    ]
    found = merge(layers)
    assert ("a", "/x", "http://x", 5.0) == (
        found.experiment,
        found.home,
        found.tracking_uri,
        found.exit_timeout,
    )
    assert {
        "experiment": "code",
        "home": "file",
        "exit_timeout": "file",
        "tracking_uri": "weak",
        "shipper": "default",
    } == found.origins


def test_zero_is_a_value():
    """Not to wait at all can be set."""
    assert 0.0 == merge([Layer("code", {"exit_timeout": 0})]).exit_timeout


def test_a_path_is_a_text():
    """A home may be given as a path."""
    assert "/x" == merge([Layer("code", {"home": Path("/x")})]).home


WRONG = [
    ("exit_timeout", "soon"),
    ("exit_timeout", -1),
    ("exit_timeout", "nan"),
    ("exit_timeout", []),
    ("exit_timeout", math.nan),
    ("shipper", "pigeon"),
    ("shipper", 5),
    ("experiment", ["a"]),
    ("tracking_uri", {"a": "b"}),
    ("home", 5),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=str)
def test_a_wrong_value_is_named_with_its_origin(name, value):
    """Whoever set something wrong reads what, where, and what would be right."""
    with pytest.raises(ConfigError, match=rf"my file: .*{name}"):
        merge([Layer("my file", {name: value})])


def test_a_wrong_value_of_a_weaker_layer_is_not_looked_at():
    """What is overridden does no harm."""
    assert 1.0 == merge([Layer("a", {"exit_timeout": 1}), Layer("b", {"exit_timeout": "soon"})]).exit_timeout


def test_an_unknown_name_is_told_with_the_nearest():
    """One sentence a name, with the origin; what else is known beside the settings is not complained about."""
    layer = Layer("my file", {"experimet": 1, "zzz": 2, "home": 3, "verbosity": 4})
    first, second = unknown(layer, also=["verbosity"])
    assert "my file: there is no setting 'experimet'; did you mean 'experiment'?" == first
    assert "my file: there is no setting 'zzz'; there are " in second
    assert all(name in second for name in NAMES)


def test_the_nearest_choice_or_all_of_them():
    """A typing error is corrected; where nothing is near, all the choices are told."""
    assert "; did you mean 'reuse'?" == did_you_mean("reues", ["reuse", "resume"])
    assert "; there are a, b" == did_you_mean("quite different", ["b", "a"])


def test_settings_cannot_be_changed():
    """What was decided stays decided."""
    with pytest.raises(AttributeError):
        Settings().experiment = "x"
