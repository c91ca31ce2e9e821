"""What the dark marks on a nearly bare page are: print, show-through, shadow, stains, or a blob or streak nobody ordered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.units import px_per_mm

FINE_DPI = 150.0
SOFT = 0.27
"""Steepest slope across a mark over its depth, per pixel at 150 dpi: print scans at 0.29 and above, show-through at 0.21
to 0.26, stains and shadows below 0.1."""
FAINT = 0.4
"""A mark that takes more of the light than this is never called show-through."""
STAIN = 0.65
"""Nor one that takes more than this a stain or a shadow, however soft it is."""
VEIL = 20
"""So many soft marks make a veil; up to a fourth as many faint ones that are a little sharper belong to it."""
VEIL_SOFT = 0.34
"""How sharp these may be; of the marks of drawn veils up to 16 % lie above `SOFT`, and one in a thousand above this."""
SPECK_MM = 1.3
"""Dust is smaller; where it touches something that shines through, the two together are not."""
LARGE_MM = 3.0
FILLED = 0.4
"""Share of its box that a large dark patch fills and lines of text do not."""
DARK = 0.8
"""Of the paper around: ink, stains and shadows."""
BLOB_MM = 1.4
STREAK_SHARE = 0.9
STREAK_MM = 4.0
SHADOW_MM = 15.0
STROKE_MM2 = 8.0
"""Seen through the paper, words fall into pieces smaller than this; a pale picture does not."""
FEW = 12


class Appearance(StrEnum):
    """What a page looks like, finer than its kind; all but the first two are blank pages."""

    PRINT = "print"
    FOLIO = "folio"
    CLEAN = "clean"
    SHOW_THROUGH = "show-through"
    SHADOW = "shadow"
    DIRT = "dirt"
    DEFECT = "defect"


@dataclass(frozen=True)
class Mark:
    """A blob or a streak: `code` as `print-defect` has it, its box x0, y0, x1, y1 in page-frame mm, and the same in
    pixels of the image it was found in."""

    code: str
    box_mm: tuple[float, float, float, float]
    box_px: tuple[float, float, float, float]

    @property
    def size_mm(self) -> float:
        """The longer side of its box."""
        x0, y0, x1, y1 = self.box_mm
        return max(x1 - x0, y1 - y0)


@dataclass(frozen=True)
class Sorted:
    """Indices into the pieces of a page: `print`, `soft` (shadow, stain, show-through), `blobs`, `streaks`."""

    print: tuple[int, ...]
    soft: tuple[int, ...]
    blobs: tuple[int, ...]
    streaks: tuple[int, ...]


def sort_marks(
    ratio: NDArray[np.float32], boxes_mm: NDArray[np.float64], page_mm: tuple[float, float], *, sharp: bool = True
) -> Sorted:
    """Tell the marks of a nearly bare page apart.

    Parameters
    ----------
    ratio : ndarray, shape (h, w), float32
        Light relative to the paper around, at 150 dpi.
    boxes_mm : ndarray, shape (n, 4), mm
        Left, top, width, height of each mark, from the left-top corner of `ratio`.
    page_mm : tuple of float
        Width and height of the page that was searched.
    sharp : bool
        Whether the scan is fine enough (150 dpi) that softness tells anything; if not, only stains and shadows are soft.

    Returns
    -------
    Sorted

    Notes
    -----
    Print has sharp sides or takes much light; what shines through the paper is spread by it and takes little. A blob is as
    thick as it is long (no letter is: the thickest stroke of a bold heading is a third of its height), at least 1.4 mm;
    several of one size in a row are an ornament. A streak runs from end to end of the page. Among many soft marks those that
    are but a little sharper are soft, too, and a speck of dust that touches one is no print. A black disc or a line from
    edge to edge that was ordered looks like a blob or a streak: only the reference tells. Thick show-through that takes more
    than 40 % of the light passes for print.
    """
    scale = px_per_mm(FINE_DPI)
    smooth = np.asarray(cv2.GaussianBlur(ratio, (0, 0), 0.7), np.float32)
    width, height = page_mm
    found: dict[str, list[int]] = {"print": [], "soft": [], "blobs": [], "streaks": []}
    parts = [_part(smooth, box, scale) for box in boxes_mm]
    depths = [1 - float(part.min()) for part in parts]
    veil = []
    for k, (part, depth) in enumerate(zip(parts, depths, strict=True)):
        _, _, w, h = boxes_mm[k]
        if min(w, h) >= LARGE_MM and (part < DARK).mean() > FILLED:
            # A speck on a stain does not make the stain sharp.
            part = np.asarray(cv2.medianBlur(part, 5), np.float32)
        slope = np.hypot(
            cv2.Sobel(part, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(part, cv2.CV_32F, 0, 1, scale=1 / 8)
        ).max()
        if (slope < SOFT / 2 * depth and depth < STAIN) or (sharp and slope < SOFT * depth and depth < FAINT):
            found["soft"].append(k)
            continue
        if depth < FAINT and slope < VEIL_SOFT * depth:
            veil.append(k)
        if _is_streak(w, h, width, height):
            found["streaks"].append(k)
        elif _thickness_mm(part < 1 - depth / 2, scale) >= max(BLOB_MM, 0.55 * max(w, h)):
            found["blobs"].append(k)
        else:
            found["print"].append(k)
    rest: set[int] = set()
    if len(found["soft"]) >= VEIL and 4 * len(veil) < len(found["soft"]):
        rest |= set(veil)
    if found["soft"]:
        background = float(np.median([depths[k] for k in found["soft"]]))
        rest |= {k for k in found["print"] if _is_speck(parts[k], 1 - (background + depths[k]) / 2, scale)}
    for name in ("print", "blobs", "streaks"):
        found[name] = [k for k in found[name] if k not in rest]
    found["soft"] += sorted(rest)
    if _is_row(boxes_mm[found["blobs"]]):
        found["print"] += found["blobs"]
        found["blobs"] = []
    return Sorted(*(tuple(found[name]) for name in ("print", "soft", "blobs", "streaks")))


def _part(picture: NDArray[np.float32], box_mm: NDArray[np.float64], scale: float) -> NDArray[np.float32]:
    """The picture inside a box, and a little around it."""
    x, y, w, h = box_mm
    rows = slice(max(int(scale * y) - 3, 0), int(scale * (y + h)) + 4)
    return picture[rows, max(int(scale * x) - 3, 0) : int(scale * (x + w)) + 4]


def soft_look(boxes_mm: NDArray[np.float64], areas_mm2: NDArray[np.float64], width_mm: float) -> Appearance | None:
    """What soft marks are: show-through, shadow, dirt; None where they are too many and too large for any of these."""
    beside = [_at_side(x, w, h, width_mm) for x, _, w, h in boxes_mm]
    rest = areas_mm2[~np.array(beside, bool)]
    if not rest.size:
        return Appearance.SHADOW
    if rest.size <= FEW:
        return Appearance.DIRT if rest.max() >= 1.0 else Appearance.SHOW_THROUGH
    return Appearance.SHOW_THROUGH if np.quantile(rest, 0.95) < STROKE_MM2 else None


def _at_side(x: float, w: float, h: float, width: float) -> bool:
    """A strip along a side of the page."""
    return (x < 1 or x + w > width - 1) and w < SHADOW_MM and h > 2 * w


def _is_row(boxes: NDArray[np.float64]) -> bool:
    """Several marks of one size side by side."""
    if len(boxes) < 2:
        return False
    size, level = boxes[:, 2:].max(axis=1), boxes[:, 1] + boxes[:, 3] / 2
    return bool(np.ptp(size) < 0.3 * size.max() and np.ptp(level) < 0.5)


def _is_speck(part: NDArray[np.float32], level: float, scale: float) -> bool:
    """Whether what is darker than `level` falls into pieces too small for print."""
    _, _, stats, _ = cv2.connectedComponentsWithStats((part < level).astype(np.uint8), connectivity=8)
    longest = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(initial=0)
    return bool(longest < SPECK_MM * scale)


def _is_streak(w: float, h: float, width: float, height: float) -> bool:
    return (h >= STREAK_SHARE * height and w <= STREAK_MM) or (w >= STREAK_SHARE * width and h <= STREAK_MM)


def _thickness_mm(dark: NDArray[np.bool_], scale: float) -> float:
    """Diameter of the largest disc inside the dark pixels."""
    padded = cv2.copyMakeBorder(dark.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return float(2 * cv2.distanceTransform(padded, cv2.DIST_L2, 5).max() / scale)
