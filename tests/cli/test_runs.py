"""`tracked runs`: golden tables, 100 characters wide, of a real store."""

import json

from click.testing import CliRunner

from tests.cli.looked_at import HOSTILE
from tracked import session
from tracked.cli import main

TREE = """\
RUN       NAME                        STATUS    AGE  TIME   f1        PARAMS, METRICS
<run 08>  twin                        FINISHED  2 h  10 s             loss=1
<run 07>  twin                        FINISHED  2 h  10 s             loss=nan
<run 06>  evil\\x1b[31m\\x07\\u202ename  FAILED    2 h  10 s             note=a\\x1bb|c
<run 05>  bench                       FINISHED  2 h  10 s             latency_ms=1.25
<run 00>  sweep                       FINISHED  2 h  10 s  0.9
<run 01>    trial-0                   FINISHED  2 h  10 s  0.9        lr=0.1
<run 02>      fast                    FINISHED  2 h  10 s  0.9  ▁▄▆█  lr=0.1 depth=3
<run 03>    trial-1                   FINISHED  2 h  10 s  0.4        lr=0.05
<run 04>      slow                    FINISHED  2 h  10 s  0.4  ▁▃▆█  lr=0.05 depth=3
"""
GOOD = """\
RUN       NAME     STATUS    AGE  TIME   f1
<run 02>  fast     FINISHED  2 h  10 s  0.9  ▁▄▆█
<run 01>  trial-0  FINISHED  2 h  10 s  0.9
<run 00>  sweep    FINISHED  2 h  10 s  0.9
"""
SWEEP = """\
RUN       NAME       STATUS    AGE  TIME   f1        PARAMS
<run 00>  sweep      FINISHED  2 h  10 s  0.9
<run 01>    trial-0  FINISHED  2 h  10 s  0.9        lr=0.1
<run 02>      fast   FINISHED  2 h  10 s  0.9  ▁▄▆█  lr=0.1
<run 03>    trial-1  FINISHED  2 h  10 s  0.4        lr=0.05
<run 04>      slow   FINISHED  2 h  10 s  0.4  ▁▃▆█  lr=0.05
"""
NARROW = """\
RUN       NAME              STATUS    AGE  TIME   f1        PARAMS, METRICS
<run 08>  twin              FINISHED  2 h  10 s             loss=1
"""


def test_without_a_question_it_is_a_tree(shown):
    """Roots, the newest first, with those inside them in order; only params that differ among runs of a kind."""
    assert TREE == shown("runs")


def test_with_a_question_it_is_a_list(shown):
    """The answers only, the newest first."""
    assert GOOD == shown("runs", "--where", "metrics.f1 > 0.8")


def test_an_answer_can_be_a_tree(shown):
    """With all that is inside it."""
    assert SWEEP == shown("runs", "-e", "look", "--kind", "sweep", "--tree")


def test_the_table_fits_the_line(shown, monkeypatch):
    """What is long is cut; what nobody looks at is not."""
    monkeypatch.setenv("COLUMNS", "75")
    printed = shown("runs")
    assert printed.startswith(NARROW)
    assert 75 >= max(map(len, printed.splitlines()))
    monkeypatch.delenv("COLUMNS")
    assert "latency_ms=1.25" in shown("runs")
    assert "\\u202ename" in shown("runs")


def names(printed):
    """The names in a printed table, in order."""
    return [
        line.split()[2] if line.startswith("<run") else line.split()[1] for line in printed.splitlines()[1:]
    ]


def test_sorting_and_how_many(shown):
    """The largest first, or the smallest with :min; a bare name is a metric."""
    assert ["slow", "trial-1"] == names(shown("runs", "--sort", "f1:min", "-n", "2"))
    assert ["fast", "trial-0", "sweep", "slow"] == names(shown("runs", "--sort", "metrics.f1", "-n", "4"))
    assert ["sweep", "trial-0"] == names(shown("runs", "--sort", "start_time:min", "-n", "2"))


def test_many_inside_are_counted_and_shown_with_all(filled, shown, mocker):
    """A sweep of a thousand trials does not push the rest out of sight."""
    mocker.patch("tracked.cli.runs.INSIDE", 1)
    few = shown("runs", "--kind", "sweep", "--tree")
    assert "sweep (+1)" in few
    assert "trial-1" not in few
    assert "trial-1" in shown("runs", "--kind", "sweep", "--tree", "--all")


def test_as_json_each_run_is_an_object(tracked, looked_at):
    """With all its facts, where it stands in the tree, and NaN as a text that any JSON reader takes."""
    code, printed, _ = tracked("runs", "--json")
    runs = [json.loads(line, parse_constant=lambda name: 1 / 0) for line in printed.splitlines()]
    assert 0 == code
    assert [0, 0, 0, 0, 0, 1, 2, 1, 2] == [run["depth"] for run in runs]
    assert list(looked_at.ids.values())[::-1][:4] == [run["run_id"] for run in runs[:4]]
    assert ["NaN", 1.0] == sorted((run["metrics"]["loss"] for run in runs[:2]), key=str, reverse=True)
    assert HOSTILE == runs[2]["run_name"]
    assert "\x1b" not in printed


def test_nothing_to_list_is_no_failure(tracked, looked_at):
    """Stdout stays empty for scripts; a person is told."""
    code, printed, said = tracked("runs", "--kind", "nothing")
    assert (0, "") == (code, printed)
    assert said.startswith("Note: there are no such runs in sqlite:")


def test_an_experiment_that_is_none_is_told_with_the_nearest_and_3(tracked, looked_at):
    """As everywhere."""
    code, _, said = tracked("runs", "-e", "lok")
    assert 3 == code
    assert "did you mean 'look'?" in said


def test_a_filter_that_is_none_is_1(tracked, looked_at):
    """With MLflow's reason."""
    code, _, said = tracked("runs", "--where", "f1>")
    assert 1 == code
    assert "MLflow does not understand filter 'f1>'" in said


def test_a_stream_without_blocks_gets_ascii(looked_at):
    """A console of another code page can print it all."""
    done = CliRunner(charset="ascii").invoke(main, ["runs", "--flat"])
    session.reset()
    assert 0 == done.exit_code
    assert b"_-*#" in done.stdout_bytes
    done.stdout_bytes.decode("ascii")
