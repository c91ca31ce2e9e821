"""Memory of the process: how much it may take; buffers of pictures are kept from page to page and shared by all threads."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from functools import cache
from importlib.util import find_spec

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Names of `mallopt` in malloc.h."""
_LARGEST_KEPT = 16 * 2**20
"""Bytes: a page of A4 at the working resolution as floats takes 9 million."""
_MOST_KEPT = 64 * 2**20


@cache
def keep_buffers() -> None:
    """Tell the C library, where it is that of GNU; any other is left as it is.

    Left to itself, it gives each plane back to the system after use and has the next one cleared anew, and gives every thread a
    heap of its own. Call it before threads are started.
    """
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, 1)
        mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)
        mallopt(_TRIM_THRESHOLD, _MOST_KEPT)


def give_back() -> None:
    """Give what nothing uses back to the system, where the C library is that of GNU.

    After the last page, what comes is of other sizes and would lie beside the buffers of pages.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def can_limit_memory() -> bool:
    """Whether this system knows limits of memory (Windows does not)."""
    return find_spec("resource") is not None


def limit_memory(most_bytes: int) -> None:
    """Let the process hold so much data at most, where the system counts private data (Linux); asking for more is a `MemoryError`.

    A limit that is lower already stays.
    """
    with suppress(ImportError, AttributeError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))
