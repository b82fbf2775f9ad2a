"""What is seen of something that goes on: in a terminal, in a log, beside bars of tqdm's, and where nobody wants it."""

from __future__ import annotations

import re
import sys
from types import ModuleType

import pytest

from tests.scripts import Store
from tests.terminals import COLUMNS, in_terminal
from tracked import pace, speech, track
from tracked.pace import Pace

SWEEP = """
import time
from tracked import track, tracked_sweep
@tracked_sweep(n_trials=30, maximize="acc", seed=1, pruner="none", catch=(ValueError,))
def search(trial):
    x = trial.suggest_float("x", 0, 1)
    time.sleep(0.03)
    if x > 0.9: raise ValueError(x)
    return {"acc": x}
search()
print("done")
"""
TQDM = """
import time
from tqdm import tqdm
from tracked import speech, track, tracked_training
@tracked_training
def train():
    for i in tqdm(range(10), desc="mine", mininterval=0):
        if i == 5: track.log(loss=object())
        time.sleep(0.01)
        track.log(acc=i)
train()
"""
BAR = """
import time
from tracked import track, tracked_training
@tracked_training
def train():
    for _ in track.progress(range(200), desc="epochs"):
        time.sleep(0.005)
train()
"""


@pytest.fixture
def store(tmp_path):
    """Where these programs write."""
    return Store(tmp_path)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """A sweep in a terminal, colourless by wish."""
    folder = tmp_path_factory.mktemp("seen")
    return in_terminal(
        Store(folder), SWEEP, NO_COLOR="1", TRACKED_HOME=str(folder / "home"), TRACKED_PROVENANCE="0"
    )


def test_a_sweep_has_one_live_line_in_a_terminal(seen):
    """It says how far it is, what failed, the best and the time left; it is drawn in place, and gone at the end."""
    assert b"done\n" == seen.out
    assert re.search(
        r"\rtracked: search-\w+: \d+ of 30 trials, (\d+ failed, )?best acc=0\.\d+ in trial \d+, [\d.]+ s left",
        seen.screen,
    )
    first, last, end = seen.lines
    assert first.startswith("tracked: hpo search-")
    assert re.match(r"tracked: search-\w+ FINISHED in [\d.]+ s acc=0\.\d+ [▁▂▃▄▅▆▇█]+ ", last)
    assert "" == end


def test_the_live_line_is_text_and_nothing_else(seen):
    """No code of a terminal is sent, and no line is longer than it is wide."""
    assert "\x1b" not in seen.screen
    drawn = [part for part in re.split(r"[\r\n]+", seen.screen) if " left" in part]
    assert drawn
    assert max(map(len, drawn)) < COLUMNS


def test_it_is_drawn_ten_times_a_second_at_most(seen):
    """Thirty trials in a second draw it no more often than the time that they took allows."""
    (seconds,) = re.findall(r"FINISHED in ([\d.]+) s", seen.screen)
    assert seen.screen.count(" left") <= float(seconds) / pace.REDRAWN + 1


@pytest.mark.parametrize(
    "environ", [{"TERM": "dumb"}, {"TRACKED_VERBOSITY": "quiet"}, {"TRACKED_SILENT": "1"}], ids=str
)
def test_where_it_cannot_be_drawn_or_is_not_wanted_it_is_not(store, environ):
    """A terminal that draws nothing anew gets whole lines; quiet and silent get nothing."""
    seen = in_terminal(store, SWEEP, **environ)
    assert b"done\n" == seen.out
    assert "\r" not in seen.screen.replace("\r\n", "\n")
    assert (2 if "TERM" in environ else 0) == seen.screen.count("\n")


def test_silent_is_silent_in_a_terminal_too(store):
    """A bar, a sweep and a warning: not one byte."""
    for source in (BAR, SWEEP):
        assert "" == in_terminal(store, source, TRACKED_SILENT="1").screen


