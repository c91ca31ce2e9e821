"""Two wraps of the model's own, nearly black and nearly white: what a lid of the same tone hides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from reportlab import rl_config
from reportlab.pdfgen import canvas

from .wrap import MM, TRIMS

rl_config.invariant = 1  # the same file every time
PT = 72 / MM
BLEED_MM = 3.175
WORDS = (
    "river",
    "stone",
    "winter",
    "letter",
    "harbor",
    "glass",
    "lantern",
    "orchard",
    "silence",
    "paper",
    "bridge",
    "garden",
    "hour",
)
DESIGNS = {"black": ((0.05, 0.05, 0.06), (0.85, 0.8, 0.7), 12.7), "white": ((0.97, 0.97, 0.96), (0.15, 0.2, 0.3), 9.0)}
"""Ground, lettering (R, G, B) and spine in mm."""


def write_designs(folder: Path) -> list[Path]:
    """Write the wraps as PDFs with a TrimBox."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder / f"{name}.pdf", *look) for name, look in DESIGNS.items()]


def _write(path: Path, ground: tuple[float, ...], ink: tuple[float, ...], spine: float) -> Path:
    width, height = TRIMS["5.5 x 8.5 in"]
    size = ((2 * width + spine + 2 * BLEED_MM) * PT, (height + 2 * BLEED_MM) * PT)
    rng = np.random.default_rng(len(path.stem) + int(100 * ground[0]))
    page = canvas.Canvas(str(path), pagesize=size)
    page.setTrimBox((BLEED_MM * PT, BLEED_MM * PT, size[0] - BLEED_MM * PT, size[1] - BLEED_MM * PT))
    page.setFillColorRGB(*ground)
    page.rect(0, 0, *size, stroke=0, fill=1)
    page.setFillColorRGB(*ink)
    page.setStrokeColorRGB(*ink)

    def words(count: int) -> str:
        return " ".join(rng.choice(WORDS, count))

    front = BLEED_MM + width + spine + width / 2
    for line, (size_pt, down) in enumerate(((34, 45), (34, 60), (14, 75), (18, 185))):
        page.setFont("Times-Bold" if line < 2 else "Helvetica", size_pt)
        page.drawCentredString(front * PT, size[1] - (BLEED_MM + down) * PT, words(2).title())
    for _ in range(25):  # a picture of a kind
        x, y, r = front + rng.normal(0, 18), height - 125 + rng.normal(0, 16), rng.uniform(2, 11)
        page.circle(x * PT, y * PT, r * PT, stroke=1, fill=int(rng.random() < 0.4))
    page.setFont("Times-Roman", 11)
    for row in range(24):
        page.drawString(
            (BLEED_MM + 18) * PT, size[1] - (BLEED_MM + 30 + 5.2 * row) * PT, words(int(rng.integers(8, 11)))
        )
    page.saveState()
    page.translate((BLEED_MM + width + spine / 2) * PT, size[1] - (BLEED_MM + 20) * PT)
    page.rotate(-90)
    page.setFont("Helvetica-Bold", 13)
    page.drawString(0, -4.5, words(5).title())
    page.restoreState()
    page.save()
    return path
