"""Folder of a copy: its copy.toml, its scans in reading order; copies below an inbox.

Names propose: roles by whole words, order by natural sort. Nothing outside the folder of a copy is read.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from natsort import natsort_keygen, ns

from qc.errors import ScanError, UsageError
from qc.model import BookCopy, Part, Role, ScanFile
from qc.scan.file_roles import roles_of
from qc.scan.image_file import IMAGE_SUFFIXES, count_frames
from qc.scan.paths import leads_outside, real
from qc.scan.returns_csv import NAME as RETURNS
from qc.scan.returns_csv import returns_in
from qc.scan.statements import Statements, copy_id, statements_of

# images nobody here can read: each keeps its position, so that its page is asked for again
_OTHER_IMAGES = frozenset(
    {".jp2", ".j2k", ".jpf", ".jpx", ".bmp", ".webp", ".heic", ".heif", ".avif", ".gif", ".pnm", ".ppm", ".pgm", ".dng"}
)
_MULTIPAGE = frozenset({".tif", ".tiff", ".pdf"})
_REFERENCE_PDFS = frozenset({"interior.pdf", "cover.pdf"})
_READING_ORDER = (
    (Role.COVER_WRAP, Role.COVER_FRONT),
    (Role.PAGE,),
    (Role.COVER_BACK,),
    (Role.SPINE,),
    (Role.TARGET,),
)
_RANK = {role: rank for rank, roles in enumerate(_READING_ORDER) for role in roles}
_PAGE_SIDE = re.compile(r"(?<=\d)([ _-]?)(fron|back)(?:t?)(?![a-z])", re.IGNORECASE)

_natural: Callable[[str], Any] = natsort_keygen(alg=ns.PATH | ns.IGNORECASE)


def open_copy(path: Path, usual_scanner: str | None = None, part: Part | None = None) -> BookCopy:
    """The copy at `path`: a folder of scans, a multipage TIFF, or a PDF of scans; of a lost copy its row in returns.csv suffices.

    `usual_scanner` is the scanner of copies of which nothing else is stated; `part` is one of several copies in the scans there.

    Raises
    ------
    UsageError
        The path is missing or no copy, or its copy.toml or the returns.csv beside it is wrong.
    ScanError
        There is no image in it at all, unless the claim is for a lost copy, or the one file cannot be opened.

    Notes
    -----
    A file that cannot be opened keeps its position as one scan; reading it raises the `ScanError`.
    """
    stated = statements_of(path, usual_scanner, part)
    if part is not None:
        return _copy(path, stated, part.scans)
    if path.is_dir():
        return _open_folder(path, stated)
    if not path.is_file():
        if stated.row is not None and stated.row.lost:
            return _copy(path, stated, ())
        raise UsageError(
            f"{path} does not exist{_neighbors(path)}. Name a folder of scans, a multipage TIFF or a PDF of scans."
        )
    if path.suffix.lower() not in _MULTIPAGE:
        raise UsageError(
            f"{path} is a single file and neither TIFF nor PDF. A copy is a folder of scans, a multipage TIFF or a PDF "
            "of scans: put the scans of one book into a folder of their own and name that."
        )
    file = real(path)
    scans = (ScanFile(file, printable(path.name), frame) for frame in range(count_frames(file)))
    return _copy(path, stated, tuple(scans))


def _neighbors(path: Path) -> str:
    """In brackets, what lies beside a missing `path` and is called much like it."""
    try:
        beside = [printable(p.name) for p in path.parent.iterdir() if p.name[0] != "."]
    except OSError:
        return ""
    near = get_close_matches(path.name, beside, 3, 0.6)
    return f" (beside it {'lies' if len(near) == 1 else 'lie'} {', '.join(near)})" if near else ""


def files_of(path: Path) -> list[Path]:
    """The files that an inspection of the copy at `path` reads, without opening one: its images and its copy.toml."""
    if not path.is_dir():
        return [path] if path.exists() else []
    return sorted([*_images(path), *(p for p in [path / "copy.toml"] if p.exists())])


def files_passed_over(path: Path) -> list[str]:
    """Names in the folder of a copy that an inspection does not read: no image, no copy.toml, not hidden."""
    if not path.is_dir():
        return []
    read = {p.name for p in files_of(path)}
    return sorted((printable(p.name) for p in path.iterdir() if p.name not in read and p.name[0] != "."), key=_order)


def copies_passed_over(folder: Path, *, skip: Path | None = None) -> dict[str, str]:
    """What lies below `folder`, looks like a copy and is none, by its name below it, and why `find_copies` passes over it.

    Notes
    -----
    Not named are hidden folders, references, the folder `skip`, results of earlier inspections, and folders that hold folders.
    """
    skipped = real(skip) if skip else None
    taken = _copies_directly_in(folder)
    found: dict[str, str] = {}
    for file in _images(folder) if folder not in taken else []:
        if file.is_symlink() and leads_outside(file, folder):
            found[printable(file.name)] = "a link that leads outside the folder is not read"
        elif file not in taken:
            found[printable(file.name)] = "a single image beside whole copies is none; give it a folder of its own"
    ahead = [folder]
    while ahead:
        for path in _folders_in(ahead.pop()):
            name = printable(path.relative_to(folder).as_posix())
            if path.is_symlink() and not path.name.startswith("."):
                where = "outside the folder" if leads_outside(path, folder) else "to another folder"
                found[name] = f"a link that leads {where} is not read"
            elif _is_searched(path, skipped):
                ahead.append(path)
                if not (_is_copy(path) or _folders_in(path) or _holds_results(path)):
                    found[name] = "it holds no scan of a page"
    return dict(sorted(found.items(), key=lambda item: _order(item[0])))


def find_copies(folder: Path, *, skip: Path | None = None) -> list[Path]:
    """Every copy below `folder`, in natural order.

    Each folder that directly holds images is a copy, at any depth, and so is each multipage TIFF or PDF that lies in
    `folder` itself. So is a lost copy without a folder that a returns.csv names beside copies. Passed over are folders without
    images (but for a claim of a lost copy), references (``titles/`` and folders with an ``interior.pdf``), hidden folders,
    links out of `folder`, and the folder `skip`.

    Raises
    ------
    UsageError
        `folder` is missing or no folder, or a returns.csv is wrong.

    Notes
    -----
    Single images that lie in `folder` itself make it a copy of its own, unless files of whole copies lie there too.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder. Name the folder that holds the copies.")
    skipped = real(skip) if skip else None
    found = _copies_directly_in(folder)
    ahead = [folder]
    while ahead:
        at = ahead.pop()
        below = _searched_in(at, skipped)
        found += [p for p in below if _is_copy(p)]
        found += _lost_without_folder(at)
        ahead += below
    return sorted(found, key=lambda p: _order(p.relative_to(folder).as_posix()))


