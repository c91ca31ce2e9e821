"""Pages that carry very little on purpose: an ornament, one rule, a heading, gray rules, a gray dedication."""

from __future__ import annotations

import numpy as np

from qc.synthetic.sheet import PT_PER_MM, Sheet
from qc.synthetic.words import TITLES, paragraph


def ornament(s: Sheet) -> None:
    """Three stars, as they close a chapter."""
    s.centered((s.box[1] + s.box[3]) / 2, "*   *   *", 14)


def one_rule(s: Sheet) -> None:
    """A rule of half the measure."""
    left, top, right, bottom = s.box
    y = top + 0.4 * (bottom - top)
    s.line(left + 0.25 * (right - left), y, right - 0.25 * (right - left), y, 0.75)


def heading(s: Sheet) -> None:
    """A half title."""
    s.centered(s.box[1] + 0.3 * (s.box[3] - s.box[1]), TITLES[int(s.rng.integers(len(TITLES)))], 16, "Times-Bold")


def pale_rules(s: Sheet) -> None:
    """A lined page whose rules are light gray."""
    left, top, right, bottom = s.box
    s.canvas.setStrokeGray(0.75)
    for y in np.arange(top + 8, bottom, 7.1):
        s.line(left, y, right, y, 0.5)
    s.canvas.setStrokeGray(0)


def gray_lines(s: Sheet) -> None:
    """A dedication in 50 % gray."""
    left, top, right, bottom = s.box
    s.canvas.setFillGray(0.5)
    for i, words in enumerate(s.lines_of(paragraph(s.rng, 4), 0.7 * (right - left), 10, 0)[:2]):
        s.text(left, top + 0.3 * (bottom - top) + 5 * i, " ".join(words), 10)
    s.canvas.setFillGray(0)


def yellow_lines(s: Sheet) -> None:
    """Two lines in yellow, which takes blue light and hardly any other."""
    left, top, right, bottom = s.box
    s.canvas.setFillColorRGB(1.0, 1.0, 0.3)
    for i, words in enumerate(s.lines_of(paragraph(s.rng, 4), 0.7 * (right - left), 14, 0)[:2]):
        s.text(left, top + 0.3 * (bottom - top) + 7 * i, " ".join(words), 14, "Times-Bold")
    s.canvas.setFillGray(0)


def pink_box(s: Sheet) -> None:
    """A box in pale pink and nothing else, paler than any scan is sure to show."""
    left, top, right, bottom = s.box
    s.canvas.setFillColorRGB(1.0, 0.87, 0.89)
    s.canvas.rect(s.x(left), s.y(bottom), (right - left) * PT_PER_MM, (bottom - top) * PT_PER_MM, stroke=0, fill=1)
    s.canvas.setFillGray(0)


def disc(s: Sheet) -> None:
    """A black disc 4 mm wide, drawn on purpose."""
    left, top, right, bottom = s.box
    s.canvas.circle(s.x((left + right) / 2), s.y((top + bottom) / 2), 2 * PT_PER_MM, stroke=0, fill=1)
