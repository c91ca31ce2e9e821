"""Marks nobody ordered on a registered page: spots, smears, streaks, and voids in what is printed solid.

Page and reference are compared at 50 dpi where the reference is even (bare paper, a tint, a solid): there any change of tone is
a mark. Beside print, within about a millimeter, nothing is judged, so that neither registration nor the edges of letters count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from qc.features.fine_look import Blob, FineLook
from qc.features.fine_marks import fine_marks
from qc.features.page_maps import PageMaps
from qc.features.page_tones import AROUND_PX, EVEN, NEAR, PAPER_SHARE, Tones, contrast, page_tones, shorter_axis
from qc.features.print_streaks import BESIDE_MM, Streak, streaks
from qc.geometry import Affine, Box

DARK, LIGHT = 0.15, 0.2
"""Least change of light, as a share of paper's, of a pixel of a mark."""
PEAK = 0.3
OVERPRINT = 0.4
SPOT_MM = 1.2
"""Diameter of the black disc that takes as much light; a speck of dust under the lid is about half a millimeter."""
SMEAR_MM = 10.0
LINE_RATIO = 6.0
PRINTED, LEFT, BARE = 0.12, 0.25, 0.04
LOST_MM2, LOST_MM, WORD_GAP_MM = 12.0, 8.0, 5.0
MANY = 12
"""So many marks on one page are no marks: it shows another text or picture than the reference."""


@dataclass(frozen=True)
class PrintMark:
    """A mark on a printed page.

    Attributes
    ----------
    code : str
        As `print-defect` has it.
    box_mm : tuple of float
        x0, y0, x1, y1 in page-frame mm.
    size_mm : float
        Diameter of the black disc that takes as much light, or the length of a streak.
    depth : float
        The most light it takes or adds, a share of paper's; > 0: darker.
    area_mm2 : float
        As a reader sees it: the light that it takes in all over the most that it takes at one place. A gray mark is as large as a
        black one of the same outline; what it weighs in ink is told by `size_mm`.
    width_mm : float
        Across its length: the shorter axis of the ellipse of that area, or of a streak the area over the length.
    contrast : float
        Difference in L* to its ground where it is strongest, 0 or more; understated for what is finer than a pixel of the maps.
    ground : str
        What it lies on: "paper", "text" (letters and lines on paper), "solid" (printed evenly, tints too) or "picture".
    """

    code: str
    box_mm: Box
    size_mm: float
    depth: float
    area_mm2: float = 0.0
    width_mm: float = 0.0
    contrast: float = 0.0
    ground: str = "paper"


def print_marks(maps: PageMaps, sheet_mm: Box, look: FineLook | None = None) -> tuple[PrintMark, ...] | None:
    """Find the marks of a page.

    Parameters
    ----------
    maps : PageMaps
    sheet_mm : tuple of float
        Left, top, right, bottom of the sheet in page-frame mm, as far as known; what lies beyond, or within a millimeter, is
        backing or the shadow of the cut.
    look : FineLook, optional
        Without it, marks in pictures, those below 1.2 mm and those nearer than 5 mm to the trim are not looked for.

    Returns
    -------
    tuple of PrintMark, or None
        Streaks first, then by strength; None where the page shows too little that is even and bright to compare.

    Notes
    -----
    What fools it: dirt on the glass, a stain of the reader's and handwriting are marks as well; whether the press made one,
    no single page tells. What is smaller than a letter and within a millimeter of print is not seen.
    """
    tones = page_tones(maps, sheet_mm)
    spots, lines = ([], []) if look is None else fine_marks(maps, tones, look, sheet_mm)
    fine = [*(_fine(*spot) for spot in spots), *(_line(line, tones, maps) for line in lines)]
    if tones is None:
        return tuple(_apart(fine)) or None
    lines = list(streaks(tones, maps))
    found = _apart([*(_line(line, tones, maps) for line in lines), *_compact(tones, maps.to_map), *fine])
    return (*found, *_lost(tones, maps.to_map))


def _fine(blob: Blob, ground: str) -> PrintMark:
    x0, y0, x1, y1 = blob.box_mm
    code = "void" if blob.depth < 0 else "smear" if max(x1 - x0, y1 - y0) >= SMEAR_MM else "spot"
    return PrintMark(code, blob.box_mm, blob.size_mm, blob.depth, blob.area_mm2, blob.width_mm, blob.contrast, ground)


def _apart(marks: Sequence[PrintMark]) -> list[PrintMark]:
    """The strongest of marks that overlap or, for streaks, lie closer than the neighborhood they are held against."""
    kept: list[PrintMark] = []
    for mark in sorted(marks, key=lambda m: (m.code != "streak", -m.size_mm * abs(m.depth))):
        x0, y0, x1, y1 = mark.box_mm
        rim = BESIDE_MM if mark.code == "streak" else 1.0
        if not any(
            x0 < k.box_mm[2] + rim and x1 > k.box_mm[0] - rim and y0 < k.box_mm[3] + rim and y1 > k.box_mm[1] - rim
            for k in kept
        ):
            kept.append(mark)
    return kept


