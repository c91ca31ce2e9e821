"""Hashes of files that are not read again while their size and time stay."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from qc.errors import ScanError
from qc.scan.paths import real

_SETTLED_NS = 2_000_000_000
"""A file younger than this may change again without its time telling so; its hash is not kept."""


class Memory(Protocol):
    """Where hashes of files are kept, see `qc.batch.store.Store`."""

    def kept_hash(self, path: str, size: int, mtime_ns: int) -> str | None: ...

    def keep_hashes(self, hashes: Iterable[tuple[str, int, int, str]]) -> None: ...


class KnownFiles:
    """Hashes of files, new ones of which are kept together at the end."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._new: list[tuple[str, int, int, str]] = []

    def hashes(self, paths: Iterable[Path]) -> list[tuple[str, str]]:
        return [(os.fsencode(p.name).hex(), self.hash(p)) for p in paths]

    def keep(self) -> None:
        if self._new:
            self._memory.keep_hashes(self._new)

    def hash(self, path: Path) -> str:
        """SHA-256 of a file; a word where it is none or cannot be read."""
        # To decide must not load image libraries.
        from qc.scan.image_file import sha256

        try:
            if not path.is_file():
                return "no file"
            about = path.stat()
            name = os.fsencode(real(path)).decode("utf-8", "backslashreplace")
            known = self._memory.kept_hash(name, about.st_size, about.st_mtime_ns)
            if known is not None and not path.is_symlink():
                return known
            digest = sha256(path)
        except (OSError, ScanError):
            return "unreadable"
        if time.time_ns() - about.st_mtime_ns > _SETTLED_NS and not path.is_symlink():
            self._new.append((name, about.st_size, about.st_mtime_ns, digest))
        return digest
