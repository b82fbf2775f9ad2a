from __future__ import annotations

import math
from pathlib import Path

import pytest

from tracked import switches
from tracked.errors import ConfigError
from tracked.naming import PLACEHOLDERS
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
        **dict.fromkeys(NAMES, "default"),
        "experiment": "code",
        "home": "file",
        "exit_timeout": "file",
        "tracking_uri": "weak",
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
    ("verbosity", "loud"),
    ("name_max_length", 5),
    ("name_max_length", 251),
    ("tag_max_length", 63),
    ("artifact_max_bytes", -1),
    ("artifact_max_bytes", math.inf),
    ("journal_max_bytes", -1),
    ("durable", "perhaps"),
    ("name_template", 5),
    ("name_template", {"training": ""}),
    ("name_template", "{kind"),
    ("name_template", "{}"),
    ("tags", "stage"),
    ("tags", ["stage"]),
    ("tags", {"stage": ""}),
    ("tags", {"stage": "backbone"}),
    ("tags", {"stage": "mlflow.runName"}),
    ("switches", "training.enabled=perhaps"),
    ("switches", {"training": {"enabled": 5}}),
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


def test_what_is_wrong_need_not_cost_the_rest():
    """Where nobody asked by name, each wrong value is told once, and the next layer's counts."""
    told = []
    layers = [
        Layer(
            "a", {"exit_timeout": "soon", "switches": {"training": {"enabled": "?", "log_checkpoint": "no"}}}
        ),
        Layer("b", {"exit_timeout": 3, "switches": "training.enabled=off"}),
    ]
    found = merge(layers, told.append)
    assert (3.0, {"training.log_checkpoint": False, "training.enabled": False}) == (
        found.exit_timeout,
        found.switches,
    )
    assert ["a: exit_timeout must be a float", "a: switches: training.enabled is true"] == [
        str(error).partition(",")[0].partition(" or")[0] for error in told
    ]


def test_tables_are_merged_key_by_key():
    """A layer decides only the keys that it sets, however it writes the table; each key knows its origin."""
    layers = [
        Layer(
            "variable",
            {"switches": "sweep.enabled=0, training.log_checkpoint=true", "tags": "stage=my.stage"},
        ),
        Layer("file", {"switches": {"training": {"log_checkpoint": False, "enabled": False}}}),
    ]
    found = merge(layers)
    assert {
        "hpo.enabled": False,
        "training.log_checkpoint": True,
        "training.enabled": False,
    } == found.switches
    assert {"stage": "my.stage"} == found.tags
    origins = {name: origin for name, origin in found.origins.items() if "." in name}
    assert {
        "switches.hpo.enabled": "variable",
        "switches.training.log_checkpoint": "variable",
        "switches.training.enabled": "file",
        "tags.stage": "variable",
    } == origins


@pytest.mark.parametrize("word", [True, 1, "1", "true", "YES", " on "])
@pytest.mark.parametrize("name", ["durable", "training.enabled"])
def test_a_switch_is_set_by_any_word_for_yes(name, word):
    """Variables hold texts: those for no are no."""
    values = {"durable": word} if name == "durable" else {"switches": {"training": {"enabled": word}}}
    no = {"durable": "0"} if name == "durable" else {"switches": "training.enabled=no"}
    on, off = (merge([Layer("x", v)]) for v in (values, no))
    assert (True, False) == (
        (on.durable, off.durable) if name == "durable" else (on.switches[name], off.switches[name])
    )


def test_one_template_for_all_or_one_for_each_stage():
    """A bare text is the template of all kinds; a table names them, a sweep also by that word."""
    assert {"": "{kind}"} == merge([Layer("x", {"name_template": "{kind}"})]).name_template
    by_stage = {"sweep": "{study8}", "training": "{model}"}
    assert {"hpo": "{study8}", "training": "{model}"} == merge(
        [Layer("x", {"name_template": by_stage})]
    ).name_template


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"switches": {"training": {"enabld": True}}},
            "training has no switch 'enabld'; did you mean 'enabled'?",
        ),
        ({"switches": {"benchmark": {"log_onnx_model": True}}}, "benchmark has no switch 'log_onnx_model'"),
        ({"tags": {"study_key_hsh": "x"}}, "no tag 'study_key_hsh'; did you mean 'tracked.study_key_hash'?"),
        ({"tags": {"tracked.id": "x"}}, "'tracked.id' has no other name: delivery goes by it"),
    ],
)
def test_an_unknown_key_of_a_table_is_told_with_the_nearest(values, said):
    """A slip inside a table is found as one outside is, and sets nothing."""
    (line,) = unknown(Layer("my file", values))
    assert line.startswith("my file: ")
    assert said in line
    assert merge([]) == merge([Layer("my file", values)])


REFERENCE = Path(__file__).parents[1] / "docs" / "reference" / "settings.md"


def test_the_reference_names_every_setting():
    """The table of settings has each of them, in order, with its variable and its default, and no other."""
    lines = REFERENCE.read_text("utf-8").splitlines()
    told = [line.split(" | ")[:3] for line in lines if line.startswith("| `TRACKED_")]
    defaults = {name: getattr(Settings(), name) for name in NAMES}
    assert [
        [f"| `TRACKED_{name.upper()}`", f"`{name}`", _shown(value)] for name, value in defaults.items()
    ] == told


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"


def test_the_reference_names_every_switch_and_placeholder():
    """What can stand in a table of the configuration is told there too."""
    text = REFERENCE.read_text("utf-8")
    names = [f"`{name}`" for name in switches.NAMES] + [f"`{{{name}}}`" for name in PLACEHOLDERS]
    assert [] == [name for name in names if name not in text]


def test_settings_cannot_be_changed():
    """What was decided stays decided."""
    with pytest.raises(AttributeError):
        Settings().experiment = "x"
