"""Marks that only a finer look proves: in pictures from 0.8 mm, on paper, tints and text from 0.5 mm, and near a measured cut.

A coarse look at 50 dpi names the places, the strongest first, and `FineLook` confirms or drops them.
"""

from __future__ import annotations

import cv2
import numpy as np

from qc.features.fine_look import Blob, FineLook
from qc.features.page_maps import PageMaps
from qc.features.page_rest import PageRest, page_rest
from qc.features.page_tones import AROUND_PX, EVEN, PAPER_SHARE, Mask, Tones, on_sheet
from qc.features.picture_marks import Suspect, picture_rest, picture_suspects, suspects
from qc.features.print_streaks import Streak
from qc.features.white_streaks import white_streaks
from qc.geometry import Box
from qc.stats import mad

PICTURE_MM, PAPER_MM = 0.7, 0.52
"""Least width of a mark in a picture, and on paper or in text: discs of 0.8 and 0.5 mm, less what screen and blur take off."""
MOST_LOOKS, MOST_IN_TEXT = 8, 4
TAKEN, SIGMAS = 0.3, 8.0
"""Least light taken over 3 x 3 pixels of 50 dpi, in pixels of paper (a disc of 0.5 mm that is 20 L* darker takes as much), and
in usual differences of the page."""
IN_TEXT = 6.0
GRAIN, JITTER_PX, OF_INK = 0.01, 0.3, 0.03
"""Usual difference of light where nothing is printed, shift that is left, and share of the ink by which letters vary."""
LARGEST_MM = 10.0
UNKNOWN_MM = 1e3
"""Edges that were not measured lie further out than this."""
BRIGHTEST, LEAST_PAPER = 0.98, 0.7
"""Light of paper where a page shows none; no book paper known reflects less."""


def fine_marks(
    maps: PageMaps, tones: Tones | None, look: FineLook, sheet_mm: Box
) -> tuple[list[tuple[Blob, str]], list[Streak]]:
    """The marks, and what each lies on ("paper", "text", "solid" or "picture"); and white streaks.

    Parameters
    ----------
    maps : PageMaps
    tones : Tones or None
        None on a page without bright paper: only its pictures are looked at.
    look : FineLook
    sheet_mm : tuple of float
        As `print_marks` is given it; up to a millimeter from each edge that was measured marks are looked for.
    """
    box = _looked_at(maps, sheet_mm, look.to_cut)
    on = on_sheet(maps, box)
    bare = cv2.blur((maps.reference > 1 - EVEN).astype(np.float32), (AROUND_PX, AROUND_PX))
    pictures = (bare < PAPER_SHARE) & on
    paper = (
        tones.paper if tones is not None else max(float(np.quantile(maps.light[maps.inside], BRIGHTEST)), LEAST_PAPER)
    )
    found = []
    rest = picture_rest(maps.light, look.page.light, pictures)
    if rest is not None:
        for suspect in picture_suspects(rest)[:MOST_LOOKS]:
            blob = _confirmed(suspect, maps, look, box, paper)
            if blob is not None and blob.width_mm >= PICTURE_MM:
                found.append((blob, "picture" if tones is None else tones.ground(_pixels(blob.box_mm, maps))))
    if tones is None:
        left = page_rest(maps.light / np.float32(paper), maps.reference, maps.inside & on)
    else:
        left = page_rest(tones.copy, tones.ordered, tones.sheet)
        beside = on & ~pictures
        for suspect in _on_paper(tones, beside)[:MOST_LOOKS] + _in_text(left, beside & ~tones.flat)[:MOST_IN_TEXT]:
            blob = _confirmed(suspect, maps, look, box, paper)
            if blob is not None and blob.width_mm >= PAPER_MM and blob.depth > 0:
                found.append((blob, tones.ground(_pixels(blob.box_mm, maps))))
    return found, list(white_streaks(left, maps, look, box, paper))


def _looked_at(maps: PageMaps, sheet_mm: Box, to_cut: bool) -> Box:
    """Left, top, right, bottom (mm): the sheet where its edge was measured, a millimeter round the inside of the page elsewhere."""
    rows, columns = (np.flatnonzero(maps.inside.any(axis=k)) for k in (1, 0))
    back = maps.to_map.inverse()
    (left, top), (right, bottom) = back([[columns[0], rows[0]], [columns[-1], rows[-1]]]).tolist()
    inner = (left - 1, top - 1, right + 1, bottom + 1)
    known = [to_cut and abs(s) < UNKNOWN_MM for s in sheet_mm]
    x0, y0, x1, y1 = (s if k else i for s, i, k in zip(sheet_mm, inner, known, strict=True))
    return max(x0, sheet_mm[0]), max(y0, sheet_mm[1]), min(x1, sheet_mm[2]), min(y1, sheet_mm[3])


def _confirmed(suspect: Suspect, maps: PageMaps, look: FineLook, box: Box, paper: float) -> Blob | None:
    extent = suspect.extent / float(np.mean(maps.to_map.scale))
    if extent > LARGEST_MM:
        return None
    x, y = maps.to_map.inverse()((suspect.x, suspect.y)).tolist()
    left, top, right, bottom = box
    return look.at((x, y), extent, (left + 1, top + 1, right - 1, bottom - 1), paper)


def _on_paper(tones: Tones, on: Mask) -> list[Suspect]:
    """Where even paper or a tint is darker than all around."""
    weight = (tones.flat & on).astype(np.float32)
    dark = -tones.change * weight
    near, wide, few, many = (cv2.blur(v, (side, side)) for v in (dark, weight) for side in (3, 9))
    # Against the ring of 9 x 9 pixels: the shadow of a cut changes steadily.
    taken = 9 * (near - few * (81 * wide - 9 * near) / np.maximum(81 * many - 9 * few, 9))
    taken *= weight
    usual = mad(taken[::4, ::4][weight[::4, ::4] > 0]) if weight[::4, ::4].any() else 0.0
    return suspects(taken > max(TAKEN, SIGMAS * usual), taken)


def _in_text(left: PageRest, beside: Mask) -> list[Suspect]:
    """Where between letters or on them it is darker than the reference, a small shift and their own ink explain."""
    strength = np.zeros_like(left.off)
    at = np.nonzero(beside & (left.off < -IN_TEXT * GRAIN))
    slope = np.hypot(left.across[at], left.down[at])
    strength[at] = -left.off[at] / np.sqrt(GRAIN**2 + (JITTER_PX * slope) ** 2 + (OF_INK * left.ink[at]) ** 2)
    return suspects(strength > IN_TEXT, strength)


def _pixels(box_mm: Box, maps: PageMaps) -> tuple[int, int, int, int]:
    (x0, y0), (x1, y1) = np.rint(maps.to_map([box_mm[:2], box_mm[2:]])).astype(int).tolist()
    return x0, y0, x1 + 1, y1 + 1
