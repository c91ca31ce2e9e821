"""Scanner profiles: where they are kept."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import platformdirs

from qc.errors import ReferenceFault


def profiles_folder() -> Path:
    """The user's folder of scanner profiles."""
    return Path(platformdirs.user_data_dir("print-return-qc")) / "profiles"


def find_profile(name: str) -> Path:
    """The profile file of a path or a name.

    Parameters
    ----------
    name : str
        The path of a profile, or its name in ``$QC_PROFILES``, else in the user's data folder.

    Raises
    ------
    ReferenceFault
        There is none, or it is no TOML file.
    """
    folders = [Path(f) for f in (os.environ.get("QC_PROFILES"),) if f] + [profiles_folder()]
    places = [Path(name), *(folder / f"{name}.toml" for folder in folders)]
    path = next((p for p in places if p.is_file()), None)
    if path is None:
        searched = " or ".join(map(str, folders))
        raise ReferenceFault(
            f"The scanner profile {name!r} is neither a file nor in {searched}. Check the name, or leave --scanner out "
            "and accept a wider uncertainty."
        )
    try:
        tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ReferenceFault(f"The scanner profile {path} cannot be read: {fault}. Make it again.") from fault
    return path
