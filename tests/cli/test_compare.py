"""`tracked compare`, `tracked diff` and `tracked explain`: in what runs differ."""

import json

from mlflow import MlflowClient

from tests.cli.looked_at import HOSTILE
from tracked import tags as t

TWO = """\
             fast <run 02>  slow <run 04>
params   lr  0.1            0.05
metrics  f1  0.9            0.4 (-0.5)
"""
THREE = r"""
|  | fast <run 02> | slow <run 04> | evil\\x1b\[31m\\x07\\u202ename <run 06> |
| --- | ---: | ---: | ---: |
| run.status | FINISHED | FINISHED | FAILED |
| params.depth | 3 | 3 | - |
| params.lr | 0.1 | 0.05 | - |
| params.note | - | - | a\\x1bb\|c |
| metrics.f1 | 0.9 | 0.4 (-0.5) | - |
"""
DIFF = """\
code      branch: main -> -
          changes: false -> true
          commit: 1111111111111111 -> 2222222222222222
packages  numpy: 1.26.0 -> 2.0.0
          torch: - -> 2.5.0
machine   python: CPython 3.11.7 -> CPython 3.12.1
params    lr: 0.1 -> 0.2
          see: git diff 111111111111 222222222222
"""


def test_only_what_differs_with_how_far_it_is(shown):
    """The depth, which both have, is not there."""
    assert TWO == shown("compare", "fast", "slow")


def test_any_number_as_markdown_in_which_no_sign_of_a_store_counts(shown):
    """For an issue or a page; a run that has no such thing has a dash."""
    assert THREE.lstrip("\n") == shown("compare", "fast", "slow", HOSTILE, "--md")


def test_as_json_with_deltas(tracked, looked_at):
    """A delta is a number, or null where there is none."""
    code, printed, _ = tracked("compare", "fast", "slow", "--json")
    told = json.loads(printed)
    assert 0 == code
    assert [looked_at.ids["fast"], looked_at.ids["slow"]] == told["runs"]
    assert {"group": "metrics", "key": "f1", "values": [0.9, 0.4], "deltas": [0.0, -0.5]} == told[
        "differences"
    ][-1]
    assert [None, None] == told["differences"][0]["deltas"]


def test_runs_that_do_not_differ(shown):
    """It is said."""
    assert "no difference\n" == shown("compare", "fast", "fast")


def test_one_run_is_no_comparison(tracked):
    """The command is misspelt: 2."""
    code, _, said = tracked("compare", "fast")
    assert 2 == code
    assert "two runs or more" in said


def test_diff_tells_code_packages_machine_and_params(own, tracked):
    """Packages by name from the run that tells where both come from, be it the run above; and the command to go on."""
    client = MlflowClient(own.uri)
    for number, (python, packages) in enumerate(
        (("CPython 3.11.7", "numpy==1.26.0\n"), ("CPython 3.12.1", "numpy==2.0.0\ntorch==2.5.0\n")), 1
    ):
        root = own.add(f"root-{number}", PYTHON=python, PACKAGES=python)
        client.log_text(root, packages, "provenance/packages.txt")
        client.set_tag(root, t.PROVENANCE, root)
        commit = {"GIT_COMMIT": str(number) * 16, "GIT_DIRTY": str(number == 2).lower()}
        branch = {"GIT_BRANCH": "main"} if number == 1 else {}
        own.add(f"run-{number}", "training", f"root-{number}", {"lr": number / 10}, **commit, **branch)
    code, printed, said = tracked("diff", "run-1", "run-2")
    assert (0, "") == (code, said)
    assert DIFF == printed.partition("\n")[2]
    told = json.loads(tracked("diff", "run-1", "run-2", "--json")[1])
    assert {"group": "params", "key": "lr", "run": "0.1", "other": "0.2"} == told["changes"][-1]


def test_diff_says_where_the_changes_of_each_lie(own, tracked):
    """Of runs at one commit with other changes: the run that has the file, which may be an earlier one."""
    for name, of, diff in (("one", "first", "aa"), ("same", "first", "aa"), ("two", "second", "bb")):
        own.add(name, "training", GIT_COMMIT="1" * 16, GIT_DIRTY="true", DIFF=diff, DIFF_RUN=of)
    code, printed, _ = tracked("diff", "one", "two")
    assert 0 == code
    assert "diff: first/provenance/diff.patch -> second/provenance/diff.patch" in printed
    assert "no difference is on record" in tracked("diff", "one", "same")[1]


def test_diff_of_a_run_with_itself(shown):
    """Nothing is made up."""
    assert shown("diff", "slow", "slow").endswith("\nno difference is on record\n")


def test_explain_takes_references(shown):
    """The keys were made of other params."""
    assert 'params.lr: "0.1" -> "0.05"' in shown("explain", "fast", "slow")
    assert 'params.lr: "0.1" -> "0.05"' in shown("explain", "@best:f1", "@best:f1:min")
