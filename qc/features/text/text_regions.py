"""Small blocks of print on a page that is nearly blank: found, set level and cut out for reading."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Points
from qc.stats import mad
from qc.units import px_per_mm

Gray = NDArray[np.uint8]

COARSE = 8
"""Shrinking at which paper and backing are told apart."""
RIM_MM = 2.5
"""Paper left out along the cut."""
NOISE = 6.0
"""Ink is darker than the paper by this many times the noise, and by `LEAST_STEP` levels."""
LEAST_STEP = 10.0
SPECK_MM = 0.25
MARK_MM = 0.8
LETTER_MM = 5.5
"""Nothing of the small print of an imprint is taller; bars and pictures are."""
RULE_MM = 0.8
"""What is longer than a letter and lower than this is a rule, or a bar that lies."""
WORD_MM = 40.0
GAP_MM = 2.6
"""Print with less between belongs to one block."""
BLOCK_MM = (2.0, 0.8)
"""Least width and height of a block of text."""
MOST_SKEW_DEG = 6.0
MOST_BLOCKS = 12
PAD_MM = 1.5
QUIET_MM = 5.0
"""White that is left around a barcode."""


@dataclass(frozen=True)
class Crop:
    """A block of print, level and upright or upside down: pixels at `dpi`, and where they come from."""

    gray: Gray
    dpi: float
    to_page: Affine

    def corners_px(self) -> Points:
        """Its corners in pixels of the page; shape (4, 2)."""
        h, w = self.gray.shape
        return self.to_page([[0, 0], [w - 1, 0], [w - 1, h - 1], [0, h - 1]])


@dataclass(frozen=True)
class Blocks:
    """The blocks of a page: boxes x0, y0, x1, y1 in pixels of the page set level, and the map from there to the page.

    `marks_px` holds all that is no speck, barcodes too, x0, y0, x1, y1 in pixels of the page; None on an empty page.
    """

    gray: Gray
    dpi: float
    boxes: tuple[tuple[int, int, int, int], ...]
    to_page: Affine
    marks_px: tuple[int, int, int, int] | None = None

    def crop(self, index: int, dpi: float, upside_down: bool) -> Crop:
        """Block `index` at `dpi`, turned by half a turn if it is `upside_down`."""
        x0, y0, x1, y1 = self.boxes[index]
        pad = round(PAD_MM * px_per_mm(self.dpi))
        scale = dpi / self.dpi
        size = (round((x1 - x0 + 2 * pad) * scale), round((y1 - y0 + 2 * pad) * scale))
        into = Affine.shift(x0 - pad, y0 - pad).after(Affine.scaling(1 / scale))
        if upside_down:
            into = into.after(Affine.shift(size[0] - 1, size[1] - 1)).after(Affine.rotation(180))
        page = self.to_page.after(into)
        flags = (cv2.INTER_CUBIC if scale > 0.7 else cv2.INTER_AREA) | cv2.WARP_INVERSE_MAP
        picture = cv2.warpAffine(self.gray, page.matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return Crop(np.asarray(picture, np.uint8), dpi, page)


def find_blocks(gray: Gray, dpi: float) -> Blocks:
    """Blocks of small print.

    Parameters
    ----------
    gray : ndarray, shape (h, w), uint8
        A page that is nearly blank, with or without backing around it; 200 dpi or more.
    dpi : float

    Returns
    -------
    Blocks
        From the top down; at most `MOST_BLOCKS`, the largest ones.

    Notes
    -----
    Paper is the large bright region; what is darker than its surroundings by more than the noise is print. Pieces that
    are no letters (bars, pictures, specks) are painted over with paper, so that they do not disturb the reading. The
    turn of the page is the one that makes rows of print sharpest. Print that is fainter than the noise is not found.
    """
    mm = px_per_mm(dpi)
    smooth = cv2.GaussianBlur(gray, (0, 0), 0.02 * mm) if 0.02 * mm > 0.3 else gray
    small = cv2.resize(gray, None, fx=1 / COARSE, fy=1 / COARSE, interpolation=cv2.INTER_AREA)
    field = np.asarray(cv2.medianBlur(small, 2 * round(1.5 * mm / COARSE) + 3), np.uint8)
    paper = _paper(field, mm / COARSE)
    size = (gray.shape[1], gray.shape[0])
    around = np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    inside = np.asarray(cv2.resize(paper, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    some = (slice(None, None, 1 + gray.size // 400_000),)
    sample = (around.ravel()[some].astype(np.int16) - smooth.ravel()[some])[inside.ravel()[some] > 0]
    noise = mad(sample) if sample.size else 0.0
    # A page has millions of pixels: bytes, and nothing kept longer than it is needed.
    ink = cv2.subtract(around, smooth, mask=inside)
    cv2.threshold(ink, max(NOISE * noise, LEAST_STEP), 1, cv2.THRESH_BINARY, dst=ink)
    del smooth
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_32S)
    del ink
    wide, tall = stats[:, cv2.CC_STAT_WIDTH] / mm, stats[:, cv2.CC_STAT_HEIGHT] / mm
    # Blurred letters run together into words: wide, but no taller.
    other = (tall > LETTER_MM) | ((wide > LETTER_MM) & (tall < RULE_MM)) | (wide > WORD_MM)
    letter = (np.maximum(wide, tall) >= SPECK_MM) & ~other
    letter[0] = other[0] = False
    clean = _painted_over(gray, around, other.astype(np.uint8)[labels], inside, mm)
    print_ = (letter.astype(np.uint8) * 255)[labels]
    del labels
    angle = _skew(print_, dpi)
    h, w = gray.shape
    turn = Affine.shift(w / 2, h / 2).after(Affine.rotation(angle)).after(Affine.shift(-w / 2, -h / 2))
    level = cv2.warpAffine(print_, turn.matrix, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    marks = _around(stats[1:][np.maximum(wide, tall)[1:] >= MARK_MM], round(QUIET_MM * mm), gray.shape)
    return Blocks(clean, dpi, _boxes(np.asarray(level, np.uint8), mm), turn, marks)


def _paper(field: Gray, mm: float) -> Gray:
    """Mask of the largest bright region without its rim."""
    bright = (field > 0.6 * float(np.quantile(field, 0.95))).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bright, connectivity=4)
    if len(stats) < 2:
        return bright
    largest = (labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())).astype(np.uint8)
    contours, _ = cv2.findContours(largest, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(np.concatenate(contours))
    whole = cv2.fillConvexPoly(np.zeros_like(largest), hull, 1)
    rim = 2 * max(round(RIM_MM * mm), 1) + 1
    whole = cv2.copyMakeBorder(whole, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=[0])
    return np.asarray(cv2.erode(whole, np.ones((rim, rim), np.uint8))[1:-1, 1:-1], np.uint8)


def _painted_over(gray: Gray, around: Gray, other: Gray, inside: Gray, mm: float) -> Gray:
    grown = cv2.dilate(other, np.ones((2 * round(0.2 * mm) + 1,) * 2, np.uint8))
    clean = around.copy()
    cv2.copyTo(gray, cv2.subtract(inside, grown), clean)
    return clean


def _around(pieces: NDArray[np.int32], pad: int, shape: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    if not len(pieces):
        return None
    x, y, w, h = pieces[:, 0], pieces[:, 1], pieces[:, 2], pieces[:, 3]
    x1, y1 = min(int((x + w).max()) + pad, shape[1]), min(int((y + h).max()) + pad, shape[0])
    return max(int(x.min()) - pad, 0), max(int(y.min()) - pad, 0), x1, y1


def _skew(ink: Gray, dpi: float) -> float:
    """Turn of the rows of print in degrees, clockwise positive, within ± `MOST_SKEW_DEG`."""
    places = np.flatnonzero(ink)
    if len(places) < 50:
        return 0.0
    ys, xs = np.divmod(places[:: max(1, len(places) // 40_000)], ink.shape[1])
    x, y = xs - xs.mean(), ys - ys.mean()
    best, width = 0.0, 1.0
    for span, width in ((MOST_SKEW_DEG, 0.5), (0.5, 0.1), (0.1, 0.02)):
        angles = best + np.arange(-span, span + width / 2, width)
        best = float(max(angles, key=lambda a: _sharpness(x, y, float(a), dpi / 150.0)))
    return best


def _sharpness(x: NDArray[np.float64], y: NDArray[np.float64], angle_deg: float, row_px: float) -> float:
    a = np.deg2rad(angle_deg)
    rows = ((y * np.cos(a) - x * np.sin(a)) / row_px).astype(int)
    counts = np.bincount(rows - rows.min()).astype(float)
    return float((counts**2).sum())


def _boxes(ink: Gray, mm: float) -> tuple[tuple[int, int, int, int], ...]:
    gap = 2 * round(GAP_MM * mm / 2) + 1
    grown = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
    kept = [s for s in stats[1:] if s[2] >= BLOCK_MM[0] * mm and s[3] >= BLOCK_MM[1] * mm]
    kept = sorted(sorted(kept, key=lambda s: -int(s[4]))[:MOST_BLOCKS], key=lambda s: int(s[1]))
    return tuple((int(x), int(y), int(x + w), int(y + h)) for x, y, w, h, _ in kept)
