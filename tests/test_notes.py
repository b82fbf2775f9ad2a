"""The summary in a description: what it says, and that the words of others stay."""

import pytest

from tracked.notes import BEGIN, END, Ended, block, code, placed, summary, values

LONG = 8000


def test_the_most_wanted_comes_first():
    """Its metrics, how it ended, its files, and then what ran inside; the list of runs shows the first line raw."""
    ended = Ended(
        "training",
        "FINISHED",
        3.21,
        "m.train",
        metrics={"acc": 0.98765, "n": 3.0},
        files={"m.onnx": 31_100, "a/b": 2},
        parts=["`x` training FINISHED"],
    )
    assert [
        f"`acc` 0.9877, `n` 3 {BEGIN}  ",
        "training `m.train` **FINISHED** after 3.2 s  ",
        "Files: `m.onnx` (31.1 kB), `a/b` (2 B)  ",
        "Runs inside:",
        "",
        "- `x` training FINISHED",
        END,
    ] == summary(ended).split("\n")


def test_why_it_failed_stands_beside_its_state():
    """A failure says its reason in the first line, before its metrics."""
    assert f"run **FAILED** after 0.0 s: `ValueError: no` {BEGIN}  \n`acc` 1\n{END}" == summary(
        Ended("run", "FAILED", 0, why="ValueError: no", metrics={"acc": 1.0})
    )


def test_what_its_kind_has_found_stands_for_the_metrics():
    """Where there is something better to say than the last values, they are left out."""
    told = summary(Ended("hpo", "FINISHED", 1, findings=["Best: trial 3"], metrics={"acc": 1.0}))
    assert "Best: trial 3" in told
    assert "acc" not in told


def test_many_are_hinted_at():
    """A description stays short: of many values the first few are told, of more files only that there are others."""
    assert "`a` 0, `b` 1, ..." == values({"a": 0, "b": 1, "c": 2}, 2)
    assert "Files: `f` (1 B) and others" in summary(
        Ended("run", "FINISHED", 1, files={"f": 1}, has_more_files=True)
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("acc", "`acc`"),
        ("a\n\n# b", "`a # b`"),
        ("`x` <b>", "`'x' <b>`"),
        (f"a{END}", f"`a<! --{END[4:]}`"),
        ("x" * 81, f"`{'x' * 77}...`"),
        ("", ""),
    ],
)
def test_foreign_text_is_shown_as_it_is(given, shown):
    """Nothing in a name or message is taken for Markdown, for HTML, or for the end of our block."""
    assert shown == code(given)


@pytest.mark.parametrize(
    ("value", "shown"), [(0.00046568, "0.0004657"), (16384, "16384"), (True, "`True`"), ("relu", "`relu`")]
)
def test_values_are_short_and_whole_numbers_whole(value, shown):
    """Four digits of a float; a batch size is not rounded."""
    assert f"`x` {shown}" == values({"x": value})


def test_a_block_stands_below_what_is_theirs():
    """Alone if there is nothing else; else below it; their text stays to the letter."""
    ours = block("ours")
    assert ours == placed(ours, "", LONG)
    assert f"# Theirs \n\n{ours}" == placed(ours, "# Theirs ", LONG)


@pytest.mark.parametrize(
    "one", [block("# One"), summary(Ended("run", "FAILED", 1, why=f"x {END} {BEGIN}", parts=["`y`"]))]
)
def test_a_later_block_takes_the_place_of_an_earlier_one(one):
    """Delivered twice, or after a second attempt, there is one block, and what was written below it stays too."""
    once, two = placed(one, "Theirs", LONG), summary(Ended("run", "FINISHED", 2))
    assert placed(two, "Theirs", LONG) == placed(two, once, LONG)
    assert once == placed(one, once, LONG)
    assert placed(two, "Theirs\n\nBelow", LONG) == placed(two, f"{once}\n\nBelow", LONG)


def test_where_there_is_no_room_theirs_stays():
    """Rather no summary than a part of the user's text."""
    assert "x" * 90 == placed(block("ours"), "x" * 90, 100)
