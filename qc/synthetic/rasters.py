"""Rasters that were drawn before, because copies of a title show the same pages again and again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


class Rasters:
    """The rasters used last, up to `most_bytes` of them.

    Attributes
    ----------
    most_bytes : int
        Default 2**27: a page of 6 x 9 in at 600 dpi in 16 bits has 117 million bytes. Tests of many small pages raise it.
    """

    def __init__(self, most_bytes: int = 2**27) -> None:
        self.most_bytes = most_bytes
        self._kept: OrderedDict[Hashable, NDArray[Any]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, draw: Callable[[], NDArray[T]]) -> NDArray[T]:
        """The raster of `key`, drawn if it is not kept; not to be written to."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        raster = draw()
        raster.flags.writeable = False
        with self._lock:
            self._kept[key] = raster
            while len(self._kept) > 1 and sum(r.nbytes for r in self._kept.values()) > self.most_bytes:
                self._kept.popitem(last=False)
        return raster


RASTERS = Rasters()
