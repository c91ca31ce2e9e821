"""What was ordered: a title typeset into a real vector PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from reportlab import rl_config
from reportlab.pdfgen.canvas import Canvas

from qc import units
from qc.synthetic.kinds import DRAW, Kind
from qc.synthetic.sheet import PT_PER_MM, Sheet

BLEED_MM = units.to_mm(0.125, "in")
rl_config.useA85 = 0  # binary streams: pictures as text take a third of the time of typesetting and a quarter more room


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
        sheet = Sheet(canvas, trim_mm, media, origin, number, np.random.default_rng([seed, number]), tuple(imprint))
        canvas.setPageSize((media[0] * PT_PER_MM, media[1] * PT_PER_MM))
        if trim_box:
            canvas.setTrimBox((sheet.x(0), sheet.y(trim_mm[1]), sheet.x(trim_mm[0]), sheet.y(0)))
        DRAW[Kind(kind)](sheet)
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
