"""Which scans a copy has, by their content: told by one hash, and compared with those that were inspected."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from qc.errors import ScanError


def hash_of(scans: Mapping[str, str]) -> str:
    """One hash of the scans of a copy, from the SHA-256 of each by its name; order does not count, names do."""
    return hashlib.sha256(json.dumps(sorted(scans.items())).encode()).hexdigest()


def scans_at(path: Path, hash_file: Callable[[Path], str] | None = None) -> dict[str, str] | None:
    """SHA-256 of each scan of the copy at `path` by its name, as `Provenance.scans` has them; None where they are gone.

    `hash_file` gives that of a file, such as `KnownFiles.hash`, which does not read it twice.
    """
    # To open a store must not load image libraries.
    from qc.scan.copy_folder import files_of, printable

    try:
        files = [p for p in files_of(path) if p.name != "copy.toml"]
    except OSError:
        return None
    if not path.exists():
        return None
    return {printable(p.name): (hash_file or _sha256)(p) for p in files}


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names of the scans that were added, taken away or changed."""
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _sha256(path: Path) -> str:
    from qc.scan.image_file import sha256

    try:
        return sha256(path)
    except ScanError:
        return "unreadable"
