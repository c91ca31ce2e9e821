"""What was ordered as a print-ready PDF, page by page, in page-frame millimeters."""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray

from qc.errors import ReferenceFault
from qc.geometry import MARGIN_MM, MOST_TRIM_MM, THUMBNAIL_DPI, WORKING_DPI, Affine, Box, Direction, Size
from qc.model import ReferenceId
from qc.reference import cache
from qc.reference.base import ReferencePage
from qc.reference.crop_marks import MARKS_DPI, RIM_DPI, Marks, crop_marks, marked_sample, prints_to_rim, with_marks
from qc.reference.pdf_boxes import (
    TOLERANCE_MM,
    bleed_at_right,
    describe,
    title_known,
    title_trim,
    trim_boxes,
    unknown_in_words,
    with_neighbors,
)
from qc.reference.pdf_colors import PdfColors
from qc.reference.title_toml import Title
from qc.scan.pdfium import (
    LOCK,
    VERSION,
    PdfPage,
    all_sideways,
    draw,
    open_document,
    render,
    save,
    sheets,
    stated_direction,
)
from qc.units import px_per_mm

_PAGES_IN_MEMORY = 2
_LOOKED_AT_FACTOR = 2


class PdfReference:
    """The ordered book as a print-ready PDF. Opened by `open_reference`; safe to share between threads.

    Attributes
    ----------
    id : ReferenceId
        `note` says what was odd about the title, if anything; `colors` which color management the PDF holds and how it
        was drawn.
    pages : int
    trim : Size
        Of the title: as stated, else that of most pages.
    trim_known : bool
        Whether that is the trim, or only the size of pages whose trim neither a box nor a mark, a statement or the size
        itself tells.
    trim_by_size : bool
        Whether nothing but the size of the pages tells it.
    paper, ink : str or None
        As stated in title.toml.
    direction, direction_by : Direction, str
        As stated, else as the PDF says, else left to right; and which of these, empty for the last.
    bleed_at_right : bool or None
        Whether odd pages have bleed at the right and none at the left, or the other way round; None where TrimBoxes do not tell.
    lopsided : bool
        Some page has no TrimBox and bleed at three sides: which side has none was assumed.
    u_trim_mm : float
        0: the trim lines of a PDF are exact.
    u_color : float
        dE00; not 0 where what its colors mean in print is not known, see `qc.reference.pdf_colors`.

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
            if not path.is_file():
                raise ReferenceFault(f"{path} is not there or is no file. Check the path.")
            with path.open("rb") as file:
                self._sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as fault:
            raise ReferenceFault(f"{path} cannot be read ({fault.strerror}). Check the path.") from fault
        pages, own = self._examined(title.trim)
        self.direction = title.direction or own or Direction.LTR
        self.direction_by = "as stated" if title.direction else "by the PDF" if own else ""
        self.bleed_at_right = bleed_at_right(pages)
        pages, unsure = with_neighbors(pages)
        self._sheets = pages
        pages, by_marks = with_marks(pages, self._marks(pages), title.trim)
        self._sheets, by_neighbors = with_neighbors(pages)
        trims = trim_boxes(
            self._sheets,
            title.trim,
            title.bleed,
            unsure | by_marks | by_neighbors,
            self._prints_to_rim,
            self.direction,
        )
        self._trims, self._known = [t.box for t in trims], [t.known for t in trims]
        self.lopsided = any(
            s.trim is None and abs(t[0] - (s.width_mm - t[2])) > TOLERANCE_MM
            for s, t in zip(self._sheets, self._trims, strict=True)
        )
        self.pages = len(trims)
        self.trim, self.trim_known = title_trim(trims, title.trim), title_known(trims)
        unboxed = 2 * sum(s.trim is None for s in self._sheets) > self.pages
        self.trim_by_size = unboxed and title.trim is None and title.bleed is None
        self.paper, self.ink = title.paper, title.ink
        colors = self._color_management()
        self.u_color = colors.u
        self.id = ReferenceId("pdf", name, self._sha256, self._doubts(title), colors.words)
        self._recent = lru_cache(_PAGES_IN_MEMORY)(self._page)
        self._thumbnails = lru_cache(1)(self._all_thumbnails)

    def page(self, number: int) -> ReferencePage:
        """Page `number`, 1-based, at `WORKING_DPI`.

        It is rendered when its image is asked for; what is derived from it for comparisons is kept in the disk cache, so
        that further copies of the title need not render it.

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

    def crop(self, number: int, box_mm: Box, dpi: float, *, exact: bool = True) -> NDArray[np.uint8]:
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
        exact
            False for a picture that is only looked at: drawn at twice `dpi`, hairlines then come out a little heavy.

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
            origin = left + x0, top + y0
            return draw(page, self._sheets[number - 1], origin, dpi, size, *(() if exact else (_LOOKED_AT_FACTOR,)))

    def _page(self, number: int) -> ReferencePage:
        if not 1 <= number <= self.pages:
            raise IndexError(f"page {number} of a reference with {self.pages} pages")
        left, top, right, bottom = trim_box = self._trims[number - 1]
        trim = Size(right - left, bottom - top)
        scale = px_per_mm(WORKING_DPI)
        box = (-MARGIN_MM, -MARGIN_MM, trim.width_mm + MARGIN_MM, trim.height_mm + MARGIN_MM)
        offset = MARGIN_MM * scale - 0.5
        return ReferencePage(
            number,
            trim,
            Affine.shift(offset, offset).after(Affine.scaling(scale)),
            lambda: self.crop(number, box, WORKING_DPI),
            self._key(f"page-{number}", (trim_box, self._sheets[number - 1].inked)),
            self._known[number - 1],
        )

    def _thumbnail(self, number: int, width: int, height: int) -> NDArray[np.uint8]:
        left, top, right, bottom = self._trims[number - 1]
        if cache.is_unwritten():
            picture = self.crop(number, (0.0, 0.0, right - left, bottom - top), THUMBNAIL_DPI)
            gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        else:
            # What registration, edges and color will ask for comes of the same drawing: two pages in five ask for all detail.
            drawn = self._page(number)
            _ = drawn.smooth, drawn.light, drawn.luminance
            gray = drawn.reduced(THUMBNAIL_DPI)
        page = np.full((height, width), 255, np.uint8)
        part = gray[:height, :width]
        page[: part.shape[0], : part.shape[1]] = part
        return page

    def _doubts(self, title: Title) -> str:
        doubts = []
        if title.trim and title.trim != self.trim:
            used, stated = (describe(t.width_mm, t.height_mm) for t in (self.trim, title.trim))
            by = "TrimBox" if any(s.trim for s in self._examined(title.trim)[0]) else "trim by the crop marks"
            doubts.append(f"the {by} of the PDF, {used}, is used, not the stated trim {stated}")
        if not self.trim_known:
            doubts.append(unknown_in_words(self.trim, title.bleed))
        if title.pages is not None and title.pages != self.pages:
            doubts.append(f"title.toml states {title.pages} pages, the PDF has {self.pages}")
        return "; ".join(doubts)

    def _examined(self, stated: Size | None) -> tuple[list[PdfPage], Direction | None]:
        """Boxes of the pages, and the reading direction that the PDF states."""
        known = cache.facts(self._key("sheets"), self._read_boxes)
        found = [PdfPage(w, h, unit, trim and tuple(trim), tuple(inked)) for w, h, unit, trim, inked in known["sheets"]]
        for number, sheet in enumerate(found, 1):
            if max(sheet.width_mm, sheet.height_mm) > MOST_TRIM_MM:
                raise ReferenceFault(
                    f"Page {number} of {self._path} measures {describe(sheet.width_mm, sheet.height_mm)}, more than the page "
                    "of a book can. Export it at true size."
                )
        if known["sideways"] and stated is None:
            short, long = sorted((found[0].width_mm, found[0].height_mm))
            half = describe(*sorted((long / 2, short)))
            raise ReferenceFault(
                f"{self._path} has all its text lying on its side, which looks like an imposed sheet of two {half} "
                "pages. Export single pages; if the pages really are so, state the trim."
            )
        return found, Direction(known["direction"]) if known["direction"] else None

    def _read_boxes(self) -> dict[str, object]:
        with LOCK:
            document = open_document(self._path, ReferenceFault)
            try:
                return {
                    "sheets": [astuple(s) for s in sheets(document)],
                    "sideways": all_sideways(document),
                    "direction": stated_direction(document),
                }
            except pypdfium2.PdfiumError as fault:
                raise ReferenceFault(f"{self._path} has damaged pages ({fault}). Export it again.") from fault
            finally:
                document.close()

    def _marks(self, pages: Sequence[PdfPage]) -> dict[int, Marks | None]:
        """Crop marks of a sample of the pages that have no TrimBox, by page number."""
        numbers = marked_sample(pages)
        found = cache.facts(
            self._key("marks"),
            lambda: {n: (m := crop_marks(self._whole(n, MARKS_DPI))) and astuple(m) for n in numbers},
        )
        return {int(n): m and Marks(tuple(m[0]), m[1]) for n, m in found.items()}

    def _prints_to_rim(self, numbers: Sequence[int]) -> bool:
        """Whether any of these pages prints to the rim of the PDF page."""
        key = self._key("rim", tuple(numbers))
        return bool(cache.facts(key, lambda: any(prints_to_rim(self._whole(n, RIM_DPI)) for n in numbers)))

    def _whole(self, number: int, dpi: float) -> NDArray[np.uint8]:
        """The whole PDF page as one plane, directly drawn."""
        sheet, scale = self._sheets[number - 1], px_per_mm(dpi)
        size = math.ceil(sheet.width_mm * scale - 1e-6), math.ceil(sheet.height_mm * scale - 1e-6)
        with self._opened(number) as page:
            rgb = render(page, sheet, (0.0, 0.0), scale, size)
        return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)

    def _color_management(self) -> PdfColors:
        known = cache.facts(self._key("colors"), self._read_colors)
        return PdfColors(known["intent"], tuple(known["profiles"]), known["cmyk"], known["known"])

    def _read_colors(self) -> dict[str, object]:
        # Only the first copy of a title waits for pypdf.
        from qc.reference.pdf_color_reader import pdf_colors

        # In a file: whole titles of pictures are hundreds of megabytes.
        with tempfile.TemporaryFile() as whole:
            with LOCK:
                document = open_document(self._path, ReferenceFault)
                try:
                    save(document, whole)
                finally:
                    document.close()
            return asdict(pdf_colors(whole))

    def _key(self, name: str, geometry: object = None) -> str:
        how = repr((cache.DRAWN, VERSION, geometry))
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
