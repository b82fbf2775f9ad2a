"""Keys of studies, trials and calls."""

import functools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracked
from tracked.call import Call
from tracked.errors import IdentityError
from tracked.identity import PLUMBING, call_key, study_family_key, study_key, trial_key
from tracked.identity.key import Key
from tracked.markers import Artifact, Ignore, Param, Secret
from tracked.markers import Key as KeyMarker

DATA = {"name": "conll", "version": 3, "split_seed": 13, "local_path": "/data"}
HPO = {
    "search_space": {"lr": {"type": "loguniform", "min": 1e-5, "max": 1e-1}, "num_workers": [1, 2]},
    "objective": {"metric": "macro-f1", "direction": "maximize"},
    "sampling": {"algorithm": "random", "max_trials": 20, "timeout_minutes": 60},
}
TRAIN = {"training": {"epochs": 5, "seed": 42, "num_workers": 4}, "early_stopping": None}


def study(data=DATA, hpo=HPO, train=TRAIN, model="bert"):
    """The hash of a study."""
    return study_key(data, hpo, train, model).hash


def leaves(tree, path=()):
    """Paths of all leaves."""
    if isinstance(tree, dict):
        return [p for key, value in tree.items() for p in leaves(value, (*path, key))]
    return [path]


def with_leaf(tree, path, value):
    """A copy with another leaf."""
    return value if not path else {**tree, path[0]: with_leaf(tree[path[0]], path[1:], value)}


CONFIGS = {"data": DATA, "hpo": HPO, "train": TRAIN}
ALL = [(name, path) for name, config in CONFIGS.items() for path in leaves(config)]
PLUMBED = {("data", "local_path"), ("hpo", "sampling", "max_trials"), ("hpo", "sampling", "timeout_minutes")}
PLUMBED |= {("train", "training", "num_workers")}


@pytest.mark.parametrize(("name", "path"), ALL, ids=lambda part: ".".join(part) if part else "")
def test_every_leaf_counts_but_plumbing(name, path):
    """Each changed leaf of a study's configs changes its key, unless the table of plumbing has its name."""
    other = {**CONFIGS, name: with_leaf(CONFIGS[name], path, "changed")}

    assert ((name, *path) in PLUMBED) == (study() == study(other["data"], other["hpo"], other["train"]))


@pytest.mark.parametrize("name", sorted(PLUMBING))
def test_plumbing_does_not_count_at_any_depth(name):
    """A name of the documented table enters no key of a study, and counts within a search space."""
    assert study() == study(train={**TRAIN, name: 1, "training": {**TRAIN["training"], name: 2}})
    assert study() != study(hpo={**HPO, "search_space": {**HPO["search_space"], name: [3, 4]}})


def test_the_model_tells_studies_and_not_families():
    """The study's key has the model, the family's has not; case counts; they never coincide."""
    assert study() != study(model="distilbert")
    assert study() != study(model="BERT")
    assert study_family_key(DATA, HPO, TRAIN).hash == study_family_key(DATA, HPO, TRAIN).hash
    assert study_family_key(DATA, HPO, TRAIN).hash != study_key(DATA, HPO, TRAIN).hash


def test_configs_do_not_change_places():
    """The same mapping as data and as training config makes different studies."""
    assert study_key({"a": 1}, {}, {}, "m").hash != study_key({}, {}, {"a": 1}, "m").hash


def test_a_config_is_the_same_as_dataclass_and_as_dict():
    """Whether a study's config is given as a dict or a dataclass does not matter; a dataclass within it counts."""

    @dataclass
    class Data:
        name: str
        version: int

    assert study(data={"name": "x", "version": 1}) == study(data=Data("x", 1))
    assert study(data={"part": {"name": "x", "version": 1}}) != study(data={"part": Data("x", 1)})


def test_a_key_without_any_config_is_an_error():
    """A study of nothing has no key."""
    with pytest.raises(IdentityError, match="at least one"):
        study_key(model="bert")
    with pytest.raises(IdentityError, match="at least one"):
        study_family_key()