def _open_folder(path: Path, stated: Statements) -> BookCopy:
    files = _images(path)
    roles = roles_of([p.name for p in files])
    scans = tuple(scan for file in _ordered(files, roles) for scan in _scans_of(file, roles[file.name]))
    if not scans and stated.claim.reason != "lost":
        if copies := len(find_copies(path)):
            raise ScanError(
                f"{path} holds no scans itself but {copies} {'copy' if copies == 1 else 'copies'}. "
                f"Inspect all of them with `qc batch {path}`, or name one."
            )
        raise ScanError(
            f"{path} holds no scans. Put the scans of one book into it as TIFF, JPEG, PNG or PDF, one file a page."
        )
    return _copy(path, stated, scans)


def _copy(path: Path, stated: Statements, scans: tuple[ScanFile, ...]) -> BookCopy:
    return BookCopy(
        stated.id,
        path,
        scans,
        stated.isbn,
        stated.title,
        stated.pages_expected,
        stated.claim,
        stated.scan,
        stated.reference,
    )


def _scans_of(file: Path, role: Role) -> Iterable[ScanFile]:
    try:
        frames = count_frames(file)
    except ScanError:
        frames = 1
    name = printable(file.name)
    return (ScanFile(file, name, frame, role) for frame in range(frames))


def _images(folder: Path) -> list[Path]:
    return [p for p in folder.iterdir() if _is_image_name(p.name) and (p.is_symlink() or not p.is_dir())]


def _is_image_name(name: str) -> bool:
    if name.startswith((".", "~")):
        return False
    return Path(name).suffix.lower() in IMAGE_SUFFIXES | _OTHER_IMAGES


