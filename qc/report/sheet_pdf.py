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
_MODULE_MM = 1.9
"""Of the code: three pixels where it is looked for, in a small picture."""
_LARGEST_MM = 71.0
"""Width of a code that has room in the corners, too."""
_MARGIN_MM = 15.0
_QUIET = 4
"""Modules of white around a code."""
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
    """A side: the code in the middle and in the corners, as a feeder that is set to the book sees a part of the sheet."""
    code = QrCodeWidget(sheet_text(sheet.copy), barLevel="M", barBorder=_QUIET)
    code.qr.make()
    size = (code.qr.getModuleCount() + 2 * _QUIET) * _MODULE_MM * mm
    code.barWidth = code.barHeight = size
    drawing = Drawing(size, size)
    drawing.add(code)
    margin = _MARGIN_MM * mm
    places = [((width - size) / 2, (height - size) / 2)]
    if size <= _LARGEST_MM * mm:
        places += [(x, y) for x in (margin, width - margin - size) for y in (margin, height - margin - size)]
    for x, y in places:
        renderPDF.draw(drawing, canvas, x, y)
    above = (height + size) / 2 + 8 * mm
    _centered(canvas, sheet.copy, "Helvetica-Bold", 40, width / 2, above, width - 2 * margin)
    _centered(canvas, sheet.about, "Helvetica", 14, width / 2, (height - size) / 2 - 8 * mm, width - 2 * margin)
    _centered(canvas, f"{_HINT} ({side})", "Helvetica", 9, width / 2, 8 * mm, width - 2 * margin)


def _centered(canvas: Canvas, text: str, font: str, size_pt: float, x: float, y: float, room: float) -> None:
    """A line in its size, or as small as it must be."""
    wide = canvas.stringWidth(text, font, size_pt)
    canvas.setFont(font, size_pt * min(1.0, room / max(wide, 1.0)))
    canvas.drawCentredString(x, y, text)
