"""Where the set text of one scanned page lies: its lines, and the straight left and right side of its block.

No reference is needed. Letters are told from pictures, rules and dust by the size of their connected pieces; lines are
peaks of the ink across the page, after the page has been turned by the angle that makes them sharpest. The block has a
left (right) side where many lines begin (end) at one place; a ragged side has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Size
from qc.normalize.ink import local_paper
from qc.resample import warped
from qc.stats import mad
from qc.units import px_per_mm

TEXT_DPI = 150.0
RIM_MM = 2.0
"""Left out all round: cut, shadow, and what shows beside the page."""
INK = 0.3
"""Share of the paper's light that must be missing; show-through takes 5 to 15 %."""
DARK_SHARE = 0.6
"""Where the paper seems darker than this share of the page's own, there is a picture."""
LETTER_MM = 8.0
"""Nothing of a line of text is taller; drop capitals, pictures and frames are."""
SPECK_MM = 0.5
TURN_DEG = 0.8
SHARP_PX = 1.5
"""Smoothing across the lines before their sharpness is compared."""
SIDE_MM = 0.45
"""Lines begin (end) at one place if within this: letters leave different white of their own, up to 0.3 mm."""
SIDE_LINES = 6
SIDE_SHARE = 0.4
"""Share of the long lines that must agree on a side. Justified text gathers 70 % at the left and 80 % at the right,
ragged text under 25 % (drawn pages, seeds below 5000)."""
LEAST_LINE_MM = 0.8
FEW_LETTERS_MM = 9.0
BASELINE_LEVEL = 0.4
"""Share of the most inked row of a line; descenders stay below it."""


@dataclass(frozen=True)
class TextLine:
    """One line of print: `baseline_mm` down from the head of the page frame, first and last ink `left_mm`,
    `right_mm` from its left side."""

    baseline_mm: float
    left_mm: float
    right_mm: float


@dataclass(frozen=True)
class TextMargin:
    """The straight side of a block: place from the left of the page frame, its standard uncertainty, and how many
    lines agree on it."""

    place_mm: float
    u_mm: float
    lines: int


@dataclass(frozen=True)
class TextBlock:
    """The print of one page as lines.

    Attributes
    ----------
    lines : tuple of TextLine
        From head to tail, running head and folio among them.
    angle_deg : float
        Turn of the lines against the page frame, clockwise positive. Places are stated as if the print were turned
        back about the middle of the page, so they are those at half height (width) of the page.
    left, right : TextMargin or None
        None where lines do not agree on a side (ragged, verse, pictures).
    """

    lines: tuple[TextLine, ...]
    angle_deg: float
    left: TextMargin | None
    right: TextMargin | None


def find_text(luminance: NDArray[np.float32], to_px: Affine, size: Size) -> TextBlock | None:
    """Find the lines of text of a page.

    Parameters
    ----------
    luminance : ndarray, shape (h, w), float32
        Linear light.
    to_px : Affine
        Page-frame mm -> pixels.
    size : Size
        Of the page frame.

    Returns
    -------
    TextBlock or None
        None where there are no lines.

    Notes
    -----
    Places of single lines are good to about 0.05 mm, those of a side of 30 lines to 0.03 mm. What fools it: a page
    lying on its side or upside down (there are lines, at other places), vertical rules that touch letters, a second
    column (its inner sides are then taken for ragged ones), a table.
    """
    ink = _letters(luminance, to_px, size)
    if ink is None:
        return None
    angle = _angle(ink)
    height, width = ink.shape
    if angle:
        middle = (width - 1) / 2, (height - 1) / 2
        back = Affine.shift(*middle).after(Affine.rotation(angle)).after(Affine.shift(-middle[0], -middle[1]))
        ink = warped(ink, back, (width, height), 0.0)
        ink[:, [0, -1]] = 0
    lines = tuple(_lines(ink))
    if not lines:
        return None
    lefts, rights = np.array([(line.left_mm, line.right_mm) for line in lines]).T
    long = rights - lefts > 0.5 * float(np.quantile(rights - lefts, 0.9))
    left, right = _side(lefts[long]), _mirrored(_side(-rights[long]))
    return TextBlock(lines, angle, left and TextMargin(*left), right and TextMargin(*right))


