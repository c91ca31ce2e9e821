"""The user's folder; symlinks resolved without raising on loops or long names, unlike `Path.resolve`."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def user_folder() -> Path:
    """Folder of what a user of this machine has made for qc: scanner profiles, settings."""
    return Path(platformdirs.user_data_dir("print-return-qc"))


def real(path: Path) -> Path:
    """The absolute path without links; a loop of links leads to itself."""
    return Path(os.path.realpath(path))


def leads_outside(path: Path, folder: Path) -> bool:
    """Whether `path`, all links followed, does not lie in `folder`."""
    return not real(path).is_relative_to(real(folder))
