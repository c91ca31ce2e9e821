"""Find and open what was ordered: a print-ready PDF or an approved copy, named by option, copy.toml or ISBN."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from qc.errors import ReferenceFault, ScanError, UsageError
from qc.geometry import Direction
from qc.model import BookCopy
from qc.reference.approved_copy import CopyReference
from qc.reference.base import Reference as Reference
from qc.reference.base import ReferencePage as ReferencePage
from qc.reference.cover import CoverReference
from qc.reference.pdf import PdfReference
from qc.reference.title_toml import Title, read_title, stated_trim
from qc.reference.wrap import NotAWrap, find_wrap
from qc.scan.copy_folder import open_copy
from qc.scan.paths import leads_outside, real

_TITLE_FILES = ("interior.pdf", "cover.pdf", "title.toml")


def open_reference(
    path: Path, *, trim: str | None = None, bleed: bool | None = None, direction: Direction | None = None
) -> Reference:
    """The reference at `path`.

    Parameters
    ----------
    path
        A title folder with interior.pdf and perhaps title.toml, that interior.pdf, another PDF, or an approved copy: a
        folder of scans.
    trim, bleed
        Override title.toml: the ordered trim, such as ``"6 x 9 in"``, and whether its pages have bleed.
    direction
        Overrides title.toml and what the PDF says of its reading direction.

    Raises
    ------
    ReferenceFault
        It is missing, unreadable, encrypted or empty, is a cover or spreads, or does not fit the stated trim or bleed.
    UsageError
        title.toml or `trim` is not understood.
    """
    title, pdf, name = Title(), path, path.stem
    scans: BookCopy | None = None
    if path.is_dir():
        pdf, name = path / "interior.pdf", real(path).name
        scans = None if pdf.is_file() else _approved(path)
        if scans is None and not pdf.is_file():
            found = "only cover.pdf" if (path / "cover.pdf").is_file() else "no interior.pdf"
            raise ReferenceFault(f"{path} has {found}. Put the print-ready pages there as interior.pdf.")
    if _statement(path).exists():
        title = read_title(_statement(path))
    if trim is not None:
        title = replace(title, trim=stated_trim(trim, str(path)))
    if bleed is not None:
        title = replace(title, bleed=bleed)
    if direction is not None:
        title = replace(title, direction=direction)
    if scans is not None:
        if title.trim is None:
            title = replace(title, trim=stated_trim(scans.reference.trim, str(path)))
        return CopyReference(scans, title)
    return PdfReference(pdf, name, title)


def _statement(path: Path) -> Path:
    """The title.toml of a title folder, or beside its interior.pdf."""
    return (path.parent if path.name == "interior.pdf" else path) / "title.toml"


def _approved(folder: Path) -> BookCopy | None:
    """The copy whose interior pages were scanned into `folder`; None if there is none."""
    try:
        copy = open_copy(folder)
    except ScanError:
        return None
    return copy if copy.pages else None


def find_reference(copy: BookCopy, option: Path | None, titles: Path | None) -> tuple[Reference | None, str]:
    """The reference to hold `copy` against, or None and one sentence that says why there is none.

    Parameters
    ----------
    copy
        Its `reference.trim`, `reference.bleed` and `reference.direction` override title.toml.
    option
        Named on the command line: it is this one or an error.
    titles
        Folder of titles by ISBN, given on the command line. What copy.toml names is looked for there and in the folder
        that holds the copies, never outside of both.

    Raises
    ------
    ReferenceFault
        `option` cannot be used.
    UsageError
        `titles` is no folder, or the title.toml of `option` is not understood.
    """
    if titles is not None and not titles.is_dir():
        raise UsageError(f"--titles {titles} is no folder. Check the path.")
    stated = copy.reference
    if option is not None:
        return open_reference(option, trim=stated.trim, bleed=stated.bleed, direction=stated.direction), ""
    what, searched = _searched(copy, titles)
    if not what:
        return (
            None,
            "It is not known which book was ordered: write its ISBN into copy.toml, or name its file with --reference.",
        )
    if not searched:
        return None, f"There is no folder to look up {what} in: name one with --titles."
    for path in looked_up(copy, titles):
        try:
            return open_reference(path, trim=stated.trim, bleed=stated.bleed, direction=stated.direction), ""
        except (ReferenceFault, UsageError) as fault:
            return None, f"{what[0].upper()}{what[1:]} cannot be used: {fault}"
    places = " or ".join(map(str, searched))
    return (
        None,
        f"{what[0].upper()}{what[1:]} was not found under {places}: add it there, or name its file with --reference.",
    )


def find_cover(
    copy: BookCopy, option: Path | None, titles: Path | None, reference: Reference | None
) -> tuple[CoverReference | None, str]:
    """The ordered cover of `copy`, the cover.pdf beside its pages; else None, and why it cannot be measured where there is one.

    `reference` tells trim, number of pages and direction where neither copy.toml nor title.toml does; the others are as of
    `find_reference`.
    """
    stated = copy.reference
    for path in [option] if option is not None else looked_up(copy, titles):
        folder = path if path.is_dir() else path.parent
        pdf = folder / "cover.pdf"
        if not pdf.is_file() or (path.is_file() and path.name not in _TITLE_FILES):
            continue
        try:
            title = read_title(_statement(folder)) if _statement(folder).exists() else Title()
            trim = stated_trim(stated.trim, str(copy.path)) or title.trim
            if trim is None and reference is not None and reference.trim_known:
                trim = reference.trim
            known = reference is not None and reference.id.kind == "pdf"
            pages = title.pages or (reference.pages if reference is not None and known else None)
            direction = stated.direction or (reference.direction if reference is not None else None)
            wrap = find_wrap(pdf, title, trim=trim, pages=pages, direction=direction)
            if isinstance(wrap, NotAWrap):
                return None, f"The ordered cover cannot be measured. {wrap.reason}"
            return CoverReference(pdf, real(folder).name, wrap), ""
        except (ReferenceFault, UsageError, OSError) as fault:
            return None, f"The ordered cover cannot be used: {fault}"
    return None, ""


def looked_up(copy: BookCopy, titles: Path | None) -> Iterator[Path]:
    """Where something lies under the name of the reference of `copy`, best first; nothing is opened."""
    names: tuple[str, ...] = ()
    if copy.reference.file is not None:
        names = (copy.reference.file,)
    elif copy.isbn is not None:
        names = tuple(dict.fromkeys((copy.isbn, copy.isbn.replace("-", "").replace(" ", ""))))
    return (p for folder in _searched(copy, titles)[1] for name in names for p in _inside(folder, name))


def _searched(copy: BookCopy, titles: Path | None) -> tuple[str, list[Path]]:
    """What is looked up, in words, and the folders where; the words are empty where nothing is named."""
    if copy.reference.file is not None:
        what = f"the reference {copy.reference.file!r} named in copy.toml"
        return what, [f for f in (titles, copy.path.parent) if f is not None]
    if copy.isbn is not None:
        return f"the title {copy.isbn}", [titles] if titles is not None else []
    return "", []


def _inside(folder: Path, name: str) -> Iterator[Path]:
    """`name`, and `name` as a PDF, where they exist in `folder` and lead nowhere else, nor does what is read in them."""
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts or not relative.parts or "\0" in name:
        return
    for path in (folder / relative, folder / f"{relative}.pdf"):
        try:
            found = path.exists()
        except OSError:  # a name longer than names may be
            continue
        if found and not any(
            leads_outside(p, folder) for p in (path, *(path / n for n in _TITLE_FILES), _statement(path))
        ):
            yield path
