"""Lines of a plain or gzipped text file, in bounded memory whatever the file's size."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ...errors import InvalidTrace

Progress = Callable[[int, int], None]
"""Called as ``progress(bytes_read, bytes_in_all)``; compressed bytes for a gzipped file."""

BLOCK_BYTES = 1 << 20
MAX_LINE_BYTES = 1 << 22
_GZIP_MAGIC = b"\x1f\x8b"


def lines(path: Path, progress: Progress | None = None) -> Iterator[str]:
    """Yield the lines of a file, without their newline characters.

    Bytes that are not UTF-8 become U+FFFD, so that one bad byte costs one field and not the whole trace.

    Raises
    ------
    InvalidTrace
        As `line_blocks`.
    """
    for block in line_blocks(path, progress):
        yield from block.removesuffix(b"\n").decode("utf-8", errors="replace").split("\n")


def line_blocks(path: Path, progress: Progress | None = None) -> Iterator[bytes]:
    """Yield a file in blocks of complete lines, about a megabyte each.

    A file is gunzipped if it starts as gzip files do, whatever its name. A byte order mark is removed.

    Raises
    ------
    InvalidTrace
        If the file cannot be read, is a damaged or truncated gzip, or holds a line of more than
        4 MiB (no trace does; binary files do).
    """
    try:
        total = path.stat().st_size
        with path.open("rb") as raw:
            zipped = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            source: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=raw) if zipped else raw
            rest, number, first = b"", 1, True
            while block := source.read(BLOCK_BYTES):
                if first:
                    block, first = block.removeprefix(b"\xef\xbb\xbf"), False
                head, newline, tail = block.rpartition(b"\n")
                if newline:
                    complete = rest + head + newline
                    number += complete.count(b"\n")
                    yield complete
                    rest = tail
                else:
                    rest += tail
                if len(rest) > MAX_LINE_BYTES:
                    raise InvalidTrace(
                        f"{path.name}: line {number} is longer than 4 MiB; not a trace in text form"
                    )
                if progress is not None:
                    progress(raw.tell(), total)
            if rest:
                yield rest
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InvalidTrace(
            f"{path.name}: damaged or truncated gzip ({_one_line(error)}); get the file again"
        ) from None
    except OSError as error:
        raise InvalidTrace(f"{path}: cannot be read ({error.strerror or _one_line(error)})") from None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