def test_a_key_says_what_it_counts():
    """A key is 64 hex digits, names its schema, holds its payload, and is equal by its hash."""
    key = study_key(DATA, HPO, TRAIN, "bert")

    assert 64 == len(key.hash)
    assert "tracked.study/1" == key.schema == key.payload["schema"]
    assert Key(key.hash, key.schema, {}) == key
    assert {key} == {key, study_key(DATA, HPO, TRAIN, "bert")}
    assert ("train.model",) == study_key(DATA, HPO, {"model": object()}, "bert").weak


def test_golden_keys():
    """The keys of today are the keys of tomorrow."""
    golden = json.loads(Path(__file__).with_name("golden_keys.json").read_text("utf-8"))
    call = Call("train", "pkg.train", {"lr": 0.1, "args/0": None, "device": "cpu"})
    keys = {
        "study": study(),
        "family": study_family_key(DATA, HPO, TRAIN).hash,
        "trial": trial_key("ab" * 32, {"lr": 3e-5, "batch_size": 16}).hash,
        "call": call_key(call).hash,
        "call in a study": call_key(call, "ab" * 32).hash,
    }

    assert golden == keys


STUDY = "0123456789abcdef" * 4


def test_a_trial_is_its_study_and_hyperparameters():
    """Study and hyperparameters count, of whatever name; numbers and ids of runs do not."""
    first = trial_key(STUDY, {"lr": 1, "num_workers": 2}).hash

    assert first == trial_key(STUDY, {"num_workers": 2.0, "lr": 1.0, "trial_number": 3, "run_id": "x"}).hash
    assert first != trial_key(STUDY, {"lr": 1, "num_workers": 4}).hash
    assert first != trial_key("f" * 64, {"lr": 1, "num_workers": 2}).hash
    assert trial_key(STUDY, {"a": None}).hash != trial_key(STUDY, {"a": "none"}).hash


@pytest.mark.parametrize("bad", ["", "abc", "F" * 64, "g" * 64, 7, None, "0" * 65])
def test_a_malformed_study_key_is_an_error(bad):
    """What is not 64 hex digits is no key and enters none."""
    with pytest.raises(IdentityError, match="64 hexadecimal digits"):
        trial_key(bad, {"lr": 1})


def test_hyperparameters_are_a_mapping():
    """Anything but a mapping of hyperparameters is an error that names what was given."""
    with pytest.raises(IdentityError, match="mapping, not list"):
        trial_key(STUDY, [1])


def call(**arguments):
    """A call of a function with these arguments."""
    return Call("train", "pkg.train", arguments)


def test_a_call_is_its_function_arguments_and_study():
    """Function, arguments and study count; order of arguments, plumbing and secrets do not."""
    first = call_key(call(lr=1, epochs=2)).hash

    assert first == call_key(call(epochs=2.0, lr=1, verbose=True, device="cpu", api_key="x")).hash
    assert first != call_key(call(lr=1, epochs=3)).hash
    assert first != call_key(Call("train", "other.train", {"lr": 1, "epochs": 2})).hash
    assert first != call_key(call(lr=1, epochs=2), STUDY).hash


def test_markers_overrule_the_table():
    """Ignore, Secret and Param(key=False) leave an argument out, Key and Param keep it; Artifact changes nothing."""

    def train(
        lr: Annotated[float, Param(key=False)],
        note: Annotated[str, Ignore],
        pin: Annotated[str, Secret],
        device: Annotated[str, KeyMarker],
        token: Annotated[str, Param],
        file: Annotated[str, Artifact],
    ):
        pass

    def key(**changes):
        usual = {"lr": 1, "note": "", "pin": "", "device": "cpu", "token": "cls", "file": "a"}
        bound = Call.bind(train, (), {**usual, **changes})
        return call_key(bound, markers=bound.markers(train)).hash

    assert key() == key(lr=2) == key(note="x") == key(pin="x")
    assert 4 == len({key(), key(device="cuda"), key(token="sep"), key(file="b")})


def test_ignore_and_key_options():
    """``ignore`` leaves arguments out; ``key`` names those that alone count, or makes what counts."""
    assert call_key(call(a=1, b=1), ignore=["b"]).hash == call_key(call(a=1, b=2), ignore=["b"]).hash
    assert call_key(call(a=1, b=1), key=["a"]).hash == call_key(call(a=1, b=2), key=["a"]).hash
    assert call_key(call(device="a"), key=["device"]).hash != call_key(call(device="b"), key=["device"]).hash
    assert call_key(call(token="a"), key=["token"]).hash == call_key(call(token="b"), key=["token"]).hash
    parity = [call_key(call(a=n), key=lambda arguments: arguments["a"] % 2).hash for n in (1, 3, 4)]
    assert parity[0] == parity[1] != parity[2]
    with pytest.raises(IdentityError, match="no argument 'c'"):
        call_key(call(a=1), key=["c"])


