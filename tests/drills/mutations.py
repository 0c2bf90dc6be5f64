"""How files are damaged: by bytes, by words, by the structure of JSON and of zip archives."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

WORDS = (
    "", "-1", "0", "1e999", "-1e999", "NaN", "Infinity", "nan", "inf", "null", "true", "9" * 25, "9" * 400,
    "1e308", "5e-324", "-0.0", "1/0", "0x10", '"', "[", "]", "{", "}", ",", "\n",
    "\r\n", "\0", "\ufeff", "\ud7ff",
    "é", "火", "%s", "../../etc/passwd", "__import__('os')", "999999999", "2147483648",
    "18446744073709551616",
    "1970-01-01 00:00:00", "2023-11-16 25:61:00", "a" * 5000, "[" * 3000,
)  # fmt: skip
"""What takes the place of a word or a number."""

VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 0.5, 1e308, 5e-324, 10**30, 10**400, 2**63, "", "inf", "nan", "17/2", "1/0", "a\0b",
    "\ud800", [], [[]], [1, [2]], {}, {"$array": "int64", "shape": [10**9], "values": []},
    {"$array": "object", "shape": [1], "values": [1]}, {"$number": "x"}, [None], ["a", 1], 999999, 10**9,
)  # fmt: skip
"""What takes the place of a part of a JSON document."""

Mutation = Callable[[bytes, random.Random], bytes]


def flip(content: bytes, rng: random.Random) -> bytes:
    """Change up to eight bytes."""
    damaged = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        if damaged:
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    return bytes(damaged)


def cut(content: bytes, rng: random.Random) -> bytes:
    """Keep the beginning alone, as an interrupted copy does."""
    return content[: rng.randrange(len(content) + 1)]


def splice(content: bytes, rng: random.Random) -> bytes:
    """Remove, repeat or move a stretch."""
    start, stop = sorted(rng.randrange(len(content) + 1) for _ in range(2))
    place = rng.randrange(len(content) + 1)
    part = content[start:stop]
    return rng.choice(
        (
            content[:start] + content[stop:],
            content[:stop] + part * rng.randint(1, 3) + content[stop:],
            content[:place] + part + content[place:],
            content[:place] + bytes(rng.randrange(1, 64)) + content[place:],
        )
    )


def word(content: bytes, rng: random.Random) -> bytes:
    """Put something odd in the place of a number or a word."""
    found = list(re.finditer(rb"[-+.\w]+", content[: 1 << 20]))
    if not found:
        return flip(content, rng)
    chosen = rng.choice(found)
    odd = rng.choice(WORDS).encode("utf-8", errors="surrogatepass")
    return content[: chosen.start()] + odd + content[chosen.end() :]


def line(content: bytes, rng: random.Random) -> bytes:
    """Remove, repeat, swap or empty lines."""
    lines = content.split(b"\n")
    one, two = (rng.randrange(len(lines)) for _ in range(2))
    action = rng.randrange(4)
    if action == 0:
        del lines[one]
    elif action == 1:
        lines[one:one] = [lines[two]] * rng.randint(1, 4)
    elif action == 2:
        lines[one], lines[two] = lines[two], lines[one]
    else:
        lines[one] = b""
    return b"\n".join(lines)


def structure(content: bytes, rng: random.Random) -> bytes:
    """Put something odd in the place of a part of a JSON document (or of one of its lines)."""
    lines = content.split(b"\n")
    try:
        document = json.loads(content)
    except ValueError:
        try:
            place = rng.randrange(len(lines))
            document = json.loads(lines[place])
        except ValueError:
            return word(content, rng)
        lines[place] = _damage(document, rng)
        return b"\n".join(lines)
    return _damage(document, rng)


def _damage(document: Any, rng: random.Random) -> bytes:
    holder = [document]
    node: Any = holder
    while True:
        keys = list(node.keys()) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            break
        key = rng.choice(keys)
        if isinstance(node[key], dict | list) and node[key] and rng.random() < 0.8:
            node = node[key]
            continue
        action = rng.randrange(4)
        if action == 0:
            del node[key]
        elif action == 1 and isinstance(node, dict):
            node[str(rng.choice(WORDS))] = rng.choice(VALUES)
        elif action == 2 and isinstance(node, list):
            node.append(rng.choice(VALUES))
        else:
            node[key] = rng.choice(VALUES)
        break
    return json.dumps(holder[0] if holder else None).encode()


def inside(content: bytes, rng: random.Random) -> bytes:
    """Damage what a zip or gzip archive holds, and pack it properly again."""
    damage = rng.choice((flip, cut, splice, word))
    if content.startswith(b"\x1f\x8b"):
        return gzip.compress(damage(gzip.decompress(content), rng), mtime=0)
    if not content.startswith(b"PK"):
        return damage(content, rng)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(packed, "w") as target:
        names = source.namelist()
        chosen = rng.choice(names)
        for name in names:
            data = source.read(name)
            if name != chosen:
                target.writestr(name, data)
                continue
            action = rng.randrange(5)
            if action == 0:
                continue
            if action == 1:
                target.writestr(rng.choice(("evil.npy", "../../x.npy", name + ".npy", "x")), data)
            target.writestr(name, _header(data, rng) if action == 2 else damage(data, rng))
    return packed.getvalue()


def _header(data: bytes, rng: random.Random) -> bytes:
    """Damage the header of an array rather than its numbers."""
    end = data.find(b"\n") + 1
    head = data[:end]
    odd = rng.choice(
        (b"|O", b"<U99999999", b"<f8", b"|b1", b"<c16", b"<M8[s]", b"(1000000000,)", b"(-1,)", b"()")
    )
    swapped = (
        re.sub(rb"'[<|>=]\w+'", b"'" + odd + b"'", head)
        if odd[0] in b"<|"
        else re.sub(rb"\([^)]*\)", odd, head)
    )
    return swapped + data[end:]


MUTATIONS: tuple[Mutation, ...] = (flip, cut, splice, word, line, structure, inside)


def mutate(content: bytes, rng: random.Random) -> bytes:
    """Damage a file in one to three ways."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        if content:
            # An archive that is damaged already cannot be packed again.
            with contextlib.suppress(
                zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError
            ):
                content = rng.choice(MUTATIONS)(content, rng)
    return content
