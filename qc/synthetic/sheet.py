"""A page being typeset: text, lines and pictures placed in page-frame millimeters."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from qc import units
from qc.synthetic.pictures import photograph
from qc.synthetic.words import TITLES, paragraph

PT_PER_MM = units.inches(72.0)


@dataclass(frozen=True)
class Sheet:
    """A page being typeset; all arguments in page-frame millimeters."""

    canvas: Canvas
    trim_mm: tuple[float, float]
    media_mm: tuple[float, float]
    origin_mm: tuple[float, float]
    number: int
    rng: np.random.Generator
    imprint: tuple[str, ...]

    def x(self, x_mm: float) -> float:
        return (x_mm - self.origin_mm[0]) * PT_PER_MM

    def y(self, y_mm: float) -> float:
        return (self.media_mm[1] - (y_mm - self.origin_mm[1])) * PT_PER_MM

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
        width = stringWidth(text, font, size) / PT_PER_MM
        left, _, right, _ = self.box
        self.text((left + right - width) / 2, y_mm, text, size, font)

    def line(self, x0: float, y0: float, x1: float, y1: float, width_pt: float = 0.6) -> None:
        self.canvas.setLineWidth(width_pt)
        self.canvas.line(self.x(x0), self.y(y0), self.x(x1), self.y(y1))

    def picture(self, x0: float, y0: float, x1: float, y1: float, tone: str, color: bool, dpi: float = 200.0) -> None:
        pixels = photograph(
            self.rng, round(units.px_per_mm(dpi) * (x1 - x0)), round(units.px_per_mm(dpi) * (y1 - y0)), tone, color
        )
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=92, subsampling=0)
        width, height = (x1 - x0) * PT_PER_MM, (y1 - y0) * PT_PER_MM
        self.canvas.drawImage(ImageReader(file), self.x(x0), self.y(y1), width, height)

    def lines_of(self, words: Sequence[str], width_mm: float, size: float, indent_mm: float) -> list[list[str]]:
        lines: list[list[str]] = [[]]
        room = (width_mm - indent_mm) * PT_PER_MM
        for word in words:
            if lines[-1] and stringWidth(" ".join([*lines[-1], word]), "Times-Roman", size) > room:
                lines.append([])
                room = width_mm * PT_PER_MM
            lines[-1].append(word)
        return lines

    def fill(self, top_mm: float, bottom_mm: float, size: float = 10.5) -> None:
        """Justified paragraphs from `top_mm` to `bottom_mm`."""
        left, _, right, _ = self.box
        leading, indent = 1.31 * size / PT_PER_MM, 4.5
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
                    loose = (right - start) * PT_PER_MM - stringWidth(line, "Times-Roman", size)
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
            self.text(right - stringWidth(text, "Times-Italic", 9.5) / PT_PER_MM, top - 3.5, text, 9.5, "Times-Italic")
        else:
            self.text(left, top - 3.5, "The Long Field", 9.5, "Times-Italic")