def scaled(x, by=1, *rest, **more):
    """Takes whatever it is given."""


@dataclass
class Scale:
    """A callable object with a rule of its own: its fields."""

    by: int

    def __call__(self, x):
        """Scale."""


class Opaque:
    """A callable object without a rule."""

    def __call__(self, x):
        """Do something."""


def key_of(fn, *args, **kwargs):
    """The key of a call of a decorated function."""
    return tracked.tracked_training(fn).key(*args, **kwargs)


def test_one_call_has_one_key_however_it_is_written():
    """By position, by name, with a default spelled out, in any order of names, by a partial: the same call."""
    written = [
        key_of(scaled, 5),
        key_of(scaled, x=5),
        key_of(scaled, by=1, x=5),
        key_of(functools.partial(scaled, 5)),
        key_of(functools.partial(scaled, by=1), 5),
    ]
    assert 1 == len(set(written))
    assert key_of(scaled, 5, a=1, b=2) == key_of(scaled, 5, b=2, a=1)


def test_what_a_partial_holds_counts():
    """Partials that hold different positions or names are different work."""
    held = [functools.partial(scaled, 1), functools.partial(scaled, 5), functools.partial(scaled, 5, by=2)]
    assert 3 == len({key_of(fn) for fn in held})


def test_a_callable_object_counts_with_its_state():
    """Objects with a rule are told apart by their state; one without a rule is weak and said to be so."""
    assert key_of(Scale(1), 5) != key_of(Scale(2), 5)
    assert key_of(Scale(1), 5) == key_of(Scale(1), 5)
    assert ("self",) == call_key(Call.bind(Opaque(), (5,), {})).weak


def test_methods_count_their_object():
    """An object that says how it is identified counts; one that does not is weak, and only its class counts."""

    @dataclass
    class Config:
        width: int

        def train(self):
            pass

    class Opaque:
        def __init__(self, width):
            self.width = width

        def train(self):
            pass

    class Other(Opaque):
        pass

    def key(owner):
        return call_key(Call.bind(owner.train, (), {}))

    assert key(Config(1)).hash == key(Config(1)).hash != key(Config(2)).hash
    assert () == key(Config(1)).weak
    assert key(Opaque(1)).hash == key(Opaque(2)).hash != key(Other(1)).hash
    assert ("self",) == key(Opaque(1)).weak


@given(
    st.dictionaries(st.text("abxyz", min_size=1, max_size=3), st.integers() | st.text(max_size=3), min_size=1)
)
def test_every_argument_counts(arguments):
    """A change of any one argument changes the key."""
    first = call_key(call(**arguments)).hash
    for name in arguments:
        assert first != call_key(call(**{**arguments, name: "a value that is nowhere else"})).hash


PROGRAM = """
import enum, pathlib, sys
from tracked.identity import canonical, to_bytes, study_key
class Color(enum.Enum):
    RED = 1
def f(x, y=frozenset({"a", "b", "c"})):
    return x in {"p", "q", "r"} or y
value = {
    "set": {"a", "b", "c", None, 1.5}, "f": f, "lambda": lambda: {"x", "y"}, "color": Color.RED, "o": object(),
    "keys": {(1, "a"): 1, None: 2}, "path": pathlib.Path("a"), "big": 2**70,
}
print(study_key(value, {}, {}, "m").hash)
"""


def test_keys_are_the_same_in_other_processes(tmp_path):
    """Neither the hash seed nor addresses nor the way a program is started enter a key."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    root = str(Path(tracked.__file__).parents[1])

    def run(seed, *command):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([root, str(tmp_path)])}
        done = subprocess.run([sys.executable, *command], env=env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    keys = [
        run("1", str(program)),
        run("2", str(program)),
        run("3", "-m", "program"),
        run("4", "-c", "import program"),
    ]
    assert 64 == len(keys[0])
    assert [keys[0]] * 4 == keys
