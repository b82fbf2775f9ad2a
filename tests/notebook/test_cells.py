"""Cells in a real kernel: what they show, how they end, and what they leave behind."""

from __future__ import annotations

import re
from pathlib import Path

from tests.scripts import values
from tracked import tags as t

TRAIN = """
@tracked_training{options}
def {name}(lr=0.1, steps=3):
    for step in range(steps):
        track.log(acc=step * lr)
    return {{"acc": 1.0}}
"""


def test_a_run_is_a_card_and_no_line(work):
    """A root run is one output, in HTML and as text, and nothing is said on stderr."""
    done = work.run(TRAIN.format(options="", name="shown") + "shown(lr=0.5);")
    (out,) = done.outputs
    assert "display_data" == out.output_type
    assert "finished" in out.data["text/plain"]
    for part in ("shown-", "FINISHED", "<svg", ">lr<"):
        assert part in done.html
    assert "FINISHED" in work.states("shown")


def test_a_card_needs_nothing_from_elsewhere(work):
    """No script, no class, no file; and what a person has named is text, not markup."""
    done = work.run(
        "with track.run('<script>alert(1)</script>', note='<b>bold</b>'):\n    track.log({'a<b': 1})"
    )
    for strange in ("<script", "class=", "src=", "<b>bold", "a<b", "http://www.w3.org/1999"):
        assert strange not in done.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in done.html
    assert set(re.findall(r'"(https?://[^"]+)"', done.html)) <= {"http://www.w3.org/2000/svg"}


def test_cards_read_on_light_and_dark(work):
    """No ink and no ground of our own: black, white and their like are left to the page."""
    done = work.run(TRAIN.format(options="", name="dimmed") + "dimmed();")
    assert not re.search(r"#(?:000|fff|111|333)\b|\b(?:black|white)\b(?!-)", done.html)
    assert "currentColor" in done.html
    assert "color:inherit" in done.html


def test_a_card_is_drawn_a_few_times_a_second(work):
    """However many values are logged, the kernel sends a few pictures of a card, and has no thread of ours."""
    work.notebook.sent.clear()
    done = work.run(
        "import threading; before = threading.active_count(); began = time.monotonic()\n"
        "with track.run('busy'):\n"
        "    while time.monotonic() < began + 1.5: track.log(loss=time.monotonic()); time.sleep(.001)\n"
        "threading.active_count() - before"
    )
    assert "0" == done.outputs[-1].data["text/plain"]
    assert 3 <= work.notebook.sent["update_display_data"] <= 8
    assert len(values(work.store["busy"], "loss")) > 100


def test_a_loop_of_runs_is_one_card(work):
    """A cell has one card, with its last runs and how many there are of each state."""
    done = work.run("for n in range(30):\n    with track.run(f'loop {n}'): track.log(n=n)")
    (out,) = done.outputs
    assert "30 finished" in out.data["text/html"]
    assert "loop 29" in out.data["text/html"]
    assert "loop 0<" not in out.data["text/html"]


def test_a_sweep_shows_its_trials(work):
    """A sweep's card counts what is inside it; the sweep itself shows the best and every trial."""
    done = work.run(
        TRAIN.format(options="", name="fit")
        + "@tracked_sweep(n_trials=4, maximize='acc', seed=1, n_jobs=2)\n"
        "def search(trial): return {'acc': fit(trial.suggest_float('lr', 0, 1))['acc'] * trial.params['lr']}\n"
        "found = search(); found"
    )
    card, sweep = (out.data["text/html"] for out in done.outputs if "data" in out)
    assert "inside: 8 finished" in card
    assert "4 complete" in sweep
    assert "★" in sweep
    assert "<svg" in sweep
    assert "best acc=" in done.text


def test_silence_is_silence(work):
    """``TRACKED_SILENT``, ``quiet`` and ``track.quiet()``: a cell puts out what it puts out without us."""
    code = TRAIN.format(options="", name="hushed")
    for before, after in (
        ("import os; os.environ['TRACKED_SILENT'] = '1'", "del os.environ['TRACKED_SILENT']"),
        ("os.environ['TRACKED_VERBOSITY'] = 'quiet'", "del os.environ['TRACKED_VERBOSITY']"),
    ):
        work.run(before)
        assert not work.run(f"{code}hushed();").outputs
        work.run(after)
    assert not work.run("with track.quiet(): hushed()").outputs
    assert work.run("hushed();").html
    work.await_states("hushed", *["FINISHED"] * 4)


