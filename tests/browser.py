"""A headless Chromium without a driver: a script put into the page writes what it finds."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    None,
)
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--virtual-time-budget=3000",
)


def visit(page: Path, script: str, *, width: int, dark: bool = False) -> tuple[Any, list[str]]:
    """Open a page and run a script in it.

    Args:
        page: The HTML file; a copy beside it is opened, in a frame, since windows are at least
            500 pixels wide.
        script: Body of a function that returns what JSON can hold.
        width: Of the frame, in pixels.
        dark: Whether the reader prefers dark pages.

    Returns:
        What the script returned, and what the browser's console said.
    """
    probe = f"""<script>addEventListener("load", () => {{
      parent.postMessage(JSON.stringify((() => {{ {script} }})()), "*");
    }});</script></body>"""
    frame = f"""<!doctype html><meta charset="utf-8"><pre id="found"></pre><script>
      addEventListener("message", m => document.getElementById("found").textContent = m.data);
    </script><iframe src="probe.html" width="{width}" height="900" style="border: 0"></iframe>"""
    inner, outer = page.with_name("probe.html"), page.with_name("frame.html")
    inner.write_text(page.read_text("utf-8").replace("</body>", probe), "utf-8")
    outer.write_text(frame, "utf-8")
    with tempfile.TemporaryDirectory() as profile:
        command = [CHROMIUM or "", *_FLAGS, f"--user-data-dir={profile}"]
        command += [f"--blink-settings=preferredColorScheme={int(not dark)}"]
        result = subprocess.run(
            [*command, "--dump-dom", outer.as_uri()], capture_output=True, text=True, timeout=120
        )
    inner.unlink()
    outer.unlink()
    found = re.search(r'<pre id="found">(.*?)</pre>', result.stdout, re.DOTALL)
    assert found is not None, result.stderr[-2000:]
    console = [line for line in result.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(found[1])), console
