"""Whether a file is still being written, told by its name and by how it ends; nothing is decoded."""

from __future__ import annotations

import os
import re
from pathlib import Path
from struct import calcsize, error, unpack
from typing import BinaryIO

_TAIL = 4096
"""Bytes: some programs write a little behind the end of an image. Within the data of a JPEG its end cannot stand."""
_TEMPORARY = re.compile(
    r"^~"  # of office programs
    r"|~$|\.(part|partial|filepart|tmp|temp|crdownload|download|opdownload)$"  # of browsers, WinSCP, FileZilla
    r"|^\.(?!_).+\.(jpe?g|png|tiff?|pdf|toml|csv)\.[^.]+$",  # of rsync, which ._ of a Mac is not
    re.IGNORECASE,
)


def is_temporary(name: str) -> bool:
    """Whether a file of this name is one that a program copies to before it gives it its own."""
    return bool(_TEMPORARY.search(name))


def ends_early(path: Path) -> bool:
    """Whether a scan lacks its end, because it is still being copied or was cut: JPEG, PNG, TIFF, PDF.

    So does what is hardly begun, or begins with zeros: some systems make room for a file before they fill it.

    Raises
    ------
    OSError
        It cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        start = file.read(_HEAD)
        if len(start) < _HEAD or not start.strip(b"\0"):
            return True
        if (order := _ORDERS.get(start[:2])) and start[2:4].strip(b"\0") in (b"*", b"+"):
            return _tiff_ends_early(file, size, order, b"+" in start[2:4])
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    return any(start.startswith(magic) and end not in tail for magic, end in _ENDS.items())


def _tiff_ends_early(file: BinaryIO, size: int, order: str, big: bool) -> bool:
    """Whether a directory of a TIFF, or what one points to, lies beyond the end of the file."""
    number, count = ("Q", "Q") if big else ("I", "H")
    width, entry = calcsize(order + number), 20 if big else 12

    def read(at: int, form: str) -> tuple[int, ...]:
        form = order + form
        if not 0 < at <= size - calcsize(form):
            raise EOFError
        file.seek(at)
        return unpack(form, file.read(calcsize(form)))

    try:
        (at,) = read(8 if big else 4, number)
        for _ in range(_MOST_DIRECTORIES):
            (entries,) = read(at, count)
            if not entries:
                return True
            at += calcsize(order + count)
            segments: dict[int, tuple[int, ...]] = {}
            for place in range(at, at + entries * entry, entry):
                tag, kind, values = read(place, f"HH{number}")
                where, form = place + entry - width, f"{values}{_TYPES.get(kind, 'B')}"
                if calcsize(order + form) > width:
                    (where,) = read(where, number)
                if tag in _SEGMENTS:
                    segments[tag] = read(where, form)
                elif where + calcsize(order + form) > size:
                    return True
            for starts, lengths in (_STRIPS, _TILES):
                pairs = zip(segments.get(starts, ()), segments.get(lengths, ()), strict=False)
                if any(start + length > size for start, length in pairs):
                    return True
            (at,) = read(at + entries * entry, number)
            if not at:
                return False
    except (EOFError, error, OverflowError, MemoryError):
        return True
    return False


_HEAD = 16
_ENDS = {b"\xff\xd8\xff": b"\xff\xd9", b"\x89PNG\r\n\x1a\n": b"IEND", b"%PDF-": b"%%EOF"}
_ORDERS = {b"II": "<", b"MM": ">"}
_TYPES = {2: "B", 3: "H", 4: "I", 5: "Q", 8: "H", 9: "I", 10: "Q", 11: "I", 12: "Q", 13: "I", 16: "Q", 17: "Q", 18: "Q"}
"""Of values in a directory; what is not named here has a byte."""
_STRIPS, _TILES = (273, 279), (324, 325)
_SEGMENTS = frozenset(_STRIPS + _TILES)
_MOST_DIRECTORIES = 10_000
