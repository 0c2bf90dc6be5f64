"""Every code block of README and docs runs, top to bottom, file by file.

Python blocks of a file share one namespace; lines of ``sh`` blocks that start with ``edgeopt`` run
as commands in the same folder. A block that takes minutes is preceded by a comment
``<!-- not run in tests: why -->`` and must say so to the reader as well.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(
    r"(?P<mark><!-- not run in tests:[^>]*-->\s*)?^```(?P<language>python|sh)\n(?P<code>.*?)^```",
    re.MULTILINE | re.DOTALL,
)


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    for found in BLOCK.finditer(page.read_text()):
        if not found["mark"]:
            yield found["language"], found["code"]


def script(page: Path) -> str:
    """One Python script that does what the page tells the reader to do."""
    parts = ["import subprocess as _subprocess, sys as _sys"]
    for language, code in blocks(page):
        if language == "python":
            parts.append(code)
            continue
        for line in code.replace("\\\n", " ").splitlines():
            if line.startswith("edgeopt "):
                words = f"[_sys.executable, '-m', *{line!r}.split('  #')[0].split()]"
                parts.append(f"_subprocess.run({words}, check=True, stdout=_subprocess.DEVNULL)")
    return "\n".join(parts)


@pytest.mark.parametrize("page", [page for page in PAGES if any(blocks(page))], ids=lambda page: page.stem)
def test_page_runs(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    folder.mkdir()
    shared = ROOT.parent / "shared"
    if shared.is_dir():
        (tmp_path / "shared").symlink_to(shared)
    done = subprocess.run(
        [sys.executable, "-c", script(page)],
        cwd=folder,
        env=os.environ | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
