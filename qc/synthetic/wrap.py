"""The cover of a paperback as ordered: back, spine and front on one page of a PDF."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pypdfium2
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.eanbc import Ean13BarcodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.pdfgen.canvas import Canvas

from qc.synthetic.design import BLEED_MM, PageDesign
from qc.synthetic.kinds import Kind
from qc.synthetic.sheet import PT_PER_MM, Sheet

SIDES = ("front", "back")
BESIDE_MM = 18.0
"""Of the spine and what follows that is drawn beside a side."""
_PICTURE_DPI = 100.0
_FONT, _CAP_HEIGHT = "Helvetica-Bold", 0.718
_SPINE_TYPE = 0.42
"""Height of the capitals on the spine, of its width."""


@dataclass(frozen=True)
class Art:
    """What a cover shows.

    Parameters
    ----------
    title : str
        On the front, and in capitals on the spine, from head to tail.
    color : (float, float, float)
        Ground of the cover, sRGB 0 to 1; the spine is a little darker.
    picture : {"below", "above", "none"}
        A photograph fills the lower or the upper half of the front, the title the other.
    plain : bool
        Nothing but its ground: no letter, no picture, no barcode.
    isbn : str
        Of the barcode on the back, 13 digits; empty: none.
    off_mm : float
        By how much the lettering of the spine lies off its middle, > 0 toward the front.
    seed : int
        Changes the picture and the words of the back.
    """

    title: str = "The Long Field"
    color: tuple[float, float, float] = (0.36, 0.47, 0.52)
    picture: str = "below"
    plain: bool = False
    isbn: str = "9780000000002"
    off_mm: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Wrap:
    """A cover as ordered; `trim_mm` is that of one side, `rtl` puts the front left of the spine."""

    path: Path
    pdf: bytes = field(repr=False)
    trim_mm: tuple[float, float]
    spine_mm: float
    rtl: bool = False
    off_mm: float = 0.0

    @property
    def room_mm(self) -> dict[str, float]:
        """From the capitals of the spine to either fold; letters like E and H are exactly so high, round ones higher."""
        free = (1 - _SPINE_TYPE) * self.spine_mm / 2
        return {"front": free - self.off_mm, "back": free + self.off_mm}

    def side(self, side: str) -> PageDesign:
        """The front or the back as a page whose spine edge is the designed fold, with what lies beside it."""
        at_left = (side == "front") is self.rtl
        width, height = self.trim_mm
        left, right = (BLEED_MM, BESIDE_MM) if at_left else (BESIDE_MM, BLEED_MM)
        start = BLEED_MM if at_left else BLEED_MM + width + self.spine_mm
        media = (left + width + right, height + 2 * BLEED_MM)
        pdf = _part(self.pdf, start - left, media)
        return PageDesign(pdf, 0, 2 if at_left else 1, Kind.PICTURE, self.trim_mm, media, (-left, -BLEED_MM))


def write_wrap(
    path: Path | str,
    art: Art | None = None,
    *,
    trim_mm: tuple[float, float] = (107.95, 174.498),
    spine_mm: float = 12.0,
    rtl: bool = False,
    trim_box: bool = True,
) -> Wrap:
    """Draw a cover with its bleed of 3.175 mm and write its PDF; folders are made.

    Parameters
    ----------
    path : path
        Of the PDF.
    art : Art, optional
    trim_mm : (float, float), mm
        Width and height of one side.
    spine_mm : float
    rtl : bool
        The book reads from right to left.
    trim_box : bool
        State the TrimBox.
    """
    art = art or Art()
    (width, height), file, buffer = trim_mm, Path(path), io.BytesIO()
    media = (2 * width + spine_mm + 2 * BLEED_MM, height + 2 * BLEED_MM)
    canvas = Canvas(buffer, (media[0] * PT_PER_MM, media[1] * PT_PER_MM), pageCompression=1, invariant=1)
    if trim_box:
        rim, right, top = (v * PT_PER_MM for v in (BLEED_MM, media[0] - BLEED_MM, media[1] - BLEED_MM))
        canvas.setTrimBox((rim, rim, right, top))
    canvas.setFillColorRGB(*art.color)
    canvas.rect(0, 0, media[0] * PT_PER_MM, media[1] * PT_PER_MM, stroke=0, fill=1)
    if not art.plain:
        for x, draw in ((0.0, _front if rtl else _back), (width + spine_mm, _back if rtl else _front)):
            origin = (-BLEED_MM - x, -BLEED_MM)
            draw(Sheet(canvas, trim_mm, media, origin, 1 if x else 2, np.random.default_rng([art.seed, 1]), ()), art)
        _spine(canvas, art, (BLEED_MM + width, BLEED_MM), (spine_mm, height), -1 if rtl else 1)
    canvas.showPage()
    canvas.save()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(buffer.getvalue())
    return Wrap(file, buffer.getvalue(), trim_mm, spine_mm, rtl, art.off_mm)


Draw = Callable[[Sheet, Art], None]


def _front(s: Sheet, art: Art) -> None:
    (width, height), (_, top, _, bottom) = s.trim_mm, s.area
    above = art.picture == "above"
    if art.picture != "none":
        x = 0.0 if s.number == 1 else -BLEED_MM
        y0, y1 = (top, 0.5 * height) if above else (0.45 * height, bottom)
        s.picture(x, y0, width + BLEED_MM + x, y1, "mixed", color=True, dpi=_PICTURE_DPI)
    s.canvas.setFillColorRGB(0.97, 0.96, 0.9)
    size = 0.2 * width
    words = art.title.split()
    for n, word in enumerate(words):
        s.centered((0.62 if above else 0.12) * height + n * 0.4 * size, word, size, _FONT)
    s.centered((0.93 if above else 0.05) * height, "A Novel", 11.0)


def _back(s: Sheet, art: Art) -> None:
    width, height = s.trim_mm
    s.canvas.setFillColorRGB(0.97, 0.96, 0.9)
    above = art.picture == "above"
    s.fill((0.5 if above else 0.08) * height, (0.8 if above else 0.5) * height, 11.0)
    if art.isbn:
        x, y = 0.5 * width - 4.0, height - 8.0
        s.canvas.setFillColorRGB(1, 1, 1)
        s.canvas.rect(s.x(x - 2.0), s.y(y + 1.0), 46.0 * PT_PER_MM, 27.0 * PT_PER_MM, stroke=0, fill=1)
        code = Ean13BarcodeWidget(art.isbn, barHeight=22.0 * PT_PER_MM, barWidth=0.37 * PT_PER_MM)
        drawing = Drawing(44.0 * PT_PER_MM, 25.0 * PT_PER_MM)
        drawing.add(code)
        renderPDF.draw(drawing, s.canvas, s.x(x), s.y(y))


def _spine(
    canvas: Canvas, art: Art, corner_mm: tuple[float, float], size_mm: tuple[float, float], to_front: int
) -> None:
    """The spine's ground and its lettering, feet toward the left; `to_front` is 1 where the front lies at its right."""
    (x, y), (width, height) = corner_mm, size_mm
    canvas.setFillColorRGB(*(0.8 * c for c in art.color))
    canvas.rect(x * PT_PER_MM, 0, width * PT_PER_MM, (height + 2 * y) * PT_PER_MM, stroke=0, fill=1)
    capitals = _SPINE_TYPE * width
    canvas.saveState()
    canvas.setFillColorRGB(0.97, 0.96, 0.9)
    canvas.translate((x + (width - capitals) / 2 + to_front * art.off_mm) * PT_PER_MM, (y + 0.9 * height) * PT_PER_MM)
    canvas.rotate(-90)
    canvas.setFont(_FONT, capitals * PT_PER_MM / _CAP_HEIGHT)
    canvas.drawString(0, 0, art.title.upper())
    canvas.restoreState()


def _part(pdf: bytes, left_mm: float, size_mm: tuple[float, float]) -> bytes:
    """The PDF with its page narrowed to a part of its full height."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        page, buffer = document[0], io.BytesIO()
        box = (left_mm * PT_PER_MM, 0.0, (left_mm + size_mm[0]) * PT_PER_MM, size_mm[1] * PT_PER_MM)
        page.set_mediabox(*box)
        page.set_cropbox(*box)
        document.save(buffer)
    finally:
        document.close()
    return buffer.getvalue()