def test_without_a_terminal_a_short_sweep_is_two_lines(store):
    """In a log there is the line of its start and that of its end, with no carriage return in them."""
    done = store.python(SWEEP)
    assert "done\n" == done.stdout
    assert 2 == done.stderr.count("\n")
    assert "\r" not in done.stderr


def test_a_stream_of_another_code_page_gets_ascii(store):
    """On a console of cp1252 the course is drawn with signs that it has, and nothing is a question mark."""
    done = store.python(SWEEP, PYTHONIOENCODING="cp1252")
    last = done.stderr.splitlines()[-1]
    assert re.search(r"acc=0\.\d+ [_.*#=-]+ n_trials=30", last)
    assert "?" not in last


def test_a_line_stands_above_the_bars_of_tqdm(store):
    """A warning while a bar of the user's is alive is a line of its own, and the bar goes on below it."""
    seen = in_terminal(store, TQDM)
    (warning,) = [line for line in seen.lines if "no number" in line]
    assert warning.startswith("tracked: metric 'loss'")
    assert warning.endswith("the rest is logged")
    assert any(line.startswith("mine: 100%") for line in seen.lines)


def test_tqdm_is_not_loaded_to_speak(store):
    """Who has no bars pays for none."""
    store.python("import sys; from tracked import speech; speech.say('x'); assert 'tqdm' not in sys.modules")


def test_progress_is_a_bar_in_a_terminal(store):
    """It is drawn ten times a second at most, and nothing is left of it."""
    seen = in_terminal(store, BAR)
    assert "epochs: " in seen.screen
    (seconds,) = re.findall(r"FINISHED in ([\d.]+) s", seen.screen)
    assert seen.screen.count("epochs:") <= float(seconds) / pace.REDRAWN + 2
    assert not [line for line in seen.lines if "epochs" in line]


def test_progress_is_lines_elsewhere(capsys, monkeypatch):
    """Where there is no terminal a line comes with each tenth, once the first seconds are over; stdout has none."""
    monkeypatch.setattr(pace, "_SOONEST", 0.0)
    assert list(range(40)) == list(track.progress(range(40), desc="epochs"))
    said = capsys.readouterr()
    assert "" == said.out
    lines = said.err.splitlines()
    assert 9 == len(lines)
    assert re.fullmatch(r"tracked: epochs: 4 of 40 in 0\.0 s, 0\.\d s left", lines[0])


def test_progress_that_takes_seconds_is_not_told_of(capsys, monkeypatch):
    """A short loop says nothing in a log, also where somebody has imported what kernels are made of."""
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    list(track.progress(range(1000)))
    assert "" == capsys.readouterr().err


def test_progress_is_lines_in_a_notebook_without_widgets(capsys, monkeypatch):
    """Each picture of a bar would be one more output there, and an hour of them a file that nobody opens again."""
    monkeypatch.setattr("tracked.bars.is_kernel", lambda: True)
    monkeypatch.setattr("tracked.bars.find_spec", lambda name: None)
    monkeypatch.setattr(pace, "_SOONEST", 0.0)
    list(track.progress(range(10)))
    assert 9 == capsys.readouterr().err.count("\n")


def test_progress_of_unknown_length_is_told_by_time(capsys, monkeypatch):
    """A generator has no tenths: every half minute it says how many it has given."""
    monkeypatch.setattr(pace, "_LATEST", 0.0)
    assert [0, 1, 2] == list(track.progress(n for n in range(3)))
    assert re.match(r"tracked: progress: 0 in 0\.0 s\n", capsys.readouterr().err)


def test_the_time_left_is_said_only_where_it_is_known():
    """Before the first step, without a total and beyond it, there is none."""
    known = Pace(10)
    assert [None, None] == [known.left(0), known.left(11)]
    assert known.left(5) is not None
    assert Pace(None).left(5) is None


def test_a_line_that_is_drawn_anew_is_for_terminals_only(capsys):
    """Without one nothing is written, not even to take the line away."""
    speech.show("x")
    speech.show("")
    assert ("", "") == tuple(capsys.readouterr())