def test_a_cell_is_a_run(work):
    """``%%tracked kind name`` makes it one; its last value is shown as ever, and its names are the notebook's."""
    done = work.run("%%tracked training whole\ntrack.log(acc=.5)\ninside = 6\ninside * 7")
    assert "42" == done.outputs[-1].data["text/plain"]
    assert "6" == work.run("inside").text
    run = work.store["whole"]
    assert ("FINISHED", "training", {"acc": 0.5}) == (run.status, run.tags[t.STAGE], run.metrics)
    assert "execute_result" not in {out.output_type for out in work.run("%%tracked quietly\n42;").outputs}


def test_a_cell_that_raises_is_a_failed_run(work):
    """FAILED, with the user's own traceback at the line that raised, and nothing of ours in it."""
    done = work.run("%%tracked broken\n\nvalue = 1\nraise ValueError('told')")
    (error,) = (out for out in done.outputs if out.output_type == "error")
    assert "ValueError" == error.ename
    trace = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(error.traceback))
    assert "4 raise ValueError('told')" in trace
    assert "tracked/" not in trace
    work.await_states("broken", "FAILED")
    assert "told" == work.store["broken"].tags[t.ERROR_MESSAGE]


def test_a_cell_awaits(work):
    """``await`` works in a tracked cell, and what is logged after it is in its run."""
    work.run("%%tracked waits\nimport asyncio\nawait asyncio.sleep(.01)\ntrack.log(after=1)")
    assert {"after": 1.0} == work.store["waits"].metrics


def test_a_cell_has_a_name(work):
    """Without one, or with too many words, the cell is not run, and one line says what is missing."""
    done = work.run("%%tracked\nnever = 1")
    assert "UsageError" in done.text or "UsageError" == done.error
    assert "NameError" == work.run("never").error


def test_a_cell_that_failed_is_gone_on_with(work):
    """``--on-existing resume``: mended and run again, it is the same run; once it finished, the cell is a new one."""
    line = "%%tracked --on-existing resume training mended\n"
    work.run(f"{line}track.log(acc=.1)\nraise ValueError('not yet')")
    work.await_states("mended", "FAILED")
    done = work.run(f"{line}track.log(acc=.2); passed = 1")
    assert "1" == work.run("passed").text
    assert "FINISHED" in done.html
    work.await_states("mended", "FINISHED")
    run = work.store["mended"]
    assert [0.1, 0.2] == values(run, "acc")
    assert "2" == run.tags[t.ATTEMPT]
    done = work.run(f"{line}track.log(acc=.3)")
    assert "its variables, which are not kept" in done.text
    work.await_states("mended", "FINISHED", "FINISHED")


def test_a_cell_that_finished_is_not_run_twice(work):
    """``--on-existing error``: nothing in it is run, and the notebook is told why; other params are other work."""
    line = "%%tracked --on-existing error --param lr=0.1 training but_once\n"
    work.run(f"{line}times = 1")
    work.await_states("but_once", "FINISHED")
    assert "RunExists" == work.run(f"{line}times = 2").error
    assert "1" == work.run("times").text
    assert not work.run(f"{line.replace('0.1', '0.2')}times = 3").error
    work.await_states("but_once", "FINISHED", "FINISHED")


def test_a_cell_has_tags_params_and_an_experiment(work):
    """What ``track.run`` takes; what is no such option, or no pair, runs nothing."""
    work.run(
        '%%tracked --experiment other --tag owner=me --param "note=a b" --param lr=0.1 training told\npass'
    )
    run = work.store["told"]
    assert ("other", "me") == (run.experiment, run.tags["owner"])
    assert {"note": "a b", "lr": "0.1"} == run.params
    for wrong in ("--tag owner", "--on-existing reuse", "--no-such"):
        done = work.run(f"%%tracked {wrong} wrong\nnever = 1")
        assert "UsageError" in done.text or "UsageError" == done.error
    assert "NameError" == work.run("never").error


