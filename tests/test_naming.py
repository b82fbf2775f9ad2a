"""Names of runs, functions and classes."""

import collections
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracked
from tracked.errors import ConfigError
from tracked.naming import (
    MAX_RUN_NAME,
    PLACEHOLDERS,
    checked_template,
    experiment_name,
    from_template,
    qualified_name,
    run_name,
)
from tracked.testing import captured

KEY = "4f2a91" + "0" * 58


@pytest.mark.parametrize(
    ("expected", "arguments"),
    [
        ("train-4f2a91", ("train", "training", KEY)),
        ("train", ("train", "training")),
        ("trial-3", ("train", "hpo_trial", KEY, 3)),
        ("trial-0", ("train", "hpo_trial", None, 0)),
        ("training-4f2a91", ("", "training", KEY)),
        ("training", ("\n\x00", "training")),
        ("run", ("", "")),
        ("redline", ("red\x1b\u2028line",)),
        ("Täglich 7", ("Täglich 7",)),
        ("a" * 243 + "-4f2a91", ("a" * 300, "", KEY)),
    ],
)
def test_a_run_is_named_by_trial_or_function_and_key(expected, arguments):
    """A run is called after its trial, else after its function and the beginning of its key."""
    assert expected == run_name(*arguments)


@given(st.text(), st.text(), st.none() | st.just(KEY), st.none() | st.integers(0))
def test_any_name_can_be_stored(function, stage, key, number):
    """A name is never empty or too long, and has neither control characters nor lone surrogates."""
    name = run_name(function, stage, key, number)

    assert 0 < len(name) <= MAX_RUN_NAME
    assert name.isprintable()
    assert name.encode()


FACTS = {
    "kind": "training",
    "function": "train",
    "model": "bert_base",
    "study8": "abababab",
    "number": "3",
    "env": "local",
    "date": "2026-01-31",
}


@pytest.mark.parametrize(
    ("expected", "template"),
    [
        ("train", "{function}"),
        ("local_bert_base_hpo_study-abababab", "{env}_{model}_hpo_study-{study8}"),
        ("t03", "t{number:02d}"),
        ("tunknown-unknown", "t{fold:02d}-{trial8}"),
        ("2026-01-31 {x}", "{date} {{x}}"),
        ("a_b_c_d_e_f_g_h_i_j", 'a/b\\c:d*e?f"g<h>i|j'),
        ("ab", "a\n\x00b "),
        ("run", "\x00"),
        ("trai", "{kind:.4}"),
    ],
)
def test_a_template_makes_a_name_of_facts(expected, template):
    """Placeholders are filled in, what is not known is said to be, and files can be called so."""
    assert expected == from_template(template, FACTS)


def test_a_name_that_is_too_long_is_told_from_others():
    """It is cut, and ends in a hash of the whole, so that two long names stay two."""
    one, other = (from_template("{function}", {"function": "x" * 300 + end}, 100) for end in "ab")
    assert (100, 100) == (len(one), len(other))
    assert one != other
    assert one[:91] == "x" * 91


@given(st.text(), st.dictionaries(st.sampled_from(sorted(PLACEHOLDERS)), st.text()), st.integers(20, 250))
def test_any_template_that_is_accepted_makes_a_storable_name(template, facts, limit):
    """Whatever the facts are: never empty or too long, no control characters, and the same twice."""
    template = template.replace("{", "{{").replace("}", "}}") + "{function}{number:02d}"
    name = from_template(template, facts, limit)
    assert 0 < len(name) <= limit
    assert name.isprintable()
    assert name == from_template(checked_template("", template), facts, limit)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{studdy8}", "{studdy8}; did you mean 'study8'"),
        ("{}", "no placeholder {}"),
        ("{kind.__class__}", "no placeholder {kind.__class__}"),
        ("{kind:{nmber}}", "did you mean 'number'"),
        ("{kind", "cannot be read"),
        ("{kind!x}", "cannot be read"),
        ("{function:05.2f}", "cannot be read"),
        ("  ", "is a text"),
        (5, "is a text"),
    ],
)
def test_a_template_that_cannot_be_is_an_error_at_set_up(template, said):
    """Not the first run finds out, but whoever sets it; nothing of a template is evaluated."""
    with pytest.raises(ConfigError, match=re.escape(said)):
        tracked.configure(name_template={"training": template})


@pytest.mark.parametrize(("given", "what"), [("{x}", "it"), ({"training": "{x}"}, "that of training")])
def test_the_setting_is_named_once(given, what):
    """The message begins with who set it and with the setting, and does not repeat it."""
    with pytest.raises(ConfigError, match=rf": name_template: {what} has no placeholder {{x}}"):
        tracked.configure(name_template=given)


@pytest.mark.parametrize("stage", ["hpo", "hpo_trial", "training", "benchmark", "conversion"])
def test_the_former_names_of_experiments(stage):
    """Experiment, stage and model, without what a folder could not be called, and not too long."""
    assert f"ner-{stage}-distilbert" == experiment_name("ner", stage, "distilbert")
    assert f"a_b-{stage}-org_bert-base" == experiment_name("a/b", stage, "org/bert-base\n")
    assert 250 == len(experiment_name("x" * 500, stage, "y"))
    assert f"ner-{stage}" == experiment_name("ner", stage, "")


