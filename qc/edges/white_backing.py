"""Cut edges on a white lid, where paper and backing are about equally bright and only a faint shadow line marks the cut.

Three steps. A *coarse line*: in each of 60 segments along the edge the brightness is differentiated across it, and
among all slopes the outermost line is taken on which most segments agree; what the reference prints there does not
take part. A *pooled profile* of the segments that follow this line. And a *fit* of that profile (`qc.edges.shadow_model`).

What fools it: a lid exactly as bright as the shadow (no line is left at the cut; refused, or with a large u), a line on
the paper that the reference does not have (fold, pencil), and the real shape of the shadow, which nobody has measured:
its part of u does not average out and is 0.13 mm until the scanner's own white lid is calibrated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import EdgeLine
from qc.edges.page_stack import Expected
from qc.edges.profiles import SEGMENTS, robust_line, segment_profiles, strip_along
from qc.edges.shadow_model import INSIDE_PX, OUTSIDE_PX, ProfileFit, fit_profile
from qc.flags import Flag
from qc.geometry import Affine, Points
from qc.resample import warped
from qc.stats import mad, median
from qc.units import px_per_mm

U_SHAPE_MM = 0.13
"""Shadows of unknown shape move the fitted edge by up to 0.25 mm; the same on every page of a copy."""
STEEPEST = 0.018
"""Slope of the edge against the guess, about a degree."""
PRINTED_STEP = 0.02
"""Change of the reference (linear light a pixel) that may be taken for an edge."""
BLEED_STEP = 0.01
"""Print that fades out at the end of the bleed by as little as this ends in a line there."""
BLEED_MM = 0.6
MAX_PRINTED = 0.6
"""Share of the segments that may have print lines at one distance from the cut."""
MIN_STEP = 0.0015
"""Change of linear light a pixel below which no line counts."""
MIN_SIGNIFICANCE = 5.0
MIN_SHARE = 0.15
"""Of the height of the strongest line."""
GROUP_PX = (10, 16)
"""Lines this close together, and groups this wide, belong to one cut: its rim, its step, the end of its shadow."""
ROUNDS = 3
SETTLED_PX = 0.1
STRIPE_STEP, STRIPE_MM = 0.006, (0.85, 0.5)
"""Height of lines that far inside the cut, or of darker ones that far outside, which make it the edge of a page within
a stack. Sound drawn pages show up to 0.005, the stacks of a real bound book 0.012 and more."""
LEDGE_MM, LEDGE = 0.42, 0.05
"""Paper that is darker by this share that far inside the cut already is the next page of a stack."""
MIN_USED = 0.4
MAX_SCATTER_PX = 0.9
MAX_SPREAD_PX = 0.75
MAX_MISFIT = 2.0
"""Root mean square of the fit's residuals in units of its noise floor."""
CLIPPED = 0.995
Profiles = NDArray[np.float64]


@dataclass(frozen=True)
class _Line:
    """A candidate: row of the strip at the middle of the edge, slope, height (signed, < 0 darkens outward)."""

    row: int
    slope: float
    height: float


def find_shadow_edge(
    luminance: NDArray[np.float32],
    ends: Points,
    dpi: float,
    printed: Expected | None = None,
    band_mm: float = 8.0,
    bias_mm: float = 0.0,
    u_shape_mm: float | None = None,
) -> EdgeLine:
    """Locate the cut edge on a white backing near a guessed line.

    Parameters
    ----------
    luminance : ndarray, shape (h, w), float32
        Linear light; 1 is the scanner's white.
    ends : ndarray, shape (2, 2)
        Guess, the registered trim line: end points in pixels; walking from the first to the second, the paper lies to
        the right.
    dpi : float
        Across the edge; made for about 150.
    printed : Expected or None
        The reference page: its lines are not taken for the cut. Without it text within the band may be.
    band_mm : float
        How far either side of the guess is searched.
    bias_mm : float
        How far outside the cut this scanner makes the fit come to lie (> 0 outward), from its profile; taken off.
    u_shape_mm : float or None
        Standard uncertainty that remains of it; None: not calibrated, 0.13 mm.

    Returns
    -------
    EdgeLine
        `u_px` holds the fit and the scatter of the segments, `u_shape_mm` what all pages of a scanner share. Refused
        with `Flag.WHITE_BACKING` where no line stands out well enough, `Flag.EDGE_NOT_FOUND` where print or a picture
        covers it, `Flag.OUTSIDE_NOT_BACKING` where lines run along it on the paper side (a stack of pages), and
        `Flag.CROPPED` where the frame ends less than 0.7 mm beyond it.

    Notes
    -----
    Thresholds were chosen on drawn pages (seeds below 5000).
    """
    scale = px_per_mm(dpi)
    reach = round(band_mm * scale)
    strip, to_image = strip_along(luminance, ends, reach, reach)
    profiles, centers = segment_profiles(strip)
    lines = _lines(profiles, centers, _print_lines(strip.shape, to_image, printed, dpi))
    if not lines:
        return EdgeLine(None, flag=Flag.WHITE_BACKING)
    # Unevenness of the lid also makes lines, but fainter ones.
    strong = MIN_SHARE * max(abs(line.height) for line in lines)
    outermost = next(line for line in _groups(lines) if abs(line.height) >= strong)
    along = np.array([0.0, strip.shape[1] - 1.0])
    start = to_image(np.column_stack([along, outermost.row + outermost.slope * (along - centers.mean())]))
    found = _refined(luminance, start, printed, dpi)
    if found.ends is None:
        return found
    row = float(to_image.inverse()(found.ends)[:, 1].mean())
    inside = [line for line in lines if line.row < row - STRIPE_MM[0] * scale]
    beyond = [line for line in lines if line.row > row + STRIPE_MM[1] * scale and line.height < 0]
    if any(abs(line.height) > STRIPE_STEP for line in inside + beyond):
        return EdgeLine(None, flag=Flag.OUTSIDE_NOT_BACKING, used=found.used)
    ends_px = found.ends - bias_mm * scale * _outward(found.ends)
    return replace(found, ends=ends_px, u_shape_mm=U_SHAPE_MM if u_shape_mm is None else u_shape_mm)


