"""What a page can show, one function for each kind."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import numpy as np

from qc.synthetic import sparse
from qc.synthetic.sheet import PT_PER_MM, Sheet
from qc.synthetic.words import TITLES, paragraph


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
    ORNAMENT = "ornament"
    ONE_RULE = "one-rule"
    HEADING = "heading"
    PALE_RULES = "pale-rules"
    GRAY_LINES = "gray-lines"
    DISC = "disc"
    YELLOW_LINES = "yellow-lines"
    PINK_BOX = "pink-box"


def _text(s: Sheet) -> None:
    s.head()
    s.fill(s.box[1], s.box[3])
    s.folio()


def _chapter(s: Sheet) -> None:
    top, bottom = s.box[1], s.box[3]
    s.centered(top + 0.3 * (bottom - top), TITLES[int(s.rng.integers(len(TITLES)))], 20, "Times-Bold")
    s.fill(top + 0.62 * (bottom - top), bottom)
    s.folio()


def _framed(color: bool) -> Callable[[Sheet], None]:
    def draw(s: Sheet) -> None:
        left, top, right, bottom = s.box
        middle = top + 0.62 * (bottom - top)
        s.picture(left, top, right, middle, "mixed", color)
        s.canvas.setLineWidth(0.5)
        s.canvas.rect(s.x(left), s.y(middle), (right - left) * PT_PER_MM, (middle - top) * PT_PER_MM)
        s.fill(middle + 4, bottom)
        s.folio()

    return draw


def _full(tone: str) -> Callable[[Sheet], None]:
    def draw(s: Sheet) -> None:
        s.picture(*s.area, tone, True)

    return draw


def _line_art(s: Sheet) -> None:
    left, top, right, bottom = s.box
    for _ in range(14):
        xs, ys = s.rng.uniform(left, right, 4), s.rng.uniform(top, bottom, 4)
        s.canvas.setLineWidth(float(s.rng.uniform(0.5, 3)))
        s.canvas.bezier(*(v for x, y in zip(xs, ys, strict=True) for v in (s.x(x), s.y(y))))
    for _ in range(8):
        radius = float(s.rng.uniform(3, 18))
        x, y = s.rng.uniform(left + radius, right - radius), s.rng.uniform(top + radius, bottom - radius)
        s.canvas.setLineWidth(float(s.rng.uniform(0.5, 2)))
        s.canvas.circle(s.x(x), s.y(y), radius * PT_PER_MM, fill=0)
    s.folio()


def _table(s: Sheet) -> None:
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


def _ruled(s: Sheet) -> None:
    left, top, right, bottom = s.box
    s.canvas.setStrokeGray(0.45)
    for y in np.arange(top + 8, bottom, 7.1):
        s.line(left, y, right, y, 0.5)
    s.canvas.setStrokeGray(0)


def _ruled_bleed(s: Sheet) -> None:
    left, _, right, _ = s.area
    s.canvas.setStrokeGray(0.45)
    for y in np.arange(s.box[1] + 8, s.trim_mm[1], 7.1):
        s.line(left, y, right, y, 0.5)
    s.canvas.setStrokeGray(0)


def _dot_grid(s: Sheet) -> None:
    x0, y0, x1, y1 = s.area
    s.canvas.setFillGray(0.45)
    for y in np.arange(y0 + 2.5, y1, 5.0):
        for x in np.arange(x0 + 2.5, x1, 5.0):
            s.canvas.circle(s.x(x), s.y(y), 0.2 * PT_PER_MM, stroke=0, fill=1)
    s.canvas.setFillGray(0)


def _folio_only(s: Sheet) -> None:
    s.folio()


def _blank(s: Sheet) -> None:
    del s


def _three_lines(s: Sheet) -> None:
    left, top, right, bottom = s.box
    y = top + 0.28 * (bottom - top)
    for i, words in enumerate(s.lines_of(paragraph(s.rng, 6), 0.8 * (right - left), 11, 0)[:3]):
        s.text(left, y + 5.3 * i, " ".join(words), 11)


def _imprint(s: Sheet) -> None:
    left, _, _, bottom = s.box
    for i, line in enumerate(s.imprint):
        s.text(left, bottom - 4.2 * (len(s.imprint) - i), line, 8, "Helvetica")


DRAW: dict[Kind, Callable[[Sheet], None]] = {
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
    Kind.ORNAMENT: sparse.ornament,
    Kind.ONE_RULE: sparse.one_rule,
    Kind.HEADING: sparse.heading,
    Kind.PALE_RULES: sparse.pale_rules,
    Kind.GRAY_LINES: sparse.gray_lines,
    Kind.DISC: sparse.disc,
    Kind.YELLOW_LINES: sparse.yellow_lines,
    Kind.PINK_BOX: sparse.pink_box,
}
