"""How the print of a copy is scaled and turned on its paper, where it looks like no page of the title as it was ordered.

A press or a driver that "fits to page" prints at 92 to 106 %, along each axis for itself, and a crooked sheet is turned by
up to 12 degrees. Lines of text then fall out of step with those of the reference, and nothing is recognized. The size of a
picture's spectrum does not change as the print is shifted, so scale and turn are searched alone, for all pages of a title
at once. It takes seconds a scan and is asked for a few scans of a copy only: the others share what these say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import Sheet
from qc.geometry import Affine, Size
from qc.normalize.thumbnail import framed
from qc.register.thumbnail_index import PageIndex
from qc.register.thumbnails import spectrum
from qc.resample import shrunk_with_map
from qc.units import px_per_mm

SCALES = tuple(np.linspace(0.92, 1.06, 8))
"""Scales searched along each axis: a step of 2 % keeps the lines of a page in step to within a third of their distance."""
TURNS_DEG = tuple(np.linspace(-12.0, 12.0, 17))
FINER = ((0.01, 0.75), (0.005, 0.4), (0.0025, 0.2))
"""Steps of scale and of turn (degrees) in which the best is improved."""
SURE, SURE_LEAD = 0.6, 0.25
"""Likeness of a page, and its lead before all others, from which no larger turn is searched; text reaches it within 1.5 degrees
of its turn, another page's text 0.3 anywhere."""
SEARCH_DPI = 37.5
OUTLINE_MM = 2.0
"""The rough outline of the sheet is good to a millimeter."""
APART = (0.004, 0.4)
"""Scale and turn (degrees) by which a print that is found as ordered may be off without falling out of step."""
ALIKE = (0.01, 1.0)
"""The same by which what two scans of a copy say is one thing."""


@dataclass(frozen=True)
class Shape:
    """Size of the print against the ordered one along x and y of the upright page, and its turn on the sheet, clockwise."""

    scale_x: float = 1.0
    scale_y: float = 1.0
    turn_deg: float = 0.0

    def about(self, trim: Size) -> Affine:
        """Page-frame mm -> page-frame mm, about the middle of the trim."""
        middle = np.array([trim.width_mm, trim.height_mm]) / 2
        turned = Affine.rotation(self.turn_deg).after(Affine.scaling(self.scale_x, self.scale_y))
        return Affine.shift(*middle).after(turned).after(Affine.shift(*-middle))

    def mirrored(self) -> Shape:
        """As the other side of the leaf shows it, where not the press but the knife stood aslant."""
        return Shape(self.scale_x, self.scale_y, -self.turn_deg)

    def like(self, other: Shape, apart: tuple[float, float] = ALIKE) -> bool:
        """Whether two are the same within a scale and a turn (degrees)."""
        scale = max(abs(self.scale_x - other.scale_x), abs(self.scale_y - other.scale_y))
        return scale < apart[0] and abs(self.turn_deg - other.turn_deg) < apart[1]


AS_ORDERED = Shape()


def on_white(luminance: NDArray[np.float32], sheet: Sheet, mm_per_px: float) -> NDArray[np.float32]:
    """The scan with paper in place of the backing: the corners that a turned page frame shows of it are no print."""
    if sheet.corners is None:
        return luminance
    middle = sheet.corners.mean(axis=0)
    reach = np.linalg.norm(sheet.corners - middle, axis=1, keepdims=True)
    inner = middle + (sheet.corners - middle) * (1 - OUTLINE_MM / mm_per_px / reach)
    paper = np.zeros(luminance.shape, np.uint8)
    cv2.fillConvexPoly(paper, np.round(inner).astype(np.int32), 1)
    if not paper.any():
        return luminance
    return np.asarray(np.where(paper, luminance, np.float32(np.quantile(luminance[paper > 0], 0.9))), np.float32)


def search(
    luminance: NDArray[np.float32], start: Affine, trim: Size, shape: tuple[int, int], index: PageIndex
) -> tuple[Shape, int]:
    """Scale and turn at which a scan looks most like a page of the title, and that page (1-based).

    Parameters
    ----------
    luminance : ndarray, shape (h, w), float32
        Of the upright scan, from `on_white`.
    start : Affine
        Page-frame mm -> pixels, for a print as ordered.
    trim : Size
    shape : tuple of int
        Rows and columns of the title's small pictures.
    index : PageIndex

    Notes
    -----
    The best of a thousand guesses may be chance: registration has to confirm it.
    """
    small, to_small = shrunk_with_map(luminance, start, max(round(start.scale[0] / px_per_mm(SEARCH_DPI)), 1))

    def likeness(shapes: Sequence[Shape]) -> NDArray[np.float64]:
        views = (framed(small, to_small.after(s.about(trim)), shape) for s in shapes)
        return index.likeness_of([np.abs(spectrum(view)) for view in views])

    best, value, page = AS_ORDERED, -1.0, 0
    for turn in sorted(TURNS_DEG, key=abs):
        shapes = [Shape(float(x), float(y), float(turn)) for x, y in product(SCALES, SCALES)]
        found = likeness(shapes)
        at, likeliest = (int(k) for k in np.unravel_index(int(np.argmax(found)), found.shape))
        if found[at, likeliest] > value:
            best, value, page = shapes[at], float(found[at, likeliest]), likeliest
            if value > SURE and value - np.delete(found[at], page).max(initial=0.0) > SURE_LEAD:
                break
    for scale, angle in FINER:
        for _ in range(3):
            near = [
                Shape(best.scale_x + i * scale, best.scale_y + j * scale, best.turn_deg + k * angle)
                for i, j, k in product((-1, 0, 1), repeat=3)
            ]
            likely = likeness(near)[:, page]
            at = int(np.argmax(likely))
            if likely[at] <= value:
                break
            best, value = near[at], float(likely[at])
    return best, page + 1


def shared(found: Iterable[Shape]) -> tuple[Shape, ...]:
    """What a copy's print may look like, the commonest first, from what single scans say; each also `mirrored`."""
    groups: list[list[Shape]] = []
    for one in found:
        near = next((g for g in groups if g[0].like(one)), None)
        if near is None:
            groups.append([one])
        else:
            near.append(one)
    means = []
    for group in sorted(groups, key=lambda g: -len(g)):
        x, y, turn = np.median([(s.scale_x, s.scale_y, s.turn_deg) for s in group], axis=0)
        means.append(Shape(float(x), float(y), float(turn)))
    shapes: list[Shape] = []
    for shape in (*means, *(m.mirrored() for m in means)):
        if not any(shape.like(s) for s in shapes):
            shapes.append(shape)
    return tuple(shapes)
