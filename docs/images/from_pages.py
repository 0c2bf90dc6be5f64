"""Draws the pictures of pages by running their code: ``python docs/images/from_pages.py``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

IMAGES = Path(__file__).resolve().parent
PAGES = {
    "tutorials/baseline.md": ("baseline.png",),
    "tutorials/score-my-policy.md": ("scores.png",),
    "theory/auctions.md": ("regret.png",),
    "model.md": ("context.png",),
    "theory/ttt.md": ("ttt.png",),
    "gaps.md": ("gap.png",),
}
BLOCK = re.compile(r"(<!-- not run[^>]*-->\s*)?^```(python|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def main(words: list[str]) -> None:
    """Run the pages asked for, or all; a block at a time, as a reader would."""
    for page, pictures in PAGES.items():
        if words and page not in words:
            continue
        script = []
        for skipped, language, code in BLOCK.findall((IMAGES.parent / page).read_text()):
            if not skipped and language == "python":
                script.append(code)
            elif not skipped:
                lines = [line for line in code.splitlines() if line.startswith("edgeopt ")]
                commands = [f"{sys.executable} -m {line}" for line in lines]
                script += [f"import os; assert not os.system({command!r})" for command in commands]
        with tempfile.TemporaryDirectory() as folder:
            environment = os.environ | {"MPLBACKEND": "Agg"}
            subprocess.run([sys.executable, "-c", "\n".join(script)], cwd=folder, env=environment, check=True)
            for picture in pictures:
                shutil.copy(Path(folder) / picture, IMAGES / picture)


if __name__ == "__main__":
    main(sys.argv[1:])
