"""Edges of a page that lies on others: from inside out, the first line that runs along the whole edge is its cut.

The pages below a leaf end in stripes beside it, and the far side of that stack contrasts more with the backing than the
cut does with the first stripe. So lines parallel to the edge are looked for on the paper side, where nothing was
ordered to be printed: a step in tone at the same place in nearly every segment of the edge.

What fools it: a page below that ends within 0.2 mm and looks exactly like the leaf (the error is its width), and a
sheet printed all over, on which no place is bare enough to look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.edges.profiles import SEGMENTS, segment_profiles, strip_along
from qc.geometry import Affine, Points
from qc.resample import warped
from qc.units import px_per_mm

REACH_MM = 8.0
"""How far inside an edge the stack may begin: somewhat more than half an inch of paper fans out."""
SOFT_PX = 2
SOFT_MM = 0.38
"""Blur, sharpening and the dark rim of the cut itself."""
LEAST_STEP = 0.04
"""Share of paper; the seams of JPEG blocks, sensor streaks and show-through stay below. Chosen on drawn pages."""
LARGE_STEP = 0.3
LEAST_SHARE = 0.75
"""Of the segments in which a line must show."""
LEAST_BARE = 0.35
"""Of the segments that must be bare where a line is looked for."""
PLAIN = 0.03
"""Change of the ordered tone over half a millimeter up to which a place counts as bare."""
FAN_LIMIT = 0.006
"""Largest slope of a page below against the edge found."""
WITHOUT_ORDER = 0.9
"""Of the segments must show a line where nobody says what was ordered: a framed picture runs along most of an edge."""
BARE_PAPER = 0.93
BETWEEN_LETTERS = 0.8
PRINT_PX = 4
LEAST_ALIKE = 0.8
"""Correlation with the order within 4 px either side that proves print to be on the page."""
PRINTED = 0.04
"""Spread of the ordered tone from which print is to be seen."""
BOARD_REACH_MM = 30.0
BOARD_DARK, BOARD_PAPER = 0.6, 0.75
"""Shares of bare paper: a cover board stays below the first, a page lying on it is brighter than the second."""
BOARD_STRAIGHT_MM = 0.5
"""Spread of the place where the page begins; 0.17 on two real boards, whose pages begin 16 mm inside."""
_AROUND = np.ones((1, 7), np.uint8)
LASTING_DROP = 0.06
"""The page below is at least this much darker than the leaf, or it is not told from a line on the leaf."""

Profiles = NDArray[np.float64]


@dataclass(frozen=True)
class Expected:
    """What was ordered: `draw` gives it in linear light, paper at 1; `from_scan` maps working pixels to its pixels."""

    draw: Callable[[], NDArray[np.float32]]
    from_scan: Affine

    def strip(self, to_image: Affine, shape: tuple[int, int]) -> NDArray[np.float32]:
        """The same strip of the reference page; bare beyond its raster."""
        return np.asarray(warped(self.draw(), self.from_scan.after(to_image), shape[::-1], 1.0), np.float32)


@dataclass(frozen=True)
class Line:
    """A step in lightness along the whole edge.

    `at` is its distance in px from the innermost row in the middle of the strip; `step` its height as a share of paper,
    < 0 where it gets darker outward.
    """

    at: float
    slope: float
    step: float


@dataclass(frozen=True)
class Ground:
    """A strip cut into segments, beside what was ordered there.

    Attributes
    ----------
    profiles : ndarray, shape (segments, across)
        Mean light of each segment, innermost first.
    centers : ndarray, shape (segments,)
        Of the segments, px along the strip.
    bare : ndarray, shape (segments, across), bool
        Visible, and the order shows no change of tone within 3 px.
    ordered : ndarray, shape (segments, across), or None
        Light that was ordered.
    """

    profiles: Profiles
    centers: NDArray[np.float64]
    bare: NDArray[np.bool_]
    ordered: Profiles | None

    def known(self) -> NDArray[np.bool_]:
        """Where across the strip the page is seen to go on, shape (across,).

        It is printed as ordered or, where nothing is to be printed, bare in enough segments for a line to be seen.
        """
        enough = np.asarray(self.bare.mean(axis=0) >= LEAST_BARE)
        if self.ordered is None:
            return enough
        width = 2 * PRINT_PX + 1
        seen, ordered = (
            np.lib.stride_tricks.sliding_window_view(
                np.pad(p, ((0, 0), (PRINT_PX, PRINT_PX)), mode="edge"), width, axis=1
            )
            for p in (np.nan_to_num(self.profiles), self.ordered)
        )
        a = seen - seen.mean(axis=(0, 2), keepdims=True)
        b = ordered - ordered.mean(axis=(0, 2), keepdims=True)
        alike = (a * b).sum(axis=(0, 2)) / np.sqrt((a * a).sum(axis=(0, 2)) * (b * b).sum(axis=(0, 2)) + 1e-9)
        return np.asarray(np.where(np.sqrt((b * b).mean(axis=(0, 2))) > PRINTED, alike > LEAST_ALIKE, enough))


def look(strip: NDArray[np.float32], to_image: Affine, expected: Expected | None) -> Ground:
    """Cut a strip into segments.

    Without an order every visible place counts as bare, and the light is that of the paper between letters and lines of
    text: its upper part, not its mean.
    """
    profiles, centers = segment_profiles(strip)
    seen = np.isfinite(profiles)
    if expected is None:
        paper = np.quantile(strip.reshape(len(strip), SEGMENTS, -1), BETWEEN_LETTERS, axis=2)
        return Ground(paper.T.astype(np.float64), centers, seen, None)
    ordered, _ = segment_profiles(expected.strip(to_image, (strip.shape[0], strip.shape[1])))
    most, least = (extreme(ordered, _AROUND, borderType=cv2.BORDER_REPLICATE) for extreme in (cv2.dilate, cv2.erode))
    return Ground(profiles, centers, seen & (most - least < PLAIN), ordered)


def lines_along(
    profiles: Profiles,
    usable: NDArray[np.bool_],
    centers: NDArray[np.float64],
    slope_limit: float,
    least: float = LEAST_BARE,
    share: float = LEAST_SHARE,
) -> list[Line]:
    """Steps that nearly all segments share, from inside out.

    Parameters
    ----------
    profiles : ndarray, shape (segments, across)
        Relative to paper, innermost first.
    usable : ndarray, same shape, bool
    centers : ndarray, shape (segments,)
        Of the segments, px along the edge.
    slope_limit : float
        Largest slope of a line against the strip.
    least : float
        Share of the segments that must be usable at a place.
    share : float
        Of these segments, how many must show the line.
    """
    count = len(profiles)
    step, known = _steps(np.where(usable, profiles, 0.0), usable)
    window = _window(centers, slope_limit)
    always = cv2.erode(known.view(np.uint8), window, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    fewest = np.maximum(always.sum(axis=0, dtype=np.int64), least * count)
    places = np.flatnonzero(_within_reach(step, known, window) >= share * fewest)
    if not len(places):
        return []
    middle = 0.5 * (centers[0] + centers[-1])
    half = 0.5 * (centers[-1] - centers[0])
    slopes = np.linspace(-slope_limit, slope_limit, 2 * max(round(slope_limit * half), 1) + 1)
    rows = np.arange(count)[:, None]
    best, slope_of = np.zeros((2, step.shape[1]))
    for slope in slopes:
        index = places[None, :] + np.rint(slope * (centers - middle)).astype(int)[:, None]
        inside = (index >= 0) & (index < step.shape[1])
        index = np.clip(index, 0, step.shape[1] - 1)
        here = known[rows, index] & inside
        number = here.view(np.uint8).sum(axis=0, dtype=np.uint16).astype(np.int64)
        if not (number >= least * count).any():
            continue
        value = step[rows, index]
        mean = (np.clip(value, -LARGE_STEP, LARGE_STEP) * here).sum(axis=0) / np.maximum(number, 1)
        alike = here & (value * np.sign(mean) > 0.5 * LEAST_STEP)
        agree = alike.view(np.uint8).sum(axis=0, dtype=np.uint16) / np.maximum(number, 1)
        ok = (number >= least * count) & (agree >= share) & (np.abs(mean) >= LEAST_STEP)
        better = ok & (np.abs(mean) > np.abs(best[places]))
        best[places[better]], slope_of[places[better]] = mean[better], slope
    lines: list[Line] = []
    at = 0
    while at < len(best):
        if best[at] == 0:
            at += 1
            continue
        peak = at
        while peak + 1 < len(best) and best[peak + 1] * np.sign(best[at]) > abs(best[peak]):
            peak += 1
        lines.append(Line(peak + 1.5, float(slope_of[peak]), float(best[peak])))
        at = peak + 1
        while at < len(best) and 0 < best[at] * np.sign(best[peak]) <= abs(best[at - 1]):
            at += 1
    return lines


def _steps(values: Profiles, known: NDArray[np.bool_]) -> tuple[Profiles, NDArray[np.bool_]]:
    """Step of each profile at each place, two samples either side of it, and where all four are known."""
    step = 0.5 * (values[:, 2:-1] + values[:, 3:] - values[:, 1:-2] - values[:, :-3])
    return step, known[:, 3:] & known[:, 2:-1] & known[:, 1:-2] & known[:, :-3]


def _within_reach(step: Profiles, known: NDArray[np.bool_], window: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Segments that have a step of one sign within the `window` of each place: a line there has no more, however it leans."""
    alike = [(known & (step * sign > 0.5 * LEAST_STEP)).view(np.uint8) for sign in (1, -1)]
    near = [cv2.dilate(a, window, borderType=cv2.BORDER_CONSTANT, borderValue=0) for a in alike]
    return np.asarray(np.max([n.sum(axis=0, dtype=np.int64) for n in near], axis=0))


