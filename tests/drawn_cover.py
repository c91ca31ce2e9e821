"""Full-wrap covers of known geometry, drawn as PDF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

Color = tuple[float, float, float]
FONT = "Helvetica-Bold"
CAP_HEIGHT = 0.718
"""Of that font, in its size."""


@dataclass(frozen=True)
class DrawnCover:
    """A wrap, left to right `left`, spine, `right` panel; lengths in mm.

    `letters` stand on the spine with their ascenders `letters_from_right` from the fold at its right (they run down the
    spine), as text or as an outline, which is a filled shape without text. `stripes` of many colors lie behind them as a picture
    does. A `turned` page is drawn on its side and has /Rotate.
    """

    trim: tuple[float, float] = (152.4, 228.6)
    spine: float = 12.0
    bleed: float = 3.175
    trim_box: bool = True
    marks: float = 0.0
    colors: tuple[Color, Color, Color] = ((0.9, 0.9, 0.85), (0.9, 0.9, 0.85), (0.9, 0.9, 0.85))
    band: tuple[float, float] = (0.0, 0.0)
    letters: str = ""
    letters_from_right: float = 3.0
    size: float = 5.0
    outline: bool = False
    ink: Color = (0.1, 0.1, 0.2)
    stripes: bool = False
    turned: bool = False

    @property
    def folds(self) -> tuple[float, float]:
        left = self.marks + self.bleed + self.trim[0]
        return left, left + self.spine

    @property
    def page(self) -> tuple[float, float]:
        rim = 2 * (self.bleed + self.marks)
        return 2 * self.trim[0] + self.spine + rim, self.trim[1] + rim

    def write(self, path: Path) -> Path:
        width, height = self.page
        pdf = Canvas(str(path), pagesize=(width * mm, height * mm))
        if self.turned:
            pdf.setPageRotation(90)  # reportlab then changes the sides of the MediaBox itself
            pdf.transform(0, 1, -1, 0, height * mm, 0)
        if self.trim_box:
            rim = self.bleed + self.marks
            for put, inset in ((pdf.setTrimBox, rim), (pdf.setBleedBox, self.marks)):
                across, along = (height, width) if self.turned else (width, height)
                put((inset * mm, inset * mm, (across - inset) * mm, (along - inset) * mm))
        left, right = self.folds
        edges = (self.marks, left + self.band[0], right + self.band[1], width - self.marks)
        for color, x0, x1 in zip(self.colors, edges[:-1], edges[1:], strict=True):
            pdf.setFillColorRGB(*color)
            pdf.rect(x0 * mm, self.marks * mm, (x1 - x0) * mm, (height - 2 * self.marks) * mm, stroke=0, fill=1)
        pdf.setFillColorRGB(0.1, 0.1, 0.2)
        pdf.setFont(FONT, 24)
        pdf.drawString((right + 20) * mm, (height - 60) * mm, "A Title in Front")
        pdf.drawString((self.marks + self.bleed + 20) * mm, (height - 60) * mm, "and its Back")
        if self.stripes:
            for n in range(int(height)):
                pdf.setFillColorRGB(*((n * k) % 11 / 10 for k in (3, 5, 7)))
                pdf.rect(left * mm, n * mm, self.spine * mm, 1 * mm, stroke=0, fill=1)
        pdf.setFillColorRGB(*self.ink)
        self._letter_the_spine(pdf, right, height)
        pdf.save()
        return path

    def _letter_the_spine(self, pdf: Canvas, right: float, height: float) -> None:
        """Letters of cap height `size`, their feet toward the left fold."""
        if self.outline:
            x1 = right - self.letters_from_right
            pdf.rect((x1 - self.size) * mm, 100 * mm, self.size * mm, 30 * mm, stroke=0, fill=1)
        elif self.letters:
            pdf.saveState()
            pdf.translate((right - self.letters_from_right - self.size) * mm, (height - 30) * mm)
            pdf.rotate(-90)
            pdf.setFont(FONT, self.size * mm / CAP_HEIGHT)
            pdf.drawString(0, 0, self.letters)
            pdf.restoreState()
