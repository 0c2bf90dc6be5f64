"""A headless Chromium driven through two pipes in its DevTools protocol, by the standard library alone."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe"),
)
PATIENCE = 60.0
"""Seconds after which a browser that does not answer counts as stuck."""

READS, WRITES = 3, 4
"""The file descriptors at which Chromium expects its two pipes."""


def executable() -> str:
    """Return where Chromium is; without one, skip on a user's machine and fail in CI."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    reason = f"no browser: none of {', '.join(NAMES)} is installed"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Browser:
    """One browser with one page: commands, and every event that it has told of."""

    def __init__(self, process: subprocess.Popen[bytes], to_browser: int, from_browser: int) -> None:
        self._process, self._to, self._from = process, to_browser, from_browser
        self._buffer, self._number = b"", 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])
            self.events.append(answer)

    def _message(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], max(0.0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            part = os.read(self._from, 1 << 20)
            assert part, f"the browser has ended with status {self._process.poll()}"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(message))

    def open(self, page: Path, *, width: int = 1400, height: int = 900, dark: bool = False) -> None:
        """Open a file at a size, and wait until it is loaded."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        self.prefer(dark=dark)
        self.events.clear()
        self.call("Page.navigate", url=page.resolve().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._message())
        self.settle()

    def settle(self) -> None:
        """Let two frames pass: what the page does on scrolling and on changes of size is then done."""
        self.evaluate(
            "(async () => { for (let frame = 0; frame < 2; frame += 1)"
            " await new Promise(requestAnimationFrame); })()"
        )

    def prefer(self, *, dark: bool) -> None:
        """Set the scheme of colours that the reader prefers."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def evaluate(self, expression: str) -> Any:
        """Return the JSON-able value of an expression in the page, or of its promise."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def place(self, selector: str) -> tuple[float, float, float, float]:
        """Scroll an element into view and return its left, top, width and height in the window."""
        element = f"document.querySelector({json.dumps(selector)})"
        self.evaluate(f"{element}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        self.settle()
        box = self.evaluate(
            f"(() => {{ const box = {element}.getBoundingClientRect();"
            "return [box.left, box.top, box.width, box.height]; })()"
        )
        return box[0], box[1], box[2], box[3]

    def hover(self, selector: str, across: float = 0.5, down: float = 0.5) -> None:
        """Move the mouse over an element, to a share of its width and height."""
        left, top, width, height = self.place(selector)
        self._mouse("mouseMoved", left + across * width, top + down * height)

    def click(self, selector: str) -> None:
        """Press and release the mouse at the middle of an element."""
        left, top, width, height = self.place(selector)
        at = left + width / 2, top + height / 2
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self._mouse(kind, *at)

    def _mouse(self, kind: str, x: float, y: float) -> None:
        pressed: dict[str, Any] = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **pressed)

    def complaints(self) -> list[str]:
        """Return errors and warnings of the console, and exceptions, since the page was opened."""
        self.evaluate("0")
        found = []
        for event in self.events:
            method, told = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                found.append(str(told["exceptionDetails"]))
            if method == "Runtime.consoleAPICalled" and told["type"] in {"error", "warning", "assert"}:
                found.append(str(told["args"]))
            if method == "Log.entryAdded" and told["entry"]["level"] in {"error", "warning"}:
                found.append(told["entry"]["text"])
        return found

    def requests(self) -> list[str]:
        """Return the addresses asked for since the page was opened."""
        self.evaluate("0")
        asked = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in asked]

    def picture(self, path: Path) -> None:
        """Write a picture of the window as it is."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


@contextlib.contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Start a browser with a new profile folder; it ends with the block."""
    program = executable()
    commands, to_browser = os.pipe()
    from_browser, answers = os.pipe()
    # moved out of the way, so that neither is overwritten when both are put where Chromium expects them
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (commands, answers)]

    def place_pipes() -> None:
        os.dup2(ends[0], READS)
        os.dup2(ends[1], WRITES)

    process = subprocess.Popen(
        [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(READS, WRITES),
        preexec_fn=place_pipes,  # noqa: PLW1509 - only dup2, which is safe after a fork
    )
    for end in (commands, answers, *ends):
        os.close(end)
    try:
        yield Browser(process, to_browser, from_browser)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for end in (to_browser, from_browser):
            os.close(end)
