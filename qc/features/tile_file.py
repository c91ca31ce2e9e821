"""Tiles of the pages of a copy in a temporary file: a tenth of a megabyte a page, which memory would have to hold to the end."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, NamedTuple
from weakref import finalize

import numpy as np

from qc.features.tiles import PageTiles


class _Layout(NamedTuple):
    """An array in the file."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


class TileFile:
    """A temporary file of tiles; it goes when nothing refers to it any more."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it is read as long as there are tiles
        finalize(self, self._file.close)
        self._lock = Lock()

    def keep(self, tiles: PageTiles) -> KeptTiles:
        """Write tiles to the file; what is small stays in memory."""
        arrays = {name: v for name, v in vars(tiles).items() if isinstance(v, np.ndarray) and v.ndim >= 2}
        layout = tuple(_Layout(name, v.dtype, v.shape) for name, v in arrays.items())
        empty: dict[str, Any] = {name: v[:0].copy() for name, v in arrays.items()}
        data = b"".join(v.tobytes() for v in arrays.values())
        with self._lock:
            at = self._file.seek(0, 2)
            self._file.write(data)
        return KeptTiles(self, at, len(data), layout, replace(tiles, **empty))

    def read(self, at: int, size: int) -> bytes:
        """Bytes of the file."""
        with self._lock:
            self._file.seek(at)
            return self._file.read(size)


@dataclass(frozen=True)
class KeptTiles:
    """Tiles of one page in a `TileFile`: each `read` gives arrays of their own, which go when they were used."""

    file: TileFile
    at: int
    size: int
    layout: tuple[_Layout, ...]
    rest: PageTiles

    def read(self) -> PageTiles:
        """The tiles as they were kept."""
        data, at = self.file.read(self.at, self.size), 0
        arrays: dict[str, Any] = {}
        for name, dtype, shape in self.layout:
            arrays[name] = np.frombuffer(data, dtype, math.prod(shape), at).reshape(shape).copy()
            at += arrays[name].nbytes
        return replace(self.rest, **arrays)

    def instead(self, tiles: PageTiles) -> KeptTiles:
        """Others, in the same file."""
        return self.file.keep(tiles)