def _ordered(files: Iterable[Path], roles: Mapping[str, Role]) -> list[Path]:
    return sorted(files, key=lambda p: (_RANK[roles[p.name]], _order(p.name)))


def _order(name: str) -> tuple[Any, str]:
    """Sort key: natural order, the front of a sheet before its back, and the plain name where that leaves a tie."""
    name = unicodedata.normalize("NFC", printable(name))
    sides = _PAGE_SIDE.sub(lambda m: m[1] + ("a" if m[2].lower() == "fron" else "b"), name)
    return _natural(sides), name


def printable(name: str) -> str:
    """`name` as text that can be written as UTF-8, whatever bytes the file system holds."""
    return os.fsencode(name).decode("utf-8", "replace")


def _copies_directly_in(folder: Path) -> list[Path]:
    single: list[Path] = []
    whole: list[Path] = []
    unknown: list[Path] = []
    files = _images(folder)
    roles = roles_of([p.name for p in files])
    for file in files:
        if file.is_symlink() and leads_outside(file, folder):
            continue
        suffix = file.suffix.lower()
        if suffix not in _MULTIPAGE or roles[file.name] is not Role.PAGE:
            single.append(file)
            continue
        try:
            many = suffix == ".pdf" or count_frames(file) > 1
        except ScanError:
            unknown.append(file)
        else:
            (whole if many else single).append(file)
    if _has_copy_toml(folder) or (single and not whole):
        return [folder]
    return whole + unknown


def holds_copies(folder: Path, apart: str = "") -> bool:
    """Whether `folder` is where copies are put: it has a copy.toml or returns.csv, or most of what lies in it are scans or copies.

    Not counted are a file named `apart`, and hidden, reference and result folders. Most, not any: a picture lies in many
    folders, and somewhere below a shared one lies a copy.
    """
    if _has_copy_toml(folder) or (folder / RETURNS).is_file():
        return True
    try:
        there = [p for p in folder.iterdir() if p.name[0] != "." and p.name != apart]
    except OSError:
        return False
    files = [p for p in there if not p.is_dir()]
    below = [p for p in there if p.is_dir() and not (_is_reference(p) or _holds_results(p))]
    scans = sum(_is_image_name(p.name) for p in files) + sum(_has_copy_toml(p) or _holds_images(p) for p in below)
    return 2 * scans > len(files) + len(below)


def _holds_images(folder: Path) -> bool:
    try:
        return bool(_images(folder))
    except OSError:
        return False


def _lost_without_folder(folder: Path) -> list[Path]:
    """Where the folders of lost copies would be that the returns.csv in `folder` names and nothing there is."""
    lost = [name for name, row in returns_in(folder).rows.items() if row.lost]
    there = {copy_id(p) for p in (*_folders_in(folder), *_images(folder))} if lost else set()
    return [folder / name for name in lost if name not in there]


def _searched_in(folder: Path, skipped: Path | None) -> list[Path]:
    # not os.walk: it calls itself once a level, and a stranger's folders may be a thousand deep
    return [p for p in _folders_in(folder) if _is_searched(p, skipped)]


def _folders_in(folder: Path) -> list[Path]:
    try:
        return [p for p in folder.iterdir() if p.is_dir()]
    except OSError:
        return []


def _is_searched(folder: Path, skipped: Path | None) -> bool:
    if folder.name.startswith(".") or folder.is_symlink():
        return False
    if skipped and folder.name == skipped.name and real(folder) == skipped:
        return False
    return not _is_reference(folder)


def _is_reference(folder: Path) -> bool:
    if (folder / "interior.pdf").is_file():
        return True
    if folder.name.lower() != "titles":
        return False
    return any(p.name.lower() in _REFERENCE_PDFS for p in (*folder.glob("*.pdf"), *folder.glob("*/*.pdf")))


def _is_copy(folder: Path) -> bool:
    try:
        # What is stated is asked for where something may state it: to resolve the path of a folder a thousand deep is slow.
        stated = _has_copy_toml(folder) or (folder.parent / RETURNS).is_file()
        return _holds_images(folder) or (stated and statements_of(folder).claim.reason == "lost")
    except (OSError, UsageError):
        return False


def _holds_results(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("inspection.json", "summary.csv"))


def _has_copy_toml(folder: Path) -> bool:
    return (folder / "copy.toml").is_file()
