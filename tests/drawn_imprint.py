"""The page a printer adds at the end: place, date and a barcode of its own; and the barcode of a cover."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode import createBarcodeDrawing
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from qc import units

FAR_EAST = "\u2e80"
PT_PER_MM = units.inches(72.0)
TRIM_MM = (units.to_mm(6.0, "in"), units.to_mm(9.0, "in"))


def imprint_page(
    lines: Sequence[str],
    *,
    code: tuple[str, str] | None = None,
    module_mm: float = 0.3,
    font: str | Path = "Helvetica",
    cjk: Path | None = None,
    size_pt: float = 8.0,
    trim_mm: tuple[float, float] = TRIM_MM,
    foot_mm: float = 14.0,
    left_mm: float = 14.0,
    code_right: bool = False,
) -> bytes:
    """PDF of an imprint page.

    Parameters
    ----------
    lines : sequence of str
        From the top down; the last one lies `foot_mm` above the foot of the page.
    code : (str, str), optional
        Kind (``Code128``, ``I2of5``, ``ECC200DataMatrix``, ``QR``) and text of a barcode.
    module_mm : float
        Width of its narrowest bar.
    font : str or Path
        One of the standard fonts of PDF (Latin-1 only), or a TrueType file.
    cjk : Path, optional
        TrueType file for Chinese and Japanese characters.
    size_pt : float
        Of the letters; lines are 1.2 times as far apart.
    trim_mm, foot_mm, left_mm : float, mm
    code_right : bool
        The barcode stands at the right of the foot instead of above the lines.
    """
    fonts = [_font(font), _font(cjk or font)]
    buffer = io.BytesIO()
    width, height = (v * PT_PER_MM for v in trim_mm)
    canvas = Canvas(buffer, pagesize=(width, height), invariant=1)
    left, foot = left_mm * PT_PER_MM, foot_mm * PT_PER_MM
    for i, line in enumerate(reversed(lines)):
        x = left
        for far_east, run in groupby(line, lambda c: c >= FAR_EAST):
            text = "".join(run)
            canvas.setFont(fonts[far_east], size_pt)
            canvas.drawString(x, foot + 1.2 * size_pt * i, text)
            x += pdfmetrics.stringWidth(text, fonts[far_east], size_pt)
    if code is not None:
        drawing = _code(*code, module_mm)
        x = width - left - drawing.width if code_right else left
        y = foot if code_right else foot + 1.2 * size_pt * len(lines) + 2 * PT_PER_MM
        renderPDF.draw(drawing, canvas, x, y)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def isbn_label(isbn: str, addon: str = "", scale: float = 1.0, quiet_mm: float = 4.0) -> bytes:
    """PDF of the barcode of a cover: an EAN-13, with the 5 digits of a price to its right if they are given.

    `scale` 1 is the nominal size: modules of 0.33 mm.
    """
    module = 0.33 * scale * PT_PER_MM
    kinds = [("EAN13", isbn)] + ([("EAN5", addon)] if addon else [])
    drawings = [
        createBarcodeDrawing(kind, value=value, barWidth=module, barHeight=22.85 * scale * PT_PER_MM)
        for kind, value in kinds
    ]
    # Both drawings bring white of their own; 8 modules are left between the bars.
    gap, quiet = -11 * module, quiet_mm * PT_PER_MM
    size = (
        sum(d.width for d in drawings) + gap * (len(drawings) - 1) + 2 * quiet,
        max(d.height for d in drawings) + 2 * quiet,
    )
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=size, invariant=1)
    x = quiet
    for drawing in drawings:
        renderPDF.draw(drawing, canvas, x, quiet)
        x += drawing.width + gap
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _font(font: str | Path) -> str:
    if isinstance(font, str):
        return font
    pdfmetrics.registerFont(TTFont(font.stem, str(font)))
    return font.stem


def _code(kind: str, text: str, module_mm: float) -> Any:
    module = module_mm * PT_PER_MM
    if kind == "QR":
        return createBarcodeDrawing("QR", value=text, barWidth=29 * module, barHeight=29 * module)
    if kind == "ECC200DataMatrix":
        return createBarcodeDrawing(kind, value=text, barWidth=module)
    more = {"checksum": 0} if kind == "I2of5" else {"humanReadable": False}
    return createBarcodeDrawing(kind, value=text, barWidth=module, barHeight=8 * PT_PER_MM, **more)
