"""A copy as a command opens it: its scans and facts, what it is held against, and the scanner that made the scans."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from qc.errors import ReferenceFault, UsageError
from qc.model import BookCopy
from qc.normalize.calibrated import AppliedProfile, choose_profile
from qc.reference.cover import CoverReference
from qc.reference.find import Reference, find_cover, find_reference
from qc.scan.copy_folder import open_copy
from qc.scan.profile_file import load_profile


@dataclass(frozen=True)
class Opened:
    """A copy with its reference and its ordered cover; `note` and `cover_note` say why there is none.

    `scanner` is the one its scans were made on.
    """

    copy: BookCopy
    reference: Reference | None
    note: str
    scanner: AppliedProfile
    cover: CoverReference | None = None
    cover_note: str = ""


def refuse_missing(reference: Path | None, titles: Path | None, scanner: str | None) -> None:
    """Refuse what the command line names and is not there.

    Raises
    ------
    UsageError
        `titles` is no folder.
    ReferenceFault
        `reference` or `scanner` does not exist, or the profile of the scanner cannot be used or has expired.
    """
    if titles is not None and not titles.is_dir():
        raise UsageError(f"--titles {titles} is no folder. Check the path.")
    if reference is not None and not reference.exists():
        raise ReferenceFault(f"The reference {reference} does not exist. Check the path.")
    if scanner is not None:
        load_profile(scanner)


def open_with(
    path: Path,
    *,
    reference: Path | None = None,
    titles: Path | None = None,
    scanner: str | None = None,
    dpi: float | None = None,
) -> Opened:
    """Open the copy at `path` with what the command line says of it; no pixel is read.

    Parameters
    ----------
    path : Path
        As of `open_copy`.
    reference, titles : Path or None
        As of `find_reference`.
    scanner : str or None
        As of `choose_profile`.
    dpi : float or None
        Resolution of the scans, believed over copy.toml and their headers.

    Raises
    ------
    QcError
        As these raise it.
    """
    copy = open_copy(path)
    if dpi is not None:
        copy = replace(copy, scan=replace(copy.scan, dpi=dpi))
    found, note = find_reference(copy, reference, titles)
    cover, cover_note = find_cover(copy, reference, titles, found)
    return Opened(copy, found, note, choose_profile(copy, scanner), cover, cover_note)
