"""What a person sees of our runs in MLflow's UI, and in a report."""

from __future__ import annotations

import re

import pytest

import tracked
from tests.browsers import PATIENCE
from tests.kinds.test_sweep_report import train
from tests.reports.test_reports import many
from tracked import track, tracked_sweep
from tracked.mlflow.urls import page_url
from tracked.reports import Report
from tracked.reports import page as report_page

pytestmark = [pytest.mark.slow]

OPENER = "button[data-component-id$='runnamecellrenderer.tsx_46']"
"""Opens what is below a run in the list."""


@tracked_sweep(n_trials=3, maximize="acc", seed=1)
def sweep(trial):
    """Three trials, with a word of its own."""
    track.note("**A word of the user's**")
    return train(trial.suggest_float("x", 0, 1))


@pytest.fixture(scope="module")
def place(server_uri, tmp_path_factory):
    """Server, experiment and run of a sweep that was delivered."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKED_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("TRACKED_PROVENANCE", "0")
        tracked.setup_mlflow("seen in a browser", tracking_uri=server_uri)
        with track.run("around") as around:
            track.note("**A word of the user's**")
            found = sweep()
        tracked.sync()
        yield server_uri, found.run.info.experiment_id, found.run.id, around.id


@pytest.mark.server
def test_the_list_of_runs_is_a_tree(place, page):
    """The sweep stands below the run around it, its trials below the sweep, and each training below its trial."""
    server, experiment, _, _ = place
    page.goto(page_url(server, experiment))
    for depth, name in enumerate(["around", "sweep-", "trial-0", "train-"]):
        page.get_by_text(re.compile(f"^{name}")).first.wait_for(timeout=PATIENCE)
        for opener in reversed(range(depth, page.locator(OPENER).count())):
            page.locator(OPENER).nth(opener).click()
            page.wait_for_timeout(300)


@pytest.mark.server
def test_the_page_of_a_run_shows_both_descriptions(place, page):
    """What the user has noted is rendered as Markdown, what we say of the end stands below it, and no mark is seen."""
    server, experiment, sweep_id, around = place
    page.goto(page_url(server, experiment, around))
    page.get_by_text("A word of the user's").first.wait_for(timeout=PATIENCE)
    page.goto(page_url(server, experiment, sweep_id))
    page.get_by_text(re.compile("^Best of 3 trials")).first.wait_for(timeout=PATIENCE)
    assert "<!-- tracked" not in page.content().replace("&lt;", "<")


@pytest.mark.server
def test_the_report_is_shown_among_the_artifacts(place, page):
    """The page that the sweep keeps is drawn by MLflow's viewer, with its charts."""
    server, experiment, sweep_id, _ = place
    page.goto(page_url(server, experiment, sweep_id).replace("?", "/artifacts/report.html?"))
    page.get_by_text("report.html").first.wait_for(timeout=PATIENCE)
    inside = page.frame_locator("iframe").first
    inside.get_by_text("Best so far").wait_for(timeout=PATIENCE)
    assert inside.locator("svg.chart").count() >= 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_a_report_fits_its_screen(running, tmp_path, width, scheme):
    """On a phone and on a desk nothing is wider than the screen, and text stands out from its ground, light or dark."""
    file = tmp_path / "r.html"
    file.write_text(report_page(Report("sweep", search=many(40, 12, course=9), params={"a" * 90: "b" * 300})))
    context = running.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(file.as_uri())
    assert width >= page.evaluate("document.documentElement.scrollWidth")
    colours = page.evaluate("(s => [s.color, s.backgroundColor])(getComputedStyle(document.body))")
    text, ground = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours)
    assert (text < 200 and ground > 700) if scheme == "light" else (text > 600 and ground < 100)
    context.close()
