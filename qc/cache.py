"""Bytes that are expensive to make again, kept on disk; a cache that is damaged or cannot be written is no cache."""

from __future__ import annotations

import contextlib
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import platformdirs
from numpy.typing import NDArray

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


def folder() -> Path:
    """``$QC_CACHE``, else the user's cache folder."""
    return Path(os.environ.get("QC_CACHE") or platformdirs.user_cache_dir("print-return-qc"))


def load(key: str) -> bytes | None:
    """What was stored under `key` (a relative path); None where there is nothing, or not what was stored."""
    if _in_memory is not None and key in _in_memory:
        return _in_memory[key]
    try:
        stored = (folder() / key).read_bytes()
    except OSError:
        return None
    data = stored[4:]
    return data if stored[:4] == _checksum(data) else None


def store(key: str, data: bytes) -> None:
    """Keep `data`; readers in other processes see all of it or nothing."""
    if _in_memory is not None:
        _in_memory[key] = data
        return
    target = folder() / key
    with contextlib.suppress(OSError):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_checksum(data) + data)
            os.replace(name, target)
        except OSError:
            os.unlink(name)
            raise


def picture(key: str, make: Callable[[], NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The picture kept under `key`, or what `make` gives, sRGB or gray, which is then kept; as read-only RGB."""
    stored = load(key)
    if stored is None:
        stored = _encoded(make())
        store(key, stored)
    read = np.asarray(cv2.imdecode(np.frombuffer(stored, np.uint8), cv2.IMREAD_UNCHANGED))
    rgb = np.asarray(cv2.cvtColor(read, cv2.COLOR_GRAY2RGB if read.ndim == 2 else cv2.COLOR_BGR2RGB), np.uint8)
    rgb.flags.writeable = False
    return rgb


def _checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")


def _encoded(picture: NDArray[np.uint8]) -> bytes:
    """Lossless: PNG, the quickest, where all is gray, else WebP, whose colored pictures are read faster."""
    gray = picture if picture.ndim == 2 else picture[..., 1].copy()
    if picture.ndim == 2 or not np.any(picture != gray[..., None]):
        options = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT]
        return bytes(cv2.imencode(".png", gray, options)[1])
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, 101])[1])
