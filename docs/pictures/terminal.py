"""Makes the picture of the command line: runs the quickstart, and prints its runs in a terminal made of HTML.

    python docs/pictures/terminal.py        # needs Chromium as /usr/bin/chromium

The file lies beside this script.
"""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
COLUMNS = 104
CHARACTER, LINE, EDGE = 8.43, 20, 24
"""Width and height of a character, and the space around all, in pixels."""
STYLES = {
    "1": "font-weight:bold",
    "31": "color:#f47067",
    "32": "color:#57ab5a",
    "33": "color:#c69026",
    "36": "color:#39c5cf",
}
PAGE = """<meta charset="utf-8"><body style="margin:0;background:#1c2128;color:#cdd9e5">
<pre style="margin:{edge}px;font:14px/{line}px 'DejaVu Sans Mono',monospace">{text}</pre>"""
COMMANDS = (("runs",), ("compare", "trial-0", "trial-2"))


def main() -> None:
    """Make the picture."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        environ = {
            **{
                key: value for key, value in os.environ.items() if not key.startswith(("TRACKED_", "MLFLOW_"))
            },
            "TRACKED_HOME": str(folder / "home"),
            "TRACKED_LINGER": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "PYTHONPATH": str(ROOT),
            "PYTHONIOENCODING": "utf-8",
        }
        subprocess.run(
            [sys.executable, ROOT / "examples" / "quickstart.py"], cwd=folder, env=environ, check=True
        )
        picture(folder, "\n".join(screen(folder, environ, command) for command in COMMANDS))


def screen(folder: Path, environ: dict[str, str], command: tuple[str, ...]) -> str:
    """What is to be seen of a command: the prompt, and what it prints in colours."""
    looks = {**environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
    done = subprocess.run(
        [sys.executable, "-m", "tracked_command", *command],
        cwd=folder,
        env=looks,
        capture_output=True,
        check=True,
    )
    return f"\x1b[1m$ tracked {' '.join(command)}\x1b[0m\n{done.stdout.decode()}"


def picture(folder: Path, text: str) -> None:
    """Let Chromium draw the text as a terminal would."""
    page = folder / "page.html"
    page.write_text(PAGE.format(edge=EDGE, line=LINE, text=in_html(text)), encoding="utf-8")
    width, height = int(COLUMNS * CHARACTER) + 2 * EDGE, (text.count("\n") + 1) * LINE + 2 * EDGE
    options = (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--force-device-scale-factor=1.5",
    )
    where = (
        f"--user-data-dir={folder}/profile",
        f"--window-size={width},{height}",
        f"--screenshot={HERE}/runs.png",
    )
    subprocess.run(["/usr/bin/chromium", *options, *where, page.as_uri()], check=True, capture_output=True)


def in_html(text: str) -> str:
    """The text with its colours as spans."""

    def span(code: re.Match[str]) -> str:
        return "</span>" if code[1] == "0" else f'<span style="{STYLES[code[1]]}">'

    return re.sub("\x1b\\[(\\d+)m", span, html.escape(text, quote=False))


if __name__ == "__main__":
    main()
