"""Whether everything is in place that an inspection needs: readers, policy, profiles, titles, store, room on the disk."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from qc.batch.database import SQLITE_VERSION
from qc.batch.environment import versions
from qc.batch.store import Store
from qc.batch.store_schema import APPLICATION_ID, STEPS
from qc.errors import MissingProgram, OutputError, QcError, ReferenceFault, failure
from qc.features.text import ocr
from qc.inputs import refuse_missing
from qc.judge.policy import load_policy
from qc.scan.profile_file import find_profile, folders, read_profile

LEAST_FREE_BYTES = 500_000_000
"""Of a night of 200 copies: results of the samples take up to 1.5 MB each, their store as much again in all."""
_SOON_DAYS = 7


@dataclass(frozen=True)
class Check:
    """A part that was looked at: `exit` is the code a command would end in for its fault, 0 where there is none."""

    part: str
    exit: int
    message: str


def check_versions() -> Check:
    """Versions of qc, of Python and of the libraries that decide a number."""
    named = [f"{name} {number}" for name, number in versions().items() if number != "none"]
    return Check("versions", 0, ", ".join([*named, f"SQLite {SQLITE_VERSION}", platform.platform()]))


def check_reader() -> Check:
    """The reader of imprints; without one print dates are not read."""

    def find() -> str:
        if lacking := ocr.missing():
            raise MissingProgram(f"{lacking[0].upper()}{lacking[1:]}. Without it no print date is read off an imprint.")
        with ocr.reader() as reader:
            return f"Reads {' and '.join(reader.languages)}."

    return _check("text reader", find)


def check_policy(name: str) -> Check:
    """The policy of a name or path."""

    def find() -> str:
        policy = load_policy(name)
        return f"{policy.id} {policy.version}"

    return _check("policy", find)


def check_profiles(chosen: str | None, today: date) -> Iterator[Check]:
    """Each scanner profile there is, and the `chosen` one."""
    paths = {p.stem: p for folder in reversed(folders()) for p in folder.glob("*.toml")}
    for name in sorted({*paths, *([chosen] if chosen else [])}):

        def find(name: str = name) -> str:
            profile = read_profile(paths.get(name) or find_profile(name))
            left = (profile.expires - today).days
            if left < 0:
                raise ReferenceFault(
                    f"{profile.path} expired on {profile.expires}. Renew it with `qc calibrate`, or remove it."
                )
            soon = f", in {left} days: renew it" if left <= _SOON_DAYS else ""
            color = "" if profile.color is None else f", its colors until {profile.color.expires}"
            return f"valid until {profile.expires}{soon}{color}"

        yield _check(f"profile {name}", find)
    if not paths and not chosen:
        yield Check("profiles", 0, f"None in {' or '.join(map(str, folders()))}: u is wider. `qc calibrate` makes one.")


def check_titles(folder: Path | None) -> Check:
    """The folder of titles."""

    def find() -> str:
        if folder is None:
            return "Not set: name them with --titles, or titles in qc.toml."
        refuse_missing(None, folder, None)
        there = [p for p in folder.iterdir() if p.is_dir() or p.suffix.lower() == ".pdf"]
        return f"{folder}: titles found: {len(there)}"

    return _check("titles", find)


def check_store(path: Path | None) -> Check:
    """The store, which is not changed, not even brought up to date."""

    def find() -> str:
        if path is None:
            return "Not set: results are kept with --store, or store in qc.toml."
        if not path.exists():
            _require_writable(path, "--store")
            return f"{path} is not there yet; the first batch or inspection makes it."
        with path.open("rb") as file:
            head = file.read(72)
        # Where SQLite keeps user_version and application_id, see its file format, 1.3.
        version, program = (int.from_bytes(head[at : at + 4], "big") for at in (60, 68))
        if head and not (program == APPLICATION_ID and version < len(STEPS)):
            with Store(path):
                pass
        _require_writable(path, "--store")
        later = "" if version == len(STEPS) else f", brought up to {len(STEPS)} when next written"
        return f"{path}: version {version}{later}"

    return _check("store", find)


def check_out(folder: Path) -> Check:
    """Whether results can be written to `folder`, and the room there; nothing is made."""

    def find() -> str:
        there = _require_writable(folder, "--out")
        free = shutil.disk_usage(there).free
        if free < LEAST_FREE_BYTES:
            raise OutputError(f"{free / 1e6:.0f} MB are free for {folder}; a night of 200 copies takes 500. Make room.")
        return f"{folder}: {free / 1e9:.1f} GB free"

    return _check("out", find)


def _require_writable(path: Path, option: str) -> Path:
    """The path, or the nearest folder above that is there, in which something may be written."""
    there = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
    folder = there if there.is_dir() else there.parent
    if not (os.access(there, os.W_OK) and os.access(folder, os.W_OK)) or (there != path.absolute() and there != folder):
        raise OutputError(f"{path} cannot be written, as {there} cannot. Choose another with {option}.")
    return folder


def _check(part: str, find: Callable[[], str]) -> Check:
    try:
        return Check(part, 0, find())
    except OSError as fault:
        return Check(part, OutputError.exit_code, f"{fault.filename}: {fault.strerror}.")
    except QcError as fault:
        return Check(part, *failure(fault))
