from __future__ import annotations

import pytest

from tests.browsers import browser, chromium


@pytest.fixture(scope="session")
def running():
    """One browser for all tests."""
    pytest.importorskip("playwright.sync_api", reason="`make test-all` installs Playwright")
    if chromium() is None:
        pytest.skip("there is no Chromium here: apt-get install chromium, or name one in CHROMIUM")
    with browser() as started:
        yield started


@pytest.fixture
def page(running):
    """A page of 1400 pixels; what asks another host fails the test."""
    context = running.new_context(viewport={"width": 1400, "height": 900})
    opened, asked = context.new_page(), []
    opened.on("request", lambda request: asked.append(request.url))
    yield opened
    context.close()
    assert [] == [
        url for url in asked if not url.startswith(("http://127.0.0.1:", "data:", "blob:", "file:"))
    ]