def _compact(tones: Tones, to_map: Affine) -> Iterator[PrintMark]:
    per_mm = float(np.mean(to_map.scale))
    back = to_map.inverse()
    dark = np.where(tones.even, -tones.change, 0)
    light = np.where(tones.even, tones.change, 0)
    # Beside and between letters, only what is far darker than anything the reference has near is a mark.
    darker = cv2.erode(cv2.blur(tones.ordered, (3, 3)), NEAR) - cv2.blur(tones.copy, (3, 3))
    over = tones.sheet & ~tones.even & (darker > OVERPRINT)
    if over.any():
        over &= cv2.blur((tones.ordered > 1 - EVEN).astype(np.float32), (AROUND_PX, AROUND_PX)) > PAPER_SHARE
        dark[over] = darker[over]
    for depth, least, sign in ((dark, DARK, 1.0), (light, LIGHT, -1.0)):
        if not depth.max() > PEAK:
            continue
        marked = depth > least
        count, labels, stats, _ = cv2.connectedComponentsWithStats(marked.astype(np.uint8), connectivity=8)
        for label in range(1, count):
            x, y, w, h = (int(v) for v in stats[label, :4])
            rows, columns = np.nonzero(labels[y : y + h, x : x + w] == label)
            depths = depth[y : y + h, x : x + w][rows, columns]
            size = float(np.sqrt(4 / np.pi * depths.sum()) / per_mm)
            if size < SPOT_MM or depths.max() < PEAK:
                continue
            _, sides, _ = cv2.minAreaRect(np.column_stack([columns, rows]).astype(np.float32))
            long, thick = max(sides) + 1, min(sides) + 1
            line = long / per_mm >= SMEAR_MM and long >= LINE_RATIO * thick
            code = "void" if sign < 0 else "streak" if line else "smear" if long / per_mm >= SMEAR_MM else "spot"
            (x0, y0), (x1, y1) = back([[x - 0.5, y - 0.5], [x + w - 0.5, y + h - 0.5]]).tolist()
            deepest = int(depths.argmax())
            peak, here = float(depths[deepest]), float(tones.copy[y + rows[deepest], x + columns[deepest]])
            area = float(depths.sum()) / peak / per_mm**2
            yield PrintMark(
                code,
                (x0, y0, x1, y1),
                long / per_mm if line else size,
                sign * peak,
                area,
                area / (long / per_mm) if line else shorter_axis(area, columns, rows, depths),
                contrast(here, here + sign * peak),
                tones.ground((x, y, x + w, y + h)),
            )


def _line(line: Streak, tones: Tones | None, maps: PageMaps) -> PrintMark:
    per_mm, back = float(np.mean(maps.to_map.scale)), maps.to_map.inverse()
    (x0, y0), (x1, y1) = back(line.ends).tolist()
    box = (min(x0, x1) - 0.5, min(y0, y1) - 0.5, max(x0, x1) + 0.5, max(y0, y1) + 0.5)
    length, width = line.length / per_mm, line.width / per_mm
    (left, top), (right, bottom) = (np.rint(maps.to_map(corner)).astype(int) for corner in (box[:2], box[2:]))
    ground = "picture" if tones is None else tones.ground((left, top, right + 1, bottom + 1))
    off = contrast(line.level - line.depth, line.level)
    return PrintMark("streak", box, length, line.depth, length * width, width, off, ground)


def _lost(tones: Tones, to_map: Affine) -> Iterator[PrintMark]:
    """Words and lines that the reference prints, and of which the copy shows next to nothing."""
    per_mm, back = float(np.mean(to_map.scale)), to_map.inverse()
    ordered = cv2.blur(1 - tones.ordered, (3, 3))
    shown = cv2.dilate(cv2.blur(1 - tones.copy, (3, 3)), NEAR)
    lost = tones.sheet & (ordered > PRINTED) & (shown < np.maximum(LEFT * ordered, BARE))
    if np.count_nonzero(lost) < LOST_MM2 * per_mm**2:
        return
    closed = cv2.morphologyEx(
        lost.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, round(WORD_GAP_MM * per_mm) | 1), np.uint8)
    )
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    for label in range(1, count):
        x, y, w, h = (int(v) for v in stats[label, :4])
        here = lost[y : y + h, x : x + w] & (labels[y : y + h, x : x + w] == label)
        if here.sum() >= LOST_MM2 * per_mm**2 and max(w, h) >= LOST_MM * per_mm:
            (x0, y0), (x1, y1) = back([[x - 0.5, y - 0.5], [x + w - 0.5, y + h - 0.5]]).tolist()
            peak, area = float(ordered[y : y + h, x : x + w].max()), here.sum() / per_mm**2
            yield PrintMark(
                "missing-print",
                (x0, y0, x1, y1),
                max(w, h) / per_mm,
                -peak,
                area,
                min(w, h) / per_mm,
                contrast(1.0, 1 - peak),
                tones.ground((x, y, x + w, y + h)),
            )
