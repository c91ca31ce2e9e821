"""Separator sheets as a PDF: a large QR code and the id of a copy, on both sides of a sheet."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import NamedTuple

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from qc.features.text.separator import sheet_text

PAPERS = {"a4": A4, "letter": LETTER}
_CODE_MM = 130.0
"""Width of the code with its quiet zone: it is read in a small picture, even of an id of 100 letters."""
_MARGIN_MM = 20.0
_HINT = "Separator sheet. Print on both sides; lay it before the pages of this copy in the feeder."


class Sheet(NamedTuple):
    """What stands on a separator sheet: the id of the copy, and what helps a person to find the book."""

    copy: str
    about: str = ""


def sheets_pdf(sheets: Iterable[Sheet], paper: str) -> bytes:
    """A PDF with two pages a sheet, its front and its back, on a paper of `PAPERS`.

    The back bears the code, too: scanned on both sides, a blank one would be a page of the copy.
    """
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=PAPERS[paper], invariant=True)
    canvas.setTitle("Separator sheets")
    for sheet in sheets:
        for side in ("front", "back"):
            _draw(canvas, sheet, side, *PAPERS[paper])
            canvas.showPage()
    canvas.save()
    return file.getvalue()


def _draw(canvas: Canvas, sheet: Sheet, side: str, width: float, height: float) -> None:
    code = _CODE_MM * mm
    drawing = Drawing(code, code)
    drawing.add(QrCodeWidget(sheet_text(sheet.copy), barLevel="M", barBorder=4, barWidth=code, barHeight=code))
    renderPDF.draw(drawing, canvas, (width - code) / 2, (height - code) / 2)
    middle, room = width / 2, width - 2 * _MARGIN_MM * mm
    above = (height + code) / 2 + 10 * mm
    _centered(canvas, sheet.copy, "Helvetica-Bold", 48, middle, above, room)
    _centered(canvas, sheet.about, "Helvetica", 14, middle, above - 8 * mm, room)
    _centered(canvas, f"{_HINT} ({side})", "Helvetica", 10, middle, _MARGIN_MM * mm, room)


def _centered(canvas: Canvas, text: str, font: str, size_pt: float, x: float, y: float, room: float) -> None:
    """A line in its size, or as small as it must be."""
    wide = canvas.stringWidth(text, font, size_pt)
    canvas.setFont(font, size_pt * min(1.0, room / max(wide, 1.0)))
    canvas.drawCentredString(x, y, text)