PATTERNS = {
    "sweep": "{env}_{model}_hpo_study-{study8}",
    "trial": "{env}_{model}_hpo_trial_study-{study8}_t{number:02d}",
    "benchmark": "{env}_{model}_benchmark_study-{study8}_trial-{trial8}_bench-{bench8}",
    "training": "{env}_{model}_final_training_spec-{spec8}_exec-{exec8}_v{variant}",
    "conversion": "{env}_{model}_conversion_spec-{spec8}_exec-{exec8}_v{variant}_conv-{conv8}",
}
STUDY, TRIAL = "ab" * 32, "cd" * 32


@tracked.tracked_sweep(n_trials=2, maximize="acc", seed=1)
def sweep(trial, backbone, study_key_hash):
    return {"acc": trial.suggest_float("x", 0, 1)}


@tracked.tracked_training
def train(backbone, spec_fp, exec_fp, variant=2):
    return None


@tracked.tracked_benchmark(warmup=0, repeat=1)
def benchmark(backbone, study_key_hash, trial_key_hash, benchmark_config_hash):
    return None


@tracked.tracked_conversion
def convert(backbone, spec_fp, exec_fp, conv_fp):
    return None


def test_the_former_patterns_name_each_kind(tmp_path, monkeypatch):
    """In a real store, runs are called as the former system called them, but for its counter."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Batch")
    monkeypatch.setenv("TRACKED_SHIPPER", "thread")  # MLflow is loaded here: no other process need start it
    tracked.setup_mlflow("names", tracking_uri=uri)
    tracked.configure(name_template=PATTERNS)
    model = "distilbert-base/x y"
    sweep(model, study_key_hash=STUDY)
    train(model, "1" * 16, "2" * 16)
    benchmark(model, STUDY, TRIAL, "3" * 16)
    convert(model, "1" * 16, "2" * 16, "4" * 16)
    with tracked.track.run("by hand", kind="training"):
        pass
    train.untracked(model, "", "")
    tracked.tracked_training(name="given")(train.untracked)(model, "", "")
    names = sorted(run.info.run_name for run in tracked.find_mlflow_runs("names"))
    start = "kaggle_distilbert_base_x_y"
    assert names == sorted(
        [
            f"{start}_hpo_study-abababab",
            f"{start}_hpo_trial_study-abababab_t00",
            f"{start}_hpo_trial_study-abababab_t01",
            f"{start}_final_training_spec-11111111_exec-22222222_v2",
            f"{start}_benchmark_study-abababab_trial-cdcdcdcd_bench-33333333",
            f"{start}_conversion_spec-11111111_exec-22222222_v1_conv-44444444",
            "by hand",
            "given",
        ]
    )


@pytest.mark.parametrize("template", [None, "{env}_{model}_{function}_{key8}_{date}"])
def test_three_calls_have_one_name_and_no_file(template, tmp_path):
    """A name follows from the call: nothing is counted, nothing reserved, nothing written beside the store."""
    tracked.configure(name_template=template)
    before = set(Path.cwd().rglob("*"))
    with captured() as runs:
        for _ in range(3):
            train("bert", "1", "2")
        (name,) = {run.name for run in runs.runs}
    assert name.startswith("local_bert_train_" if template else "train-")
    assert before == set(Path.cwd().rglob("*"))


class Outer:
    def method(self):
        """Has a qualified name."""


@pytest.mark.parametrize(
    ("expected", "thing"),
    [
        (f"{__name__}.Outer.method", Outer.method),
        (f"{__name__}.Outer", Outer),
        ("dict", dict),
        ("len", len),
        ("collections.OrderedDict", collections.OrderedDict),
    ],
)
def test_a_thing_is_named_by_module_and_qualname(expected, thing):
    """Functions and classes have their full name, built-ins their short one."""
    assert expected == qualified_name(thing)


PROGRAM = "import sys\nfrom tracked.naming import qualified_name\ndef f(): pass\nprint(qualified_name(f))\n"


@pytest.mark.parametrize(
    ("expected", "command"),
    [
        ("program.f", ["program.py"]),
        ("program.f", ["-m", "program"]),
        ("program.f", ["-c", "import program"]),
        ("pack.inner.f", ["-m", "pack.inner"]),
        ("__main__.f", ["-c", PROGRAM]),
        ("__main__.f", ["-"]),
    ],
)
def test_a_script_is_named_as_its_import(expected, command, tmp_path, monkeypatch):
    """A function has one name, whether its file was run or imported; code without a file is in ``__main__``."""
    (tmp_path / "program.py").write_text(PROGRAM, "utf-8")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "inner.py").write_text(PROGRAM, "utf-8")
    root = str(Path(tracked.__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", root)

    run = [sys.executable, *command]
    done = subprocess.run(run, cwd=tmp_path, input=PROGRAM, capture_output=True, text=True, check=True)
    assert expected == done.stdout.strip()
