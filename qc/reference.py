"""What was ordered: the print-ready PDF, page by page, in page-frame millimeters."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray

from qc import cache
from qc.copy_reference import CopyReference
from qc.errors import ReferenceFault, ScanError, UsageError
from qc.geometry import Affine, Size
from qc.intake import open_copy
from qc.model import BookCopy, ReferenceId
from qc.pdfium import LOCK, RENDER_DPI, VERSION, Box, Sheet, all_sideways, draw, open_document, sheets
from qc.reference_page import MARGIN_MM as MARGIN_MM
from qc.reference_page import THUMBNAIL_DPI as THUMBNAIL_DPI
from qc.reference_page import WORKING_DPI as WORKING_DPI
from qc.reference_page import Reference as Reference
from qc.reference_page import ReferencePage as ReferencePage
from qc.title import Title, read_title, stated_trim
from qc.trimboxes import describe, title_trim, trim_boxes
from qc.units import px_per_mm

_FORMAT = 2
_PAGES_IN_MEMORY = 2


class PdfReference:
    """The ordered book as a print-ready PDF. Opened by `open_reference`; safe to share between threads.

    Attributes
    ----------
    id : ReferenceId
        `note` says what was odd about the title, if anything.
    pages : int
    trim : Size
        Of the title: as stated, else that of most pages.
    paper, ink : str or None
        As stated in title.toml.
    u_trim_mm : float
        0: the trim lines of a PDF are exact.

    Notes
    -----
    Pages are drawn at 600 dpi and averaged in linear light to the resolution asked for: a pixel holds the light a
    scanner would see. Linearize before taking means of a picture for coverage or tone. At 150 dpi, text then lies
    within 0.003 mm of its place and pictures within 0.012 mm, not 0.04 mm and 0.07 mm as when drawn at 150 dpi. Text is
    5 % darker than drawn at 2400 dpi (directly: 35 %), a 0.25 pt hairline 14 % (150 %).

    The PDF must not change while it is in use.
    """

    u_trim_mm = 0.0

    def __init__(self, path: Path, name: str, title: Title) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                self._sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as fault:
            raise ReferenceFault(f"{path} cannot be read ({fault.strerror}). Check the path.") from fault
        self._sheets = self._examined(title.trim)
        self._trims = trim_boxes(self._sheets, title.trim, title.bleed)
        self.pages = len(self._trims)
        self.trim = title_trim(self._trims, title.trim)
        self.paper, self.ink = title.paper, title.ink
        self.id = ReferenceId("pdf", name, self._sha256, self._doubts(title))
        self._recent = lru_cache(_PAGES_IN_MEMORY)(self._page)
        self._thumbnails = lru_cache(1)(self._all_thumbnails)

    def page(self, number: int) -> ReferencePage:
        """Page `number`, 1-based, at `WORKING_DPI`. It is drawn when its picture is asked for, and what is made of it for
        comparisons is kept in the disk cache, so that further copies of the title need not draw it.

        Raises
        ------
        IndexError
            There is no such page.
        ReferenceFault
            When drawn: the page is damaged, or the PDF is not there any more.
        """
        return self._recent(number)

    def thumbnails(self) -> NDArray[np.uint8]:
        """Gray pictures of all pages inside the trim at `THUMBNAIL_DPI`, shape (pages, h, w); for page matching.

        Their size is that of the title's trim, rounded to whole pixels; pages of another size keep their scale and are
        cut or padded with white at the right and at the foot.
        """
        return self._thumbnails()

    def _all_thumbnails(self) -> NDArray[np.uint8]:
        width, height = (round(v * px_per_mm(THUMBNAIL_DPI)) for v in (self.trim.width_mm, self.trim.height_mm))
        return cache.arrays(
            self._key("thumbnails", (self._trims, width, height)),
            lambda: {"all": np.stack([self._thumbnail(n, width, height) for n in range(1, self.pages + 1)])},
        )["all"]

    def crop(self, number: int, box_mm: Box, dpi: float) -> NDArray[np.uint8]:
        """Picture of a page-frame box of page `number`; not cached.

        Parameters
        ----------
        number
            1-based.
        box_mm
            x0, y0, x1, y1 in page-frame mm; may reach beyond the page.
        dpi
            Of the picture, exact: pixel `i` has its center `i + 0.5` pixels from the edge of the box. The last row and
            column may reach beyond the box.

        Returns
        -------
        ndarray, shape (h, w, 3), uint8
            sRGB, white outside the page of the PDF.

        Raises
        ------
        IndexError, ReferenceFault
            As `page`.

        Notes
        -----
        At less than 75 dpi lines thinner than an eighth of a pixel come out too dark.
        """
        if not 1 <= number <= self.pages:
            raise IndexError(f"page {number} of a reference with {self.pages} pages")
        x0, y0, x1, y1 = box_mm
        scale = px_per_mm(dpi)
        size = math.ceil((x1 - x0) * scale - 1e-6), math.ceil((y1 - y0) * scale - 1e-6)
        left, top = self._trims[number - 1][:2]
        with self._opened(number) as page:
            return draw(page, self._sheets[number - 1], (left + x0, top + y0), dpi, size)

    def _page(self, number: int) -> ReferencePage:
        if not 1 <= number <= self.pages:
            raise IndexError(f"page {number} of a reference with {self.pages} pages")
        left, top, right, bottom = trim_box = self._trims[number - 1]
        trim = Size(right - left, bottom - top)
        box = (-MARGIN_MM, -MARGIN_MM, trim.width_mm + MARGIN_MM, trim.height_mm + MARGIN_MM)
        scale = px_per_mm(WORKING_DPI)
        offset = MARGIN_MM * scale - 0.5
        return ReferencePage(
            number,
            trim,
            Affine.shift(offset, offset).after(Affine.scaling(scale)),
            lambda: self.crop(number, box, WORKING_DPI),
            self._key(f"page-{number}", trim_box),
        )

    def _thumbnail(self, number: int, width: int, height: int) -> NDArray[np.uint8]:
        left, top, right, bottom = self._trims[number - 1]
        picture = self.crop(number, (0.0, 0.0, right - left, bottom - top), THUMBNAIL_DPI)[:height, :width]
        page = np.full((height, width), 255, np.uint8)
        page[: picture.shape[0], : picture.shape[1]] = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        return page

    def _doubts(self, title: Title) -> str:
        doubts = []
        if title.trim and title.trim != self.trim:
            used, stated = (describe(t.width_mm, t.height_mm) for t in (self.trim, title.trim))
            doubts.append(f"the TrimBox of the PDF, {used}, is used, not the stated trim {stated}")
        if title.pages is not None and title.pages != self.pages:
            doubts.append(f"title.toml states {title.pages} pages, the PDF has {self.pages}")
        return "; ".join(doubts)

    def _examined(self, stated: Size | None) -> list[Sheet]:
        key = self._key("sheets")
        if stored := cache.load(key):
            known = json.loads(stored)
        else:
            with LOCK:
                document = open_document(self._path, ReferenceFault)
                try:
                    known = {"sheets": [astuple(s) for s in sheets(document)], "sideways": all_sideways(document)}
                except pypdfium2.PdfiumError as fault:
                    raise ReferenceFault(f"{self._path} has damaged pages ({fault}). Export it again.") from fault
                finally:
                    document.close()
            cache.store(key, json.dumps(known).encode())
        found = [Sheet(w, h, unit, trim and tuple(trim), tuple(inked)) for w, h, unit, trim, inked in known["sheets"]]
        if known["sideways"] and stated is None:
            short, long = sorted((found[0].width_mm, found[0].height_mm))
            half = describe(*sorted((long / 2, short)))
            raise ReferenceFault(
                f"{self._path} has all its text lying on its side, which looks like an imposed sheet of two {half} "
                "pages. Export single pages; if the pages really are so, state the trim."
            )
        return found

    def _key(self, name: str, geometry: object = None) -> str:
        how = repr((_FORMAT, VERSION, RENDER_DPI, WORKING_DPI, geometry))
        return f"reference/{self._sha256}/{name}-{hashlib.sha256(how.encode()).hexdigest()[:16]}"

    @contextmanager
    def _opened(self, number: int) -> Iterator[pypdfium2.PdfPage]:
        # Opened anew each time, for a millisecond: a document left to the garbage collector is closed without LOCK.
        with LOCK:
            document = open_document(self._path, ReferenceFault)
            try:
                page = document[number - 1]
            except pypdfium2.PdfiumError as fault:
                document.close()
                raise ReferenceFault(f"page {number} of {self._path} is damaged. Export it again.") from fault
        try:
            yield page
        finally:
            with LOCK:
                page.close()
                document.close()


def open_reference(path: Path, *, trim: str | None = None, bleed: bool | None = None) -> Reference:
    """The reference at `path`.

    Parameters
    ----------
    path
        A title folder with interior.pdf and perhaps title.toml, a PDF, or an approved copy: a folder of scans.
    trim, bleed
        Override title.toml: the ordered trim, such as ``"6 x 9 in"``, and whether its pages have bleed.

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
        pdf, name = path / "interior.pdf", path.resolve().name
        scans = None if pdf.is_file() else _approved(path)
        if scans is None and not pdf.is_file():
            found = (
                "only cover.pdf; covers are not compared yet" if (path / "cover.pdf").is_file() else "no interior.pdf"
            )
            raise ReferenceFault(f"{path} has {found}. Put the print-ready pages there as interior.pdf.")
        if (path / "title.toml").exists():
            title = read_title(path / "title.toml")
    if trim is not None:
        title = replace(title, trim=stated_trim(trim, str(path)))
    if bleed is not None:
        title = replace(title, bleed=bleed)
    if scans is not None:
        if title.trim is None:
            title = replace(title, trim=stated_trim(scans.reference.trim, str(path)))
        return CopyReference(scans, title)
    return PdfReference(pdf, name, title)


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
        Its `reference.trim` and `reference.bleed` override title.toml.
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
        return open_reference(option, trim=stated.trim, bleed=stated.bleed), ""
    folders: tuple[Path | None, ...]
    names: tuple[str, ...]
    if stated.file is not None:
        what, folders = f"the reference {stated.file!r} named in copy.toml", (titles, copy.path.parent)
        names = (stated.file,)
    elif copy.isbn is not None:
        what, folders = f"the title {copy.isbn}", (titles,)
        names = tuple(dict.fromkeys((copy.isbn, copy.isbn.replace("-", "").replace(" ", ""))))
    else:
        return None, "No reference was named, and copy.toml states no ISBN to look one up."
    searched = [f for f in folders if f is not None]
    if not searched:
        return None, f"There is no folder to look up {what} in; pass --titles."
    for path in (p for folder in searched for name in names for p in _inside(folder, name)):
        try:
            return open_reference(path, trim=stated.trim, bleed=stated.bleed), ""
        except (ReferenceFault, UsageError) as fault:
            return None, f"{what[0].upper()}{what[1:]} cannot be used: {fault}"
    return None, f"{what[0].upper()}{what[1:]} was not found under {' or '.join(map(str, searched))}."


def _inside(folder: Path, name: str) -> Iterator[Path]:
    """`name`, and `name` as a PDF, where they exist in `folder` and lead nowhere else."""
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts or not relative.parts or "\0" in name:
        return
    root = folder.resolve()
    for path in (folder / relative, folder / f"{relative}.pdf"):
        if path.exists() and path.resolve().is_relative_to(root):
            yield path
