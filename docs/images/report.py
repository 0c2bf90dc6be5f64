"""Takes the pictures of docs/report.md: ``python docs/images/report.py benchmark-results/report.html``."""

import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from chromium import Browser, chromium  # noqa: E402 - the browser that the tests drive

COLOURS = 96
"""Enough for letters and bars; a third of the bytes."""


def take(browser: Browser, name: str) -> None:
    """Write a picture of the window beside this file."""
    path = Path(__file__).with_name(name)
    browser.picture(path)
    few = Image.open(path).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


page = Path(sys.argv[1])
with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as browser:
    browser.open(page, width=1240, height=900)
    take(browser, "report.png")
    browser.open(page, width=1240, height=640, dark=True)
    browser.hover("#case-0 .lanes .lane:nth-child(4) svg", 0.47, 0.3)
    take(browser, "report-cache.png")
