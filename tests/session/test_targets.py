"""Which store runs go to, and who is said to have named it."""

import pytest

from tracked import session


@pytest.mark.parametrize("origin", ["TRACKED_*", "tracked.toml"])
def test_who_named_what_is_no_store_is_told(origin, tmp_path, monkeypatch, capsys):
    """A slip in a variable is not looked for in a file, and the other way round."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRACKED_TRACKING_URI", raising=False)
    if origin == "tracked.toml":
        (tmp_path / origin).write_text('tracking_uri = "htp://server"')
    else:
        monkeypatch.setenv("TRACKED_TRACKING_URI", "htp://server")
    session.reset()
    session.current()
    said = capsys.readouterr().err
    assert "did you mean 'http'?" in said
    assert f"{origin})" in said