def _outward(ends: Points) -> Points:
    t = (ends[1] - ends[0]) / np.hypot(*(ends[1] - ends[0]))
    return np.array([t[1], -t[0]])


def _slopes(profiles: Profiles) -> Profiles:
    """Derivative across, over five pixels; 0 at the ends and where there is no image."""
    d = np.zeros_like(profiles)
    d[:, 2:-2] = (profiles[:, 4:] + profiles[:, 3:-1] - profiles[:, 1:-3] - profiles[:, :-4]) / 6
    d[~np.isfinite(d)] = 0.0
    return d


def _print_lines(shape: tuple[int, ...], to_image: Affine, printed: Expected | None, dpi: float) -> NDArray[np.bool_]:
    """Where print, or the end of print at the bleed, may make a line; shape (segments, across)."""
    if printed is None:
        return np.zeros((SEGMENTS, shape[0]), bool)
    plane = warped(printed.draw(), printed.from_scan.after(to_image), (shape[1], shape[0]), float("nan"))
    beyond = np.isnan(plane)
    # What lies beyond the bleed is bare paper, so print that runs into the bleed ends in a step.
    plane[beyond] = 1.0
    steps = np.abs(_slopes(segment_profiles(plane)[0])).astype(np.float32)
    lines = cv2.dilate(steps, np.ones((1, 7), np.uint8)) > PRINTED_STEP
    ends = (np.abs(_slopes(segment_profiles(beyond.astype(np.float32))[0])) > 0.1) & (steps > BLEED_STEP)
    width = 2 * round(BLEED_MM * px_per_mm(dpi)) + 1
    return np.asarray(lines | (cv2.dilate(ends.astype(np.uint8), np.ones((1, width), np.uint8)) > 0))


