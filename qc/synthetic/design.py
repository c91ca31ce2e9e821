"""What was ordered: a title typeset into a real vector PDF."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from qc import units
from qc.synthetic.pictures import photograph
from qc.synthetic.words import TITLES, paragraph

BLEED_MM = units.to_mm(0.125, "in")
_PT_PER_MM = units.inches(72.0)


class Kind(StrEnum):
    """What a page shows."""

    TEXT = "text"
    CHAPTER = "chapter-opener"
    PICTURE = "picture"
    GRAY_PICTURE = "gray-picture"
    BLEED_BRIGHT = "bleed-bright"
    BLEED_DARK = "bleed-dark"
    BLEED_MIXED = "bleed-mixed"
    LINE_ART = "line-art"
    TABLE = "table"
    RULED = "ruled"
    RULED_BLEED = "ruled-bleed"
    DOT_GRID = "dot-grid"
    FOLIO_ONLY = "folio-only"
    BLANK = "blank"
    THREE_LINES = "three-lines"
    IMPRINT = "imprint"


@dataclass(frozen=True)
class PageDesign:
    """One page of a PDF.

    `origin_mm` is the left-top corner of the page area of the PDF in the page frame (trim corner at head and left = 0,
    x right, y down), so bleed makes it negative; `media_mm` is the width and height of that area. Odd `number` is a
    recto, spine at the left.
    """

    pdf: bytes = field(repr=False)
    index: int
    number: int
    kind: Kind
    trim_mm: tuple[float, float]
    media_mm: tuple[float, float]
    origin_mm: tuple[float, float]

    @property
    def recto(self) -> bool:
        return self.number % 2 == 1


@dataclass(frozen=True)
class Title:
    """A book as ordered; `path` is its PDF."""

    path: Path
    pages: tuple[PageDesign, ...]
    trim_mm: tuple[float, float]
    bleed: bool


def write_title(
    path: Path | str,
    kinds: Sequence[Kind | str],
    *,
    trim_mm: tuple[float, float] = (152.4, 228.6),
    bleed: bool = False,
    seed: int = 0,
    trim_box: bool = False,
) -> Title:
    """Typeset a title and write its PDF.

    Parameters
    ----------
    path : path
        Of the PDF to write; folders are made.
    kinds : sequence of Kind
        One entry a page, page 1 first.
    trim_mm : (float, float), mm
        Width and height of the trimmed page.
    bleed : bool
        Let the page area reach 3.175 mm beyond head, tail and fore-edge.
    seed : int
        Changes words and pictures.
    trim_box : bool
        Reach 3.175 mm beyond all four edges instead and state the TrimBox.

    Returns
    -------
    Title
    """
    file = Path(path)
    pages = typeset(kinds, trim_mm=trim_mm, bleed=bleed, seed=seed, trim_box=trim_box)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(pages[0].pdf)
    return Title(file, pages, trim_mm, bleed or trim_box)


def typeset(
    kinds: Sequence[Kind | str],
    *,
    trim_mm: tuple[float, float],
    bleed: bool = False,
    seed: int = 0,
    trim_box: bool = False,
    first_number: int = 1,
    imprint: Sequence[str] = ("Made in the USA", "Middletown, DE", "14 September 2026"),
) -> tuple[PageDesign, ...]:
    """Pages of a PDF kept in memory, as `write_title` writes them; `imprint` are the lines of an imprint page."""
    if not kinds:
        raise ValueError("a title needs at least one page; name the kinds of its pages")
    boxes = []
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pageCompression=1, invariant=1)
    for index, kind in enumerate(kinds):
        number = first_number + index
        media, origin = _page_area(trim_mm, number, bleed, trim_box)
        boxes.append((Kind(kind), number, media, origin))
        sheet = _Sheet(canvas, trim_mm, media, origin, number, np.random.default_rng([seed, number]), tuple(imprint))
        canvas.setPageSize((media[0] * _PT_PER_MM, media[1] * _PT_PER_MM))
        if trim_box:
            canvas.setTrimBox((sheet.x(0), sheet.y(trim_mm[1]), sheet.x(trim_mm[0]), sheet.y(0)))
        _DRAW[Kind(kind)](sheet)
        canvas.showPage()
    canvas.save()
    pdf = buffer.getvalue()
    return tuple(PageDesign(pdf, i, n, k, trim_mm, media, origin) for i, (k, n, media, origin) in enumerate(boxes))


def _page_area(
    trim_mm: tuple[float, float], number: int, bleed: bool, trim_box: bool
) -> tuple[tuple[float, float], tuple[float, float]]:
    width, height = trim_mm
    if trim_box:
        return (width + 2 * BLEED_MM, height + 2 * BLEED_MM), (-BLEED_MM, -BLEED_MM)
    if bleed:
        return (width + BLEED_MM, height + 2 * BLEED_MM), (0.0 if number % 2 else -BLEED_MM, -BLEED_MM)
    return trim_mm, (0.0, 0.0)


@dataclass(frozen=True)
class _Sheet:
    """A page being typeset; all arguments in page-frame millimeters."""

    canvas: Canvas
    trim_mm: tuple[float, float]
    media_mm: tuple[float, float]
    origin_mm: tuple[float, float]
    number: int
    rng: np.random.Generator
    imprint: tuple[str, ...]

    def x(self, x_mm: float) -> float:
        return (x_mm - self.origin_mm[0]) * _PT_PER_MM

    def y(self, y_mm: float) -> float:
        return (self.media_mm[1] - (y_mm - self.origin_mm[1])) * _PT_PER_MM

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Type area: left, top, right, bottom."""
        w, h = self.trim_mm
        inside, outside = 0.125 * w, 0.085 * w
        left, right = (inside, outside) if self.number % 2 else (outside, inside)
        return left, 0.085 * h, w - right, h - 0.095 * h

    @property
    def area(self) -> tuple[float, float, float, float]:
        """All of the page area with its bleed: left, top, right, bottom."""
        (x, y), (w, h) = self.origin_mm, self.media_mm
        return x, y, x + w, y + h

    def text(self, x_mm: float, y_mm: float, text: str, size: float = 10.5, font: str = "Times-Roman") -> None:
        self.canvas.setFont(font, size)
        self.canvas.drawString(self.x(x_mm), self.y(y_mm), text)

    def centered(self, y_mm: float, text: str, size: float, font: str = "Times-Roman") -> None:
        width = stringWidth(text, font, size) / _PT_PER_MM
        left, _, right, _ = self.box
        self.text((left + right - width) / 2, y_mm, text, size, font)

    def line(self, x0: float, y0: float, x1: float, y1: float, width_pt: float = 0.6) -> None:
        self.canvas.setLineWidth(width_pt)
        self.canvas.line(self.x(x0), self.y(y0), self.x(x1), self.y(y1))

    def picture(self, x0: float, y0: float, x1: float, y1: float, tone: str, color: bool) -> None:
        dpi = 200.0
        pixels = photograph(
            self.rng, round(units.px_per_mm(dpi) * (x1 - x0)), round(units.px_per_mm(dpi) * (y1 - y0)), tone, color
        )
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=92, subsampling=0)
        width, height = (x1 - x0) * _PT_PER_MM, (y1 - y0) * _PT_PER_MM
        self.canvas.drawImage(ImageReader(file), self.x(x0), self.y(y1), width, height)

    def lines_of(self, words: Sequence[str], width_mm: float, size: float, indent_mm: float) -> list[list[str]]:
        lines: list[list[str]] = [[]]
        room = (width_mm - indent_mm) * _PT_PER_MM
        for word in words:
            if lines[-1] and stringWidth(" ".join([*lines[-1], word]), "Times-Roman", size) > room:
                lines.append([])
                room = width_mm * _PT_PER_MM
            lines[-1].append(word)
        return lines

    def fill(self, top_mm: float, bottom_mm: float, size: float = 10.5) -> None:
        """Justified paragraphs from `top_mm` to `bottom_mm`."""
        left, _, right, _ = self.box
        leading, indent = 1.31 * size / _PT_PER_MM, 4.5
        y = top_mm + leading
        while y < bottom_mm:
            lines = self.lines_of(paragraph(self.rng, int(self.rng.integers(3, 9))), right - left, size, indent)
            for i, words in enumerate(lines):
                if y >= bottom_mm:
                    break
                start = left + (indent if i == 0 else 0.0)
                line = " ".join(words)
                gap = 0.0
                if i < len(lines) - 1 and len(words) > 1:
                    loose = (right - start) * _PT_PER_MM - stringWidth(line, "Times-Roman", size)
                    gap = loose / (len(words) - 1)
                self.canvas.setFont("Times-Roman", size)
                self.canvas.drawString(self.x(start), self.y(y), line, wordSpace=gap)
                y += leading

    def folio(self) -> None:
        self.centered(self.box[3] + 8.0, str(self.number), 10.0)

    def head(self) -> None:
        left, top, right, _ = self.box
        if self.number % 2:
            text = TITLES[self.number // 10 % len(TITLES)]
            self.text(right - stringWidth(text, "Times-Italic", 9.5) / _PT_PER_MM, top - 3.5, text, 9.5, "Times-Italic")
        else:
            self.text(left, top - 3.5, "The Long Field", 9.5, "Times-Italic")


def _text(s: _Sheet) -> None:
    s.head()
    s.fill(s.box[1], s.box[3])
    s.folio()


def _chapter(s: _Sheet) -> None:
    top, bottom = s.box[1], s.box[3]
    s.centered(top + 0.3 * (bottom - top), TITLES[int(s.rng.integers(len(TITLES)))], 20, "Times-Bold")
    s.fill(top + 0.62 * (bottom - top), bottom)
    s.folio()


def _framed(color: bool) -> Callable[[_Sheet], None]:
    def draw(s: _Sheet) -> None:
        left, top, right, bottom = s.box
        middle = top + 0.62 * (bottom - top)
        s.picture(left, top, right, middle, "mixed", color)
        s.canvas.setLineWidth(0.5)
        s.canvas.rect(s.x(left), s.y(middle), (right - left) * _PT_PER_MM, (middle - top) * _PT_PER_MM)
        s.fill(middle + 4, bottom)
        s.folio()

    return draw


def _full(tone: str) -> Callable[[_Sheet], None]:
    def draw(s: _Sheet) -> None:
        s.picture(*s.area, tone, True)

    return draw


def _line_art(s: _Sheet) -> None:
    left, top, right, bottom = s.box
    for _ in range(14):
        xs, ys = s.rng.uniform(left, right, 4), s.rng.uniform(top, bottom, 4)
        s.canvas.setLineWidth(float(s.rng.uniform(0.5, 3)))
        s.canvas.bezier(*(v for x, y in zip(xs, ys, strict=True) for v in (s.x(x), s.y(y))))
    for _ in range(8):
        radius = float(s.rng.uniform(3, 18))
        x, y = s.rng.uniform(left + radius, right - radius), s.rng.uniform(top + radius, bottom - radius)
        s.canvas.setLineWidth(float(s.rng.uniform(0.5, 2)))
        s.canvas.circle(s.x(x), s.y(y), radius * _PT_PER_MM, fill=0)
    s.folio()


def _table(s: _Sheet) -> None:
    left, top, right, bottom = s.box
    s.head()
    columns = np.linspace(left, right, 6)
    rows = np.arange(top + 6, bottom - 4, 6.3)
    s.line(left, rows[0] - 4.5, right, rows[0] - 4.5, 1.2)
    for y in rows:
        for x in columns[:-1]:
            s.text(x + 1, y, f"{s.rng.integers(10, 99999):,}", 9, "Helvetica")
        s.line(left, y + 1.8, right, y + 1.8, 0.4)
    s.folio()


def _ruled(s: _Sheet) -> None:
    left, top, right, bottom = s.box
    s.canvas.setStrokeGray(0.45)
    for y in np.arange(top + 8, bottom, 7.1):
        s.line(left, y, right, y, 0.5)
    s.canvas.setStrokeGray(0)


def _ruled_bleed(s: _Sheet) -> None:
    left, _, right, _ = s.area
    s.canvas.setStrokeGray(0.45)
    for y in np.arange(s.box[1] + 8, s.trim_mm[1], 7.1):
        s.line(left, y, right, y, 0.5)
    s.canvas.setStrokeGray(0)


def _dot_grid(s: _Sheet) -> None:
    x0, y0, x1, y1 = s.area
    s.canvas.setFillGray(0.45)
    for y in np.arange(y0 + 2.5, y1, 5.0):
        for x in np.arange(x0 + 2.5, x1, 5.0):
            s.canvas.circle(s.x(x), s.y(y), 0.2 * _PT_PER_MM, stroke=0, fill=1)
    s.canvas.setFillGray(0)


def _folio_only(s: _Sheet) -> None:
    s.folio()


def _blank(s: _Sheet) -> None:
    del s


def _three_lines(s: _Sheet) -> None:
    left, top, right, bottom = s.box
    y = top + 0.28 * (bottom - top)
    for i, words in enumerate(s.lines_of(paragraph(s.rng, 6), 0.8 * (right - left), 11, 0)[:3]):
        s.text(left, y + 5.3 * i, " ".join(words), 11)


def _imprint(s: _Sheet) -> None:
    left, _, _, bottom = s.box
    for i, line in enumerate(s.imprint):
        s.text(left, bottom - 4.2 * (len(s.imprint) - i), line, 8, "Helvetica")


_DRAW: dict[Kind, Callable[[_Sheet], None]] = {
    Kind.TEXT: _text,
    Kind.CHAPTER: _chapter,
    Kind.PICTURE: _framed(True),
    Kind.GRAY_PICTURE: _framed(False),
    Kind.BLEED_BRIGHT: _full("bright"),
    Kind.BLEED_DARK: _full("dark"),
    Kind.BLEED_MIXED: _full("mixed"),
    Kind.LINE_ART: _line_art,
    Kind.TABLE: _table,
    Kind.RULED: _ruled,
    Kind.RULED_BLEED: _ruled_bleed,
    Kind.DOT_GRID: _dot_grid,
    Kind.FOLIO_ONLY: _folio_only,
    Kind.BLANK: _blank,
    Kind.THREE_LINES: _three_lines,
    Kind.IMPRINT: _imprint,
}
