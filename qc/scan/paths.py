"""Resolve symlinks without raising on loops or long names, unlike `Path.resolve`."""

from __future__ import annotations

import os
from pathlib import Path


def real(path: Path) -> Path:
    """The absolute path without links; a loop of links leads to itself."""
    return Path(os.path.realpath(path))


def leads_outside(path: Path, folder: Path) -> bool:
    """Whether `path`, all links followed, does not lie in `folder`."""
    return not real(path).is_relative_to(real(folder))
