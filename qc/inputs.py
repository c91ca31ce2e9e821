"""A copy as a command opens it: its scans and facts, what it is held against, and the scanner that made the scans."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from qc.errors import ReferenceFault, UsageError
from qc.features.text.cover_isbn import cover_isbns, covers_with_isbn
from qc.features.text.separator import read_sheet, split_at_sheets
from qc.model import BookCopy, Part, Role
from qc.normalize.calibrated import AppliedProfile, choose_profile
from qc.normalize.empty_glass import with_glass
from qc.reference.cover import CoverReference
from qc.reference.find import Reference, find_cover, find_reference, looked_up
from qc.scan.copy_folder import open_copy
from qc.scan.file_roles import is_called_glass
from qc.scan.profile_file import load_profile
from qc.scan.scan_reader import ScanReader
from qc.scan.statements import statements_of


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
    """Refuse what the command line or a setting names and is not there.

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


def may_hold_sheets(path: Path) -> bool:
    """Whether there are scans at `path` to look through for separator sheets: a copy.toml says that they are of one copy."""
    return path.exists() and not (path / "copy.toml").exists()


def find_parts(path: Path) -> tuple[list[Part] | None, dict[str, str]]:
    """The copies that separator sheets part the scans at `path` into, None without sheets; and what belongs to none, and why.

    Notes
    -----
    Scans of which a returns.csv or the name of a cover says that they are of one copy are looked through if the first is a sheet.
    A scan of the empty glass belongs to all copies.
    """
    if not may_hold_sheets(path) or len((copy := open_copy(path)).scans) < 2:
        return None, {}
    copy = with_glass(copy, ScanReader(0))
    glasses = tuple(s for s in copy.scans if s.role is Role.GLASS)
    scans = [s for s in copy.scans if s not in glasses]
    one = statements_of(path).row is not None or any(scan.role is not Role.PAGE for scan in scans)
    if one and read_sheet(scans[0]) is None:
        return None, {}
    split = split_at_sheets(scans)
    if split is None:
        return None, {}
    said = {f"{path.name}, {name}": "no page follows its separator sheet" for name in split.empty}
    if split.before:
        count = len(split.before)
        names = f"{count} scan{'s' if count > 1 else ''} from {split.before[0].name}"
        said[f"{path.name}, {names}"] = "before the first separator sheet nothing says whose they are"
    return [replace(part, scans=(*part.scans, *glasses)) for part in split.parts], said


def names_no_book(path: Path, part: Part | None = None) -> bool:
    """Whether neither copy.toml nor returns.csv states which book a copy is; False where they cannot be read."""
    try:
        stated = statements_of(path, part=part)
    except UsageError:
        return False
    return stated.reference.file is None and stated.isbn is None and stated.claim.ordered_isbn is None


def read_isbn(path: Path, titles: Path, part: Part | None = None) -> str | None:
    """The ISBN in the barcode of a copy of which no book is stated; else None.

    Parameters
    ----------
    path : Path
        Of the copy. Its back cover or wrap is read; where none is named so, its last scan, then its first.
    titles : Path
        Folder of titles. Of several numbers the one that lies there counts; one that does not must be sure.
    part : Part, optional
        As of `open_copy`.

    Notes
    -----
    It never replaces what is stated.
    """
    copy = open_copy(path, part=part)
    if copy.reference.file is not None or copy.book_isbn is not None or not copy.scans:
        return None
    scans = [s for s in copy.scans if not is_called_glass(s.name)] or copy.scans
    scans = covers_with_isbn(copy) or [scans[i] for i in dict.fromkeys((len(scans) - 1, 0))]
    reader = ScanReader(most_bytes=0)
    for scan in scans:
        read = [code for code, _ in cover_isbns([scan], copy.scan.dpi, (), reader)]
        there = [c.isbn for c in read if any(looked_up(replace(copy, isbn=c.isbn), titles))]
        found = there or [c.isbn for c in read if c.sure]
        if len(found) == 1:
            return found[0]
    return None


def open_with(
    path: Path,
    *,
    reference: Path | None = None,
    titles: Path | None = None,
    scanner: str | None = None,
    usual_scanner: str | None = None,
    dpi: float | None = None,
    isbn: str | None = None,
    part: Part | None = None,
) -> Opened:
    """Open the copy at `path` with what the command line says of it; no pixel is read.

    Parameters
    ----------
    path : Path
        As of `open_copy`, as are `usual_scanner` and `part`.
    reference, titles : Path or None
        As of `find_reference`.
    scanner : str or None
        As of `choose_profile`.
    dpi : float or None
        Resolution of the scans, believed over copy.toml and their headers.
    isbn : str or None
        Of the copy, believed over copy.toml; a reference file named there is still looked up first.

    Raises
    ------
    QcError
        As these raise it.
    """
    copy = open_copy(path, usual_scanner, part)
    if dpi is not None:
        copy = replace(copy, scan=replace(copy.scan, dpi=dpi))
    if isbn is not None:
        copy = replace(copy, isbn=isbn)
    found, note = find_reference(copy, reference, titles)
    cover, cover_note = find_cover(copy, reference, titles, found)
    return Opened(copy, found, note, choose_profile(copy, scanner), cover, cover_note)
