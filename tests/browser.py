"""A headless Chromium without a driver: a script put into the page writes what it finds."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


class Tab:
    """A page that a mouse and a keyboard reach, over Chromium's own pipe."""

    def __init__(self, sending: int, receiving: int) -> None:
        self._sending, self._receiving = sending, receiving
        self._count, self._rest, self._session = 0, b"", ""

    def open(self, page: Path) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        size = {"width": 1400, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.call("Page.navigate", url=page.as_uri())
        self._wait("location.protocol + document.readyState === 'file:complete'")

    def reload(self) -> None:
        """Open the page anew; what was set on `window` is gone."""
        self.run("window.before = true")
        self.call("Page.reload")
        self._wait("!window.before && document.readyState === 'complete'")

    def _wait(self, condition: str) -> None:
        """Wait until an expression is true; on the way to a page it is answered with an error."""
        until = time.monotonic() + 60
        found = {"type": "boolean", "value": True}
        asked = {"expression": condition}
        while self._ask("Runtime.evaluate", asked).get("result", {}).get("result") != found:
            assert time.monotonic() < until, "the page did not load"
            time.sleep(0.05)

    def run(self, expression: str) -> Any:
        """Return the value of an expression."""
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """Press and release a key as a keyboard does."""
        about = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **about, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def point(self, x: float, y: float) -> None:
        """Move the mouse to a place in the window."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def call(self, method: str, **parameters: Any) -> Any:
        answer = self._ask(method, parameters)
        assert "error" not in answer, answer
        return answer["result"]

    def _ask(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._sending, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._rest:
                more = os.read(self._receiving, 1 << 16)
                assert more, "the browser ended"
                self._rest += more
            line, _, self._rest = self._rest.partition(b"\0")
            answer: dict[str, Any] = json.loads(line)
            if answer.get("id") == self._count:
                return answer


@contextmanager
def tab(page: Path) -> Iterator[Tab]:
    """Open a page in a browser that answers over a pipe; close it afterwards."""
    to_browser, sending = os.pipe()
    receiving, from_browser = os.pipe()
    flags = [flag for flag in _FLAGS if not flag.startswith("--virtual-time")]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                *("bash", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "browser"),
                *(CHROMIUM or "", *flags, f"--user-data-dir={profile}"),
                "--remote-debugging-pipe",
            ],
            pass_fds=(to_browser, from_browser),
            stderr=subprocess.DEVNULL,
        )
        for end in (to_browser, from_browser):
            os.close(end)
        try:
            opened = Tab(sending, receiving)
            opened.open(page)
            yield opened
        finally:
            process.kill()
            process.wait()
            os.close(sending)
            os.close(receiving)
