"""Makes the pictures of the README: runs the quickstart, opens MLflow's UI on it, and looks.

    python docs/pictures/make.py        # needs the package playwright, and Chromium as /usr/bin/chromium

The files lie beside this script.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402 - the path comes first

from tests.servers import free_port, serving  # noqa: E402

WIDTH, HEIGHT, HEIGHT_OF_A_RUN = 1400, 720, 860
SHOWN = ("acc", "latency_batch_1_ms", "max_abs_error", "lr", "stage")
HIDDEN = ("Dataset", "Source", "Models")
OPENER = "button[data-component-id$='runnamecellrenderer.tsx_46']"


def main() -> None:
    """Make every picture."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        os.environ |= {
            "TRACKED_HOME": str(folder / "home"),
            "TRACKED_LINGER": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        subprocess.run([sys.executable, ROOT / "examples" / "quickstart.py"], cwd=folder, check=True)
        with (
            serving(folder, f"sqlite:///{folder}/mlflow.db", port=free_port()) as uri,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            for draw in (tree, sweep):
                page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=1.5)
                draw(page, uri)
                page.close()
            browser.close()


def sweep(page: Page, uri: str) -> None:
    """The sweep's page, as the link that is printed opens it."""
    from mlflow import MlflowClient

    from tracked.mlflow.urls import run_url

    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("digits")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id], "tags.stage = 'hpo'")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT_OF_A_RUN})
    page.goto(run_url(uri, experiment.experiment_id, run.info.run_id))
    page.get_by_text("Best of", exact=False).first.wait_for(timeout=60_000)
    close_assistant(page)
    page.screenshot(path=HERE / "sweep.png")


def close_assistant(page: Page) -> None:
    """A panel over a quarter of the page, which opens a little after it; and the button that it leaves behind."""
    page.wait_for_timeout(3000)
    page.locator("button[data-component-id='mlflow.assistant.chat_panel.close']").click()
    page.wait_for_timeout(500)
    page.add_style_tag(content="[data-assistant-ui] { display: none }")


def tree(page: Page, uri: str) -> None:
    """The list of runs, with the sweep and its trials opened."""
    from mlflow import MlflowClient

    experiment = MlflowClient(uri).get_experiment_by_name("digits")
    assert experiment is not None
    page.goto(f"{uri}/#/experiments/{experiment.experiment_id}/runs?workflowType=machine_learning")
    # The page asks the server again and again and is never idle: it is ready when there are runs to open.
    page.locator(OPENER).first.wait_for(timeout=60_000)
    close_assistant(page)
    choose_columns(page)
    page.locator(OPENER).first.click()
    page.wait_for_timeout(1500)
    for index in reversed(range(1, page.locator(OPENER).count())):
        page.locator(OPENER).nth(index).click()
        page.wait_for_timeout(300)
    page.mouse.move(WIDTH - 5, HEIGHT - 5)
    page.wait_for_timeout(1500)
    page.screenshot(path=HERE / "tree.png")


def choose_columns(page: Page) -> None:
    """Show what tells the story."""
    page.get_by_role("button", name="Columns", exact=True).click()
    search = page.get_by_placeholder("Search columns")
    for name in (*HIDDEN, *SHOWN):
        search.fill(name)
        page.wait_for_timeout(300)
        page.get_by_text(name, exact=True).last.click()
    page.keyboard.press("Escape")


if __name__ == "__main__":
    main()