def test_the_magic_shows_the_last_run(work):
    """``%tracked`` is its card."""
    work.run("with track.run('the last'): pass")
    done = work.run("%tracked")
    assert "the last" in done.text
    assert "the last" in done.html


def test_off_and_on(work):
    """``%tracked off`` records nothing and puts nothing out, ``%tracked on`` does again."""
    work.run("with track.run('switched'): pass")
    work.run("%tracked off")
    assert not work.run("with track.run('switched'): track.log(a=1)").outputs
    work.run("%tracked on")
    work.run("with track.run('switched'): pass")
    work.await_states("switched", "FINISHED", "FINISHED")


def test_what_a_cell_left_open_ends_when_it_is_run_again(work):
    """A run begun without ``with`` lives on in later cells, and is KILLED by the cell that would begin it twice."""
    cell = "held = track.run('held'); held.__enter__()"
    work.run(cell)
    work.run("track.log(later=1)")
    work.run(cell)
    work.run("held.__exit__(None, None, None)")
    work.await_states("held", "KILLED", "FINISHED")
    first, second = (run for run in work.store.runs if run.name == "held")
    assert {"later": 1.0} == first.metrics
    assert "its cell was run again" == first.tags[t.END_REASON]
    assert t.MLFLOW_PARENT not in second.tags


def test_what_a_raising_cell_left_open_has_failed(work):
    """It is told by the error of the cell that began it."""
    cell = "half = track.run('half'); half.__enter__(); raise OSError('no data')"
    work.run(cell)
    work.run(cell)
    work.await_states("half", "FAILED", "RUNNING")
    first, second = (run for run in work.store.runs if run.name == "half")
    assert "no data" == first.tags[t.ERROR_MESSAGE]
    assert t.MLFLOW_PARENT not in second.tags
    work.run("half.__exit__(None, None, None)")


def test_what_runs_besides_is_not_ended(work):
    """A thread that the cell has started goes on in its run when the cell is run again."""
    cell = (
        "import threading\n"
        "def besides():\n"
        "    with track.run('besides'):\n"
        "        until = time.monotonic() + 1\n"
        "        while time.monotonic() < until: time.sleep(.01)\n"
        "        track.log(done=1)\n"
        "threading.Thread(target=besides).start(); time.sleep(.2)"
    )
    work.run(cell)
    work.run(cell)
    work.run("time.sleep(1.2)")
    work.await_states("besides", "FINISHED", "FINISHED")


def test_an_interrupted_cell_leaves_nothing_open(work, tmp_path):
    """The stop button: KILLED, for a decorated function, a block and a tracked cell; the next cell is as ever."""
    sign = Path(tmp_path / "sign")
    wait = f"open({str(sign)!r}, 'w').close(); time.sleep(60)"
    for name, cell in {
        "stopped_call": f"@tracked_training\ndef stopped_call(): {wait}\nstopped_call()",
        "stopped_block": f"with track.run('stopped_block'):\n    {wait}",
        "stopped_cell": f"%%tracked stopped_cell\n{wait}",
    }.items():
        done = work.notebook.interrupt_at(cell, sign.exists)
        assert "KeyboardInterrupt" == done.error
        sign.unlink()
        work.await_states(name, "KILLED")
        run = next(run for run in work.store.runs if run.name.startswith(name))
        assert "interrupted from the keyboard" == run.tags[t.END_REASON]
    work.run("with track.run('after the stop'): track.log(a=1)")
    after = work.store["after the stop"]
    assert t.MLFLOW_PARENT not in after.tags


def test_a_stopped_and_a_finished_call_are_not_made_twice(work):
    """By ``on_existing``, the cell again gives back what is there, and goes on with what was stopped."""
    cell = TRAIN.format(options="(on_existing='reuse')", name="once") + "once();"
    work.run(cell)
    work.run(cell)
    work.await_states("once", "FINISHED")
    resumed = (
        "@tracked_training(on_existing='resume')\n"
        "def again(n=1):\n"
        "    if not globals().get('may_end'): raise KeyboardInterrupt\n"
        "    return 1.0\n"
        "again()"
    )
    work.run(resumed)
    work.await_states("again", "KILLED")
    work.run("may_end = True")
    work.run(resumed)
    work.await_states("again", "FINISHED")