def _lines(profiles: Profiles, centers: NDArray[np.float64], printed: NDArray[np.bool_]) -> list[_Line]:
    """Lines on which most segments agree, innermost first."""
    steps = np.ascontiguousarray(np.where(printed, 0.0, _slopes(profiles)).T, np.float32)
    across, along = np.arange(len(steps))[:, None], centers - centers.mean()
    # A pixel at either end; the refinement follows what is left.
    slopes = np.arange(-STEEPEST, STEEPEST + 1e-9, 2.0 / float(np.ptp(centers)))
    score = np.zeros((len(slopes), len(steps)))
    for i, slope in enumerate(slopes):
        rows = np.clip(across + np.rint(slope * along).astype(int), 0, len(steps) - 1)
        moved = np.sort(steps[rows, np.arange(SEGMENTS)], axis=1)
        middle = 0.5 * (moved[:, SEGMENTS // 2 - 1] + moved[:, SEGMENTS // 2])
        spread = (moved[:, 3 * SEGMENTS // 4] - moved[:, SEGMENTS // 4]) / 1.35
        agreement = np.abs(np.sign(moved).mean(axis=1))
        sure = np.abs(middle) > MIN_SIGNIFICANCE * 1.25 * spread / np.sqrt(SEGMENTS)
        score[i] = np.where(sure, middle * agreement**2, 0.0)
    lines = []
    for sign in (-1.0, 1.0):
        best = (sign * score).max(axis=0)
        peak = best[None, 2:-2] >= np.stack([best[k : len(best) - 4 + k] for k in range(5)])
        for row in 2 + np.flatnonzero(peak.all(axis=0) & (best[2:-2] > MIN_STEP)):
            slope = slopes[int(np.argmax(sign * score[:, row]))]
            lines.append(_Line(int(row), float(slope), float(sign * best[row])))
    return sorted(lines, key=lambda line: line.row)


def _groups(lines: list[_Line]) -> list[_Line]:
    """The line to start from in each group, outermost group first: darkening counts double, as shadows do."""
    groups: list[list[_Line]] = []
    for line in reversed(lines):
        if groups and groups[-1][-1].row - line.row <= GROUP_PX[0] and groups[-1][0].row - line.row <= GROUP_PX[1]:
            groups[-1].append(line)
        else:
            groups.append([line])
    return [max(g, key=lambda line: abs(line.height) * (2 if line.height < 0 else 1)) for g in groups]


def _refined(luminance: NDArray[np.float32], line: Points, printed: Expected | None, dpi: float) -> EdgeLine:
    """The line moved onto the cut, or why not."""
    spare = 3
    used = np.ones(SEGMENTS, bool)
    x = np.arange(-INSIDE_PX, OUTSIDE_PX + 1.0)
    for _ in range(ROUNDS):
        strip, to_image = strip_along(luminance, line, INSIDE_PX + spare, OUTSIDE_PX + spare)
        profiles, centers = segment_profiles(strip)
        near = profiles[:, spare:-spare]
        seen = np.isfinite(near).all(axis=1)
        if seen.mean() < 0.5:
            return EdgeLine(None, flag=Flag.CROPPED)
        lines = _print_lines(strip.shape, to_image, printed, dpi)[:, spare + 2 : -spare]
        plain = seen & ~lines.any(axis=1)
        if plain.mean() >= MIN_USED:
            seen = plain
        elif lines[:, : INSIDE_PX - 1].mean(axis=0).max() > MAX_PRINTED:
            return EdgeLine(None, flag=Flag.EDGE_NOT_FOUND)
        chosen = seen & used if (seen & used).mean() >= 0.3 else seen
        level = _pooled(near[chosen])
        if min(np.median(level[:4]), level[-1]) > CLIPPED:
            return EdgeLine(None, flag=Flag.WHITE_BACKING)
        fit = fit_profile(level)
        shifts = _shifts(near, x, fit)
        used = seen & np.isfinite(shifts) & (np.abs(shifts) < 2.0)
        if used.mean() < MIN_USED:
            return EdgeLine(None, flag=Flag.EDGE_NOT_FOUND)
        (level_px, slope), _, _ = robust_line(centers[used], shifts[used], (median(shifts[used]), 0.0))
        residual = shifts - level_px - slope * (centers - centers[used].mean())
        scatter = max(mad(residual[used]), 0.02)
        used &= np.abs(residual) < 4 * max(scatter, 0.05)
        middle = float(np.median(centers[chosen]))
        along = np.array([0.0, strip.shape[1] - 1.0])
        rows = INSIDE_PX + spare + fit.position_px + slope * (along - middle)
        line = to_image(np.column_stack([along, rows]))
        if np.abs(rows - INSIDE_PX - spare).max() < SETTLED_PX:
            break
    share = float(used.mean())
    inner = float(np.median(level[:4]))
    ledge = inner - float(np.interp(fit.position_px - LEDGE_MM * px_per_mm(dpi), x, level))
    if seen is plain and ledge > LEDGE * inner:
        return EdgeLine(None, flag=Flag.OUTSIDE_NOT_BACKING, used=share)
    if fit.misfit > MAX_MISFIT:
        return EdgeLine(None, flag=Flag.EDGE_NOT_FOUND, used=share)
    if share < MIN_USED or scatter > MAX_SCATTER_PX or fit.u_px > MAX_SPREAD_PX or fit.at_limit:
        return EdgeLine(None, flag=Flag.WHITE_BACKING, used=share)
    lever = (0.5 * (strip.shape[1] - 1) - centers[used].mean()) / float(centers[used].std())
    u = float(np.hypot(fit.u_px, scatter * np.sqrt((1 + lever**2) / (used.sum() / 3))))
    return EdgeLine(line, u_px=u, used=share)


def _pooled(profiles: Profiles) -> NDArray[np.float64]:
    """Mean profile of the four fifths of the segments that are most alike."""
    apart = np.abs(profiles - np.median(profiles, axis=0)).mean(axis=1)
    return np.asarray(profiles[apart <= np.quantile(apart, 0.8)].mean(axis=0))


def _shifts(profiles: Profiles, x: NDArray[np.float64], fit: ProfileFit) -> NDArray[np.float64]:
    """How far each segment lies outside the pooled profile; NaN where it does not look like it."""
    weight = np.exp(-0.25 * ((x - fit.position_px) / 2.5) ** 2)
    shape = fit.profile - fit.profile.mean()
    design = np.column_stack([np.ones_like(x), shape, -np.gradient(fit.profile)])
    coef = np.linalg.lstsq(design * weight[:, None], np.nan_to_num(profiles * weight).T, rcond=None)[0]
    alike = (coef[1] > 0.3) & (coef[1] < 3.0)
    return np.asarray(np.where(alike, coef[2] / np.where(alike, coef[1], 1.0), np.nan))