def _window(centers: NDArray[np.float64], slope_limit: float) -> NDArray[np.uint8]:
    """As far as a line may lean along an edge."""
    reach = int(np.ceil(slope_limit * 0.5 * (centers[-1] - centers[0]))) + 1
    return np.ones((1, 2 * reach + 1), np.uint8)


def lies_on_others(
    luminance: NDArray[np.float32], ends: Points, dpi: float, paper: float, expected: Expected | None
) -> bool:
    """Whether parallel lines run just inside a found edge, so that it is the far side of a stack of pages.

    Parameters
    ----------
    luminance : ndarray, shape (h, w), float32
        Linear light.
    ends : ndarray, shape (2, 2)
        The found edge; walking from the first to the second point, the paper lies to the right.
    dpi : float
        Across the edge.
    paper : float
        Linear light of bare paper.
    expected : Expected or None
        What was ordered. Without it, a rule along the whole edge counts as a page below, and the first of the pages below
        a picture that bleeds may pass for a white rim.
    """
    scale = px_per_mm(dpi)
    strip, to_image = strip_along(luminance, ends, round(REACH_MM * scale), 0)
    inner = strip.shape[0] - max(round(SOFT_MM * scale), SOFT_PX)
    if expected is not None:
        # Most margins are empty whatever was ordered there.
        profiles, centers = segment_profiles(strip[:inner])
        seen = np.isfinite(profiles)
        near = _within_reach(*_steps(np.where(seen, profiles / paper, 0.0), seen), _window(centers, FAN_LIMIT))
        if near.max() < LEAST_SHARE * LEAST_BARE * SEGMENTS:
            return False
    ground = look(strip, to_image, expected)
    profiles, usable = ground.profiles[:, :inner] / paper, ground.bare[:, :inner]
    if expected is not None:
        lines = lines_along(profiles, usable, ground.centers, FAN_LIMIT)
    else:
        lines = lines_along(profiles, usable, ground.centers, FAN_LIMIT, WITHOUT_ORDER, WITHOUT_ORDER)
    if len(lines) != 1 or lines[0].step < 0:
        return bool(lines)
    # One rise to bare paper is a picture that ends short of the cut.
    beyond = np.median(profiles, axis=0)[int(lines[0].at) + 2 :]
    return bool(beyond.size) and float(beyond.max()) < BARE_PAPER


def lies_on_board(luminance: NDArray[np.float32], ends: Points, dpi: float, paper: float) -> bool:
    """Whether a found edge is that of a cover board: dark beyond one straight line along which bright paper begins.

    For pages of which nobody says what was ordered. A picture with a straight inner border along the whole edge is
    taken for a board, too; that costs an edge.

    Parameters
    ----------
    luminance, ends, dpi, paper
        As in `lies_on_others`.
    """
    scale = px_per_mm(dpi)
    strip, to_image = strip_along(luminance, ends, round(BOARD_REACH_MM * scale), 0)
    inward = look(strip, to_image, None).profiles[:, ::-1] / paper
    bright = inward > BOARD_PAPER
    crossing = bright.any(axis=1)
    if crossing.mean() < WITHOUT_ORDER:
        return False
    depth = bright[crossing].argmax(axis=1)
    middle = float(np.median(depth))
    straight = float(np.median(np.abs(depth - middle))) < BOARD_STRAIGHT_MM * scale
    rim = max(round(SOFT_MM * scale), SOFT_PX)
    return straight and middle >= 3 * rim and float(np.nanmedian(inward[:, rim : int(middle) - rim])) < BOARD_DARK