def _letters(luminance: NDArray[np.float32], to_px: Affine, size: Size) -> NDArray[np.float32] | None:
    """Ink of letters, 0 (paper) to 1, at `TEXT_DPI`; None on a page without paper or without letters."""
    scale = px_per_mm(TEXT_DPI)
    shape = round(size.width_mm * scale), round(size.height_mm * scale)
    page = warped(
        luminance, to_px.after(Affine.shift(0.5 / scale, 0.5 / scale)).after(Affine.scaling(1 / scale)), shape
    )
    paper = local_paper(page, round(8 * scale))
    ink = np.clip(1 - page / np.maximum(paper, 1e-3), 0, 1).astype(np.float32)
    ink[paper < DARK_SHARE * float(np.quantile(paper, 0.9))] = 0
    rim = round(RIM_MM * scale)
    ink[:rim] = ink[-rim:] = 0
    ink[:, :rim] = ink[:, -rim:] = 0
    _, labels, stats, _ = cv2.connectedComponentsWithStats((ink > INK).astype(np.uint8), connectivity=8)
    w, h = stats[:, cv2.CC_STAT_WIDTH] / scale, stats[:, cv2.CC_STAT_HEIGHT] / scale
    letter = (h < LETTER_MM) & (np.maximum(w, h) >= SPECK_MM) & ~((w > 12) & (h < 1.0))
    letter[0] = False
    if letter.sum() < 3:
        return None
    # A letter's blurred rim belongs to it; that of what was left out does not.
    near = cv2.dilate(letter[labels].astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    other = cv2.dilate((~letter[labels] & (labels > 0)).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return np.where(near & ~other, ink, np.float32(0)).astype(np.float32)


def _angle(ink: NDArray[np.float32]) -> float:
    """Angle of the lines, in degrees: the one at which ink is gathered most in few rows."""
    small = cv2.resize(ink, None, fx=0.5, fy=1.0, interpolation=cv2.INTER_AREA)
    columns = np.arange(small.shape[1]) - (small.shape[1] - 1) / 2
    bands = [b for b in np.array_split(np.arange(small.shape[1]), 24) if len(b)]
    # Shifted by phase: interpolation would blur all angles but zero, which then looks sharpest.
    spectra = np.fft.rfft(np.array([small[:, b].sum(axis=1) for b in bands], float), axis=1)
    waves = 2j * np.pi * np.fft.rfftfreq(small.shape[0])
    spectra *= np.exp(-0.5 * (np.abs(waves) * SHARP_PX) ** 2)
    middles = np.array([2 * columns[b].mean() for b in bands])

    def sharpness(angle: float) -> float:
        moved = spectra * np.exp(np.tan(np.deg2rad(angle)) * middles[:, None] * waves)
        return float(np.square(np.abs(moved.sum(axis=0)))[1:].sum())

    angles = np.linspace(-TURN_DEG, TURN_DEG, 33)
    values = np.array([sharpness(a) for a in angles])
    best = int(np.argmax(values))
    if not 0 < best < len(angles) - 1:
        return 0.0
    a, b, c = values[best - 1 : best + 2]
    bend = a - 2 * b + c
    return float(angles[best] + (0.5 * (a - c) / bend if bend < 0 else 0.0) * (angles[1] - angles[0]))


def _lines(ink: NDArray[np.float32]) -> list[TextLine]:
    # Only a page without a reference waits for SciPy.
    from scipy.signal import find_peaks

    scale = px_per_mm(TEXT_DPI)
    profile = ink.sum(axis=1).astype(np.float64) / scale
    smooth = _smoothed(profile, 0.5 * scale)
    peaks, found_as = find_peaks(smooth, height=0.15, distance=round(1.8 * scale), prominence=0.1)
    peaks = peaks[found_as["prominences"] > 0.4 * smooth[peaks]]
    lines = []
    for i, peak in enumerate(peaks):
        low = 0 if i == 0 else peaks[i - 1] + int(np.argmin(smooth[peaks[i - 1] : peak]))
        high = len(smooth) if i == len(peaks) - 1 else peak + int(np.argmin(smooth[peak : peaks[i + 1]]))
        low, high = max(low, peak - round(4 * scale)), min(high, peak + round(4 * scale))
        line = _line(ink[low:high], profile[low:high], low)
        if line is not None and line.right_mm - line.left_mm >= LEAST_LINE_MM:
            lines.append(line)
    return lines


def _smoothed(profile: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    size = 2 * round(4 * sigma) + 1
    return np.asarray(cv2.GaussianBlur(profile[:, None], (1, size), sigma, borderType=cv2.BORDER_REFLECT)[:, 0])


def _line(ink: NDArray[np.float32], profile: NDArray[np.float64], first_row: int) -> TextLine | None:
    scale = px_per_mm(TEXT_DPI)
    across = ink.max(axis=0).astype(np.float64)
    marked = np.flatnonzero(across >= INK)
    if len(marked) < 2:
        return None
    a, b = int(marked[0]), int(marked[-1])
    # A few figures have no x-height to speak of: they stand where their ink ends.
    few = b - a < FEW_LETTERS_MM * scale
    body = ink.max(axis=1).astype(np.float64) if few else _smoothed(profile, 1.0)
    level = INK if few else BASELINE_LEVEL * float(body.max())
    above = np.flatnonzero(body >= level)
    if not len(above) or above[-1] + 1 >= len(body):
        return None
    last = int(above[-1])
    baseline = last + (body[last] - level) / (body[last] - body[last + 1])
    left = a - (across[a] - INK) / max(across[a] - across[a - 1], 1e-6)
    right = b + (across[b] - INK) / max(across[b] - across[b + 1], 1e-6)
    return TextLine(*((v + 0.5) / scale for v in (first_row + baseline, left, right)))


def _side(starts: NDArray[np.float64]) -> tuple[float, float, int] | None:
    """Where most lines begin: the middle of the fullest window of `SIDE_MM`, provided hardly any begins before it."""
    if len(starts) < SIDE_LINES:
        return None
    ordered = np.sort(starts)
    ends = np.searchsorted(ordered, ordered + SIDE_MM, side="right")
    first = int(np.argmax(ends - np.arange(len(ordered))))
    inside = ordered[first : ends[first]]
    if len(inside) < max(SIDE_LINES, SIDE_SHARE * len(ordered)) or first > 0.25 * len(ordered):
        return None
    spread = max(mad(inside - np.median(inside)), 0.05)
    return float(np.median(inside)), 1.25 * spread / float(np.sqrt(len(inside))), len(inside)


def _mirrored(side: tuple[float, float, int] | None) -> tuple[float, float, int] | None:
    return None if side is None else (-side[0], side[1], side[2])
