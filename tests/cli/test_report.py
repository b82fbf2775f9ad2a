"""``tracked report``: a run of the store as a page."""

from __future__ import annotations

import json

from tests.reports.reading import read


def test_a_sweep_is_written_with_its_trials(shown, looked_at, tmp_path):
    """The file is named, and holds what the store knows: trials, how the training in each went, the graph."""
    out = tmp_path / "r.html"
    printed = shown("report", "sweep", "-o", out)
    assert printed.startswith(f"{out} (")
    told = read(out.read_text(encoding="utf-8"))
    assert ["Best so far", "Importance", "How each trial went", "Each parameter by itself"] == told.headings[
        :4
    ]
    assert "Where it came from, and what came of it" in told.headings
    for name in ("trial-0", "fast", "bench"):
        assert name in told.text


def test_any_run_can_be_told_of(shown, looked_at, tmp_path):
    """A training shows its curves, and a run that is hostile to terminals is no less text on a page."""
    for name in ("fast", looked_at.ids[next(name for name in looked_at.ids if name.startswith("evil"))]):
        shown("report", name, "-o", tmp_path / f"{name}.html")
        told = read((tmp_path / f"{name}.html").read_text(encoding="utf-8"))
        assert told.headings
    assert "How it went" in read((tmp_path / "fast.html").read_text(encoding="utf-8")).headings


def test_json_says_where_it_is_and_what_was_found(tracked, looked_at, tmp_path):
    """A script learns the file, its size, the run and the importances."""
    code, printed, _ = tracked("report", "sweep", "-o", tmp_path / "r.html", "--json")
    told = json.loads(printed)
    assert 0 == code
    assert (looked_at.ids["sweep"], 2, {}) == (told["run_id"], told["trials"], told["importance"])
    assert told["bytes"] == (tmp_path / "r.html").stat().st_size


def test_a_dash_is_stdout(tracked, looked_at):
    """With -o - the page itself is printed, and nothing else."""
    code, printed, said = tracked("report", "bench", "-o", "-")
    assert (0, "") == (code, said)
    read(printed)


def test_what_cannot_be_done_has_its_exit_code(tracked, looked_at, tmp_path):
    """A run that is not there is 3; a place that cannot be written to is 1, and says which."""
    assert 3 == tracked("report", "nosuchrun", "-o", tmp_path / "r.html")[0]
    code, _, said = tracked("report", "bench", "-o", tmp_path / "no" / "r.html")
    assert 1 == code
    assert str(tmp_path / "no" / "r.html") in said
