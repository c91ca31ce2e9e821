"""Whether a scan shows the print of an ordered side: its corners and blobs found again, whichever way, place and size they have.

A small picture tells a layout, and the books of a series, or two columns of text, have the same. What is lettered and drawn
differs point by point. Points are those of SIFT (Lowe 2004, doi.org/10.1023/B:VISI.0000029664.99615.94), compared by the roots
of their histograms (Arandjelovic and Zisserman 2012, doi.org/10.1109/CVPR.2012.6248018).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Points
from qc.reference.base import ReferencePage
from qc.register.prepared_page import Plane

LEAST_CONTRAST, MOST_ALONG = 0.01, 20.0
"""Of SIFT: a quarter of the usual contrast, as dark lettering on a dark ground has little, and points along lines, too."""
MOST_POINTS = 2000
"""Of a picture, the strongest: photographs have more, and each pair of points is compared."""
CELL_MM = 10.0
TWIN = 0.95
"""Two points of one picture that are more alike are told apart by chance only, as those of a pattern."""
TWIN_MM = 2.0
OFF_MM = 1.0
"""How far a point may lie off a map by shift, turn and size: what scanners distort, and more than print does."""
LEAST_POINTS = 6
"""That agree on a map. Of other covers, up to 5 do by chance."""
SIZES = (0.4, 2.5)
"""A wrong resolution makes a cover half or twice as large."""
MIDDLE = 1 / 6
"""Of a frame, what is left out at each side where edges of the cover and the lid show."""


@dataclass(frozen=True)
class PrintPoints:
    """Points of a picture: `place`, shape (n, 2), x and y in mm; `look`, shape (n, 128), unit vectors whose product tells how
    alike two are; `own`, shape (n,), whether it has no twin elsewhere."""

    place: Points
    look: NDArray[np.float32]
    own: NDArray[np.bool_]

    def mirrored(self) -> PrintPoints:
        """As a scanner that mirrors shows them."""
        # 4 x 4 histograms of 8 directions, about the direction of the point.
        look = self.look.reshape(-1, 4, 4, 8)[:, ::-1][..., -np.arange(8) % 8].reshape(-1, 128)
        return PrintPoints(self.place * [-1.0, 1.0], np.ascontiguousarray(look), self.own)


@dataclass(frozen=True)
class FoundAgain:
    """What of an ordered side is found in a scan, in squares of `CELL_MM`.

    Attributes
    ----------
    share : float
        Of the squares with points of their own, or of those with print in the scan, how many have a point that lies where the other
        has it: the larger of the two, as a scan may be soft, cropped or covered in part.
    ordered, seen : int
        Squares with points of their own on the ordered side, and with print in the middle of the scan.
    """

    share: float
    ordered: int
    seen: int


def ordered_points(page: ReferencePage) -> PrintPoints:
    """Points of an ordered side, in its frame."""

    def make() -> dict[str, NDArray[np.float32]]:
        points = points_of(page.smooth, page.to_smooth.inverse())
        size = (page.trim.width_mm, page.trim.height_mm)
        shown = ((points.place > 0) & (points.place < size)).all(axis=1)
        place, look = points.place[shown], points.look[shown]
        # The distance along either axis suffices, and is quick.
        apart = [abs(x[:, None] - x[None, :]) > TWIN_MM for x in place.T.astype(np.float32)]
        alike = np.where(apart[0] | apart[1], look @ look.T, 0.0)
        own = alike.max(axis=1, initial=0.0) < TWIN
        return {"place": place.astype(np.float32), "look": look, "own": own.astype(np.float32)}

    kept = page.kept("points", make)
    return PrintPoints(kept["place"].astype(float), kept["look"], kept["own"] > 0)


def points_of(light: Plane, to_mm: Affine) -> PrintPoints:
    """Points of a picture in linear light, at about 75 dpi: small letters are seven pixels high."""
    encoded = np.rint(255 * np.sqrt(np.clip(light, 0.0, 1.0))).astype(np.uint8)
    sift = cv2.SIFT.create(nfeatures=MOST_POINTS, contrastThreshold=LEAST_CONTRAST, edgeThreshold=MOST_ALONG)
    found, look = sift.detectAndCompute(encoded, None)
    if not found:
        return PrintPoints(np.zeros((0, 2)), np.zeros((0, 128), np.float32), np.zeros(0, bool))
    root = np.sqrt(look / np.maximum(look.sum(axis=1, keepdims=True), 1e-9))
    return PrintPoints(to_mm(np.array([p.pt for p in found])), root, np.ones(len(found), bool))


def find_again(ordered: PrintPoints, size_mm: Points, scan: PrintPoints, frame_mm: Points) -> FoundAgain:
    """How much of an ordered side of `size_mm` is found in a scan whose frame has `frame_mm`, mirrored, too."""
    middle = ((scan.place > MIDDLE * frame_mm) & (scan.place < (1 - MIDDLE) * frame_mm)).all(axis=1)
    shares = [_share(ordered, (0.0, size_mm[0]), size_mm, scan, frame_mm)]
    if shares[0] < 0.5:
        shares.append(_share(ordered.mirrored(), (-size_mm[0], 0.0), size_mm, scan, frame_mm))
    return FoundAgain(max(shares), _squares(ordered.place[ordered.own], 1), _squares(scan.place[middle], 2))


def _share(
    ordered: PrintPoints, across: tuple[float, float], size_mm: Points, scan: PrintPoints, frame_mm: Points
) -> float:
    if min(len(ordered.place), len(scan.place)) < LEAST_POINTS:
        return 0.0
    alike = ordered.look @ scan.look.T
    best, back = alike.argmax(axis=1), alike.argmax(axis=0)
    at = np.flatnonzero(back[best] == np.arange(len(best)))
    if len(at) < LEAST_POINTS:
        return 0.0
    cv2.setRNGSeed(0)
    matrix, agree = cv2.estimateAffinePartial2D(
        ordered.place[at], scan.place[best[at]], method=cv2.RANSAC, ransacReprojThreshold=OFF_MM, confidence=0.999
    )
    if matrix is None or agree.sum() < LEAST_POINTS or not SIZES[0] < np.hypot(*matrix[:, 0]) < SIZES[1]:
        return 0.0
    to_scan, at = Affine(np.asarray(matrix, np.float64)), at[agree.ravel() > 0]
    there, back_there = to_scan(ordered.place), to_scan.inverse()(scan.place)
    in_frame = np.asarray(((there > 0) & (there < frame_mm)).all(axis=1))
    low, high = np.array([across[0], 0.0]), np.array([across[1], size_mm[1]])
    in_side = np.asarray(((back_there > low) & (back_there < high)).all(axis=1))
    return max(
        _hit(ordered.place, in_frame & ordered.own, np.isin(np.arange(len(there)), at), 1),
        _hit(scan.place, in_side, np.isin(np.arange(len(back_there)), best[at]), 2),
    )


def _hit(place: Points, use: NDArray[np.bool_], hit: NDArray[np.bool_], least: int) -> float:
    """Share of the squares with `least` points of those in use that have one which is hit."""
    if not use.any():
        return 0.0
    _, square, count = np.unique(place[use] // CELL_MM, axis=0, return_inverse=True, return_counts=True)
    hits = np.bincount(square.ravel(), hit[use], len(count)) > 0
    full = count >= least
    return float(hits[full].mean()) if full.any() else 0.0


def _squares(place: Points, least: int) -> int:
    return int((np.unique(place // CELL_MM, axis=0, return_counts=True)[1] >= least).sum()) if len(place) else 0
