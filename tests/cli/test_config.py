"""`tracked config`: every setting, and who set it."""

import json

from tracked.settings import NAMES


def settings(tracked):
    """Value and origin by name."""
    code, printed, _ = tracked("config", "--json")
    assert 0 == code
    told = [json.loads(line) for line in printed.splitlines()]
    return {one["name"]: (one["value"], one["origin"]) for one in told}


def test_every_setting_is_told_with_its_origin(tracked, monkeypatch, tmp_path):
    """The environment, a file by its path, or the default; of a table each entry."""
    (tmp_path / "work" / "tracked.toml").write_text(
        'project = "ner"\n[switches]\n"training.log_checkpoint" = false\n'
    )
    monkeypatch.setenv("TRACKED_EXIT_TIMEOUT", "7")
    found = settings(tracked)
    assert set(NAMES) - {"switches"} <= set(found)
    assert (7.0, "TRACKED_*") == found["exit_timeout"]
    assert ("ner", str(tmp_path / "work" / "tracked.toml")) == found["project"]
    assert (False, str(tmp_path / "work" / "tracked.toml")) == found["switches.training.log_checkpoint"]
    assert ("normal", "default") == found["verbosity"]


def test_no_login_is_shown(tracked, monkeypatch):
    """Whatever stands in the store's URI."""
    monkeypatch.setenv("TRACKED_TRACKING_URI", "https://me:hunter2@example.org/x?sig=hunter2")
    code, printed, said = tracked("config")
    assert 0 == code
    assert "https://example.org/x" in printed
    assert "hunter2" not in printed + said


def test_as_a_table(tracked, monkeypatch):
    """For a person."""
    monkeypatch.setenv("COLUMNS", "60")
    _, printed, _ = tracked("config")
    assert "SETTING             VALUE" == printed.splitlines()[0][:25]
    assert 60 >= max(map(len, printed.splitlines()))
