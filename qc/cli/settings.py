"""Settings of the bench: what an option has where it is not given, and where that was stated.

An option wins over the environment (``QC_TITLES`` …), that over the nearest ``qc.toml`` upward from the working directory, that
over the ``qc.toml`` in the user's folder, where scanner profiles are, too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qc.scan.paths import real, user_folder
from qc.scan.strict_toml import checked, read_table, text

NAME = "qc.toml"
NAMES = ("titles", "store", "policy", "scanner", "out", "by")
_PATHS = ("titles", "store", "out")
_NAME_OR_PATH = ("policy", "scanner")


@dataclass(frozen=True)
class Setting:
    """A value and where it was stated; None and "" where nowhere."""

    value: str | None
    origin: str


@dataclass(frozen=True)
class Files:
    """The qc.toml files that are read, best first, and those that are not because others may write where they lie."""

    read: tuple[Path, ...]
    passed_over: tuple[Path, ...]


def setting(name: str) -> Setting:
    """The setting of a name of `NAMES`, as far as no option gives it.

    Raises
    ------
    UsageError
        A qc.toml cannot be read, is no TOML, or has a key that is not known.
    """
    if value := os.environ.get(variable(name)):
        return Setting(value, variable(name))
    for path in find_files().read:
        if (value := _read(path).get(name)) is not None:
            return Setting(value, str(path))
    return Setting(None, "")


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"QC_{name.upper()}"


def user_file() -> Path:
    """The qc.toml of the user, which holds wherever a command is called."""
    return user_folder() / NAME


def find_files() -> Files:
    """The nearest qc.toml upward from the working directory, and that in the user's folder.

    Notes
    -----
    None is read in a folder of copies or below one, see `holds_copies`: whoever delivers scans could write it, and would choose
    the policy. A user's home and what lies above it is no such folder.
    """
    here = real(Path())
    chain = [folder for folder in (here, *here.parents) if _is_there(folder / NAME)]
    foreign = _outermost_with_copies(chain[0]) if chain else None
    own = [folder / NAME for folder in chain if foreign is None or not folder.is_relative_to(foreign)]
    usual = user_file()
    read = dict.fromkeys([*own[:1], *([usual] if _is_there(usual) else [])])
    return Files(tuple(read), tuple(folder / NAME for folder in chain if folder / NAME not in own))


def _outermost_with_copies(folder: Path) -> Path | None:
    """The outermost of `folder` and those above it that holds copies, but for the user's home and above."""
    # Help and most commands find no qc.toml, and do not wait for image libraries.
    from qc.scan.copy_folder import holds_copies

    home = real(Path.home())
    own = {home, *home.parents}
    return next((f for f in reversed((folder, *folder.parents)) if f not in own and holds_copies(f, NAME)), None)


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _read(path: Path) -> Mapping[str, Any]:
    """Values of a qc.toml; relative paths are relative to it."""
    values = checked(str(path), read_table(path), dict.fromkeys(NAMES, text))
    for name, value in values.items():
        beside = path.parent / Path(value).expanduser()
        if name in _PATHS or (name in _NAME_OR_PATH and (value.endswith(".toml") or Path(value).name != value)):
            values[name] = str(beside)
    return values
