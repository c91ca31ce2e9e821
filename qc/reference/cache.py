"""Disk cache of bytes that are expensive to compute. Read and write failures count as cache misses."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

DRAWN = 2
"""Raised whenever what is kept of a drawn title may change; `tests/test_cache.py` pins the sources that it depends on."""
MOST_BYTES = 4_000_000_000
"""Some twenty titles of 200 pages."""
_KEPT = 0.8
_ALIGNED = 8
_in_memory: dict[str, bytes] | None = None


@contextmanager
def unwritten() -> Iterator[None]:
    """Within, nothing is written to disk: what is made anew is kept in memory, for all threads, until the end."""
    global _in_memory
    _in_memory = {}
    try:
        yield
    finally:
        _in_memory = None


def is_unwritten() -> bool:
    """Whether nothing is written to disk."""
    return _in_memory is not None


@cache
def program() -> str:
    """Hash of the source of this program: what other code made, even of the same version, is never read back."""
    source = Path(__file__).parents[1]
    files = sorted(source.rglob("*.py"))
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:16]


def folder() -> Path:
    """``$QC_CACHE``, else the user's cache folder."""
    return Path(os.environ.get("QC_CACHE") or platformdirs.user_cache_dir("print-return-qc"))


def load(key: str) -> bytes | None:
    """What was stored under `key` (a relative path); None where there is nothing, or not what was stored."""
    if _in_memory is not None and key in _in_memory:
        return _in_memory[key]
    try:
        path = folder() / key
        stored = path.read_bytes()
    except OSError:
        return None
    with contextlib.suppress(OSError):
        os.utime(path.parent)
    data = stored[4:]
    return data if stored[:4] == _checksum(data) else None


def store(key: str, data: bytes) -> None:
    """Keep `data`; readers in other processes see all of it or nothing."""
    if _in_memory is not None:
        _in_memory[key] = data
        return
    target = folder() / key
    with contextlib.suppress(OSError):
        if not target.parent.is_dir():
            _make_room()
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_checksum(data) + data)
            Path(name).replace(target)
        except OSError:
            Path(name).unlink()
            raise


def _make_room() -> None:
    """Before another title comes: those used longest ago go while all together are larger than `MOST_BYTES`."""
    titles = [t for t in folder().glob("*/*") if t.is_dir()]
    sizes = {t: sum(f.stat().st_size for f in t.iterdir()) for t in titles}
    total = sum(sizes.values())
    if total <= MOST_BYTES:
        return
    for title in sorted(titles, key=lambda t: t.stat().st_mtime):
        shutil.rmtree(title, ignore_errors=True)
        total -= sizes[title]
        if total <= _KEPT * MOST_BYTES:
            break


def facts(key: str, make: Callable[[], Any]) -> Any:
    """The JSON values kept under `key`, or those that `make` gives, which are then kept."""
    if stored := load(key):
        return json.loads(stored)
    made = json.dumps(make())
    store(key, made.encode())
    return json.loads(made)


def arrays(
    key: str | None, make: Callable[[], dict[str, NDArray[Any]]], packed: bool = True
) -> dict[str, NDArray[Any]]:
    """The arrays kept under `key`, read-only, or those that `make` gives, which are then kept; no key: not kept.

    They are `packed` where that saves much.
    """
    stored = None if key is None else load(key)
    if stored is not None:
        return _unpacked(zlib.decompress(stored) if packed else stored)
    made = make()
    if key is not None:
        store(key, zlib.compress(_joined(made), 1) if packed else _joined(made))
    return made


def _joined(named: dict[str, NDArray[Any]]) -> bytes:
    head = json.dumps([[name, a.dtype.str, a.shape] for name, a in named.items()]).encode()
    parts = [head, *(np.ascontiguousarray(a).tobytes() for a in named.values())]
    return b"".join([len(head).to_bytes(_ALIGNED, "big"), *(p + bytes(-len(p) % _ALIGNED) for p in parts)])


def _unpacked(data: bytes) -> dict[str, NDArray[Any]]:
    at = _ALIGNED + int.from_bytes(data[:_ALIGNED], "big")
    head = json.loads(data[_ALIGNED:at])
    named = {}
    for name, dtype, shape in head:
        at += -at % _ALIGNED
        found = np.frombuffer(data, dtype, math.prod(shape), at).reshape(shape)
        named[name], at = found, at + found.nbytes
    return named


def _checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")
