"""Where the numbers come from: versions, command, seeds, hashes, settings, chosen parameters."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from html import escape
from typing import Any


def provenance_section(provenance: Mapping[str, Any]) -> str:
    """Return the section: what it takes to run again, and to tell whether it was the same."""
    packages = ", ".join(f"{name} {number}" for name, number in provenance["packages"].items() if number)
    command = escape(shlex.join(provenance["command"]))
    copy = '<button type="button" data-copy="command">copy</button>'
    facts = {
        "run again with": f'<code id="command">{command}</code> {copy}',
        "edgeopt": f"{escape(provenance['edgeopt'])}, code <code>{provenance['code']}</code>",
        "python": f"{escape(provenance['python'])} on {escape(provenance['platform'])}",
        "packages": escape(packages),
        "test seeds": escape(_seeds(provenance)),
    }
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
    return f"""<section id="provenance">
<h2>Where the numbers come from</h2>
<dl class="provenance">{items}</dl>
{_folded("settings", provenance["settings"])}
{_folded("parameters chosen on the validation split", provenance["tuned"])}
{_folded("test instances and their sha256", provenance["instances"])}
</section>"""


def _seeds(provenance: Mapping[str, Any]) -> str:
    """Say which seeds each case was tested on; they are always 0, 1, 2, ..."""
    count: dict[str, int] = {}
    for record in provenance["instances"]:
        count[record["instance"]] = count.get(record["instance"], 0) + 1
    return ", ".join(
        f"{name}: 0" if seeds == 1 else f"{name}: 0 to {seeds - 1}" for name, seeds in count.items()
    )


def _folded(title: str, content: Any) -> str:
    if isinstance(content, Mapping):
        text = "\n".join(f"{name}: {json.dumps(value)}" for name, value in _flat(content))
    else:
        text = "\n".join(f"{item['instance']} seed {item['seed']}: {item['digest']}" for item in content)
    return f"<details><summary>{title}</summary><pre>{escape(text)}</pre></details>"


def _flat(content: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in content.items():
        inner = isinstance(value, Mapping) and any(isinstance(part, Mapping) for part in value.values())
        pairs.extend(_flat(value, f"{before}{name} / ") if inner else [(f"{before}{name}", value)])
    return pairs
