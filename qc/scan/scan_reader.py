"""Scans of one copy, read once: several steps of an inspection look at the same pixels."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from numpy.typing import NDArray

from qc.model import ScanFile
from qc.scan.image_file import ScanHeader, read_header, read_pixels

MOST_BYTES = 80_000_000
"""Of pixels kept at a time: the 14 pages of 6 x 9 in, scanned with their backing, by which the scale of a copy is told. Scans
beyond it are decoded anew where another step wants them, as memory must not grow with the copy."""

LATER_BYTES = 30_000_000
"""The same once a long copy told its scale: six pages of 6 x 9 in that are looked up later, by what their neighbors show."""


class ScanReader:
    """Headers and pixels of scans, as `read_header` and `read_pixels` give them; pixels are kept while there is room.

    Parameters
    ----------
    most_bytes : int
        Of all pixels that are kept together; the first ones stay.
    seen : callable, optional
        Given every scan that is decoded, and its pixels, which it may not keep.
    """

    def __init__(
        self, most_bytes: int = MOST_BYTES, seen: Callable[[ScanFile, NDArray[Any]], None] | None = None
    ) -> None:
        self._most = self._room = most_bytes
        self._seen = seen
        self._headers: dict[ScanFile, ScanHeader] = {}
        self._pixels: dict[tuple[ScanFile, int], NDArray[Any]] = {}
        self._lock = Lock()

    def header(self, scan: ScanFile) -> ScanHeader:
        """Header of a scan. Raises a ScanError as `read_header` does."""
        if scan not in self._headers:
            self._headers[scan] = read_header(scan)
        return self._headers[scan]

    def pixels(self, scan: ScanFile, reduce: int = 1) -> NDArray[Any]:
        """Pixels of a scan, which nobody may write to. Raises a ScanError as `read_pixels` does."""
        kept = self._pixels.get((scan, reduce))
        if kept is not None:
            return kept
        pixels = read_pixels(scan, reduce)
        pixels.flags.writeable = False
        if self._seen is not None:
            self._seen(scan, pixels)
        with self._lock:
            if pixels.nbytes <= self._room and (scan, reduce) not in self._pixels:
                self._pixels[scan, reduce] = pixels
                self._room -= pixels.nbytes
        return pixels

    def keep_less(self, most_bytes: int) -> None:
        """From now on keep no more than so much; what is kept stays until it is let go."""
        with self._lock:
            less = max(self._most - most_bytes, 0)
            self._most, self._room = self._most - less, self._room - less

    def let_go(self, scan: ScanFile) -> None:
        """Keep no pixels of a scan any longer, which makes room for another."""
        with self._lock:
            for key in [k for k in self._pixels if k[0] == scan]:
                self._room += self._pixels.pop(key).nbytes
