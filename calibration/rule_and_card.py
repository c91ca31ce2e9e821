"""Scale from what every bench has: a steel rule with millimeter marks, or a card of the size of a bank card (ID-1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.grid import MOST_DPI_ERROR, read_gray
from qc.edges.dark_backing import EdgeLine, find_edge, find_sheet
from qc.errors import ScanError
from qc.geometry import SIDES, Points, Size
from qc.model import Resolution
from qc.resample import shrunk
from qc.scan.image_file import sha256
from qc.units import px_per_mm

CARD = Size(85.60, 53.98)
"""ID-1 of ISO/IEC 7810, corners rounded with 3.18 mm."""
U_CARD_MM = (0.072, 0.032)
"""Its width may be 85.47 to 85.72 mm, its height 53.92 to 54.03 mm: half of that over the root of 3."""
U_CARD_EDGE_MM = 0.02
"""Two edges 0.76 mm high, lit from one side."""
CARD_CORNER_MM = 6.0
AROUND_MM = 6.0
U_RULE_MM = 0.087
"""A workshop rule of 300 mm is within 0.15 mm: over the root of 3."""
LEAST_RULE_MM = 80.0
MARK_MM = 1.0
MOST_UNEVEN_MM = 0.2
"""RMS deviation of the marks from an even spacing. 0.6 % of local distortion stay below; print does not."""
U_TILT = 0.002
"""Shear of an ordinary scanner, in radians, which makes a rule look turned."""
MOST_DISAGREEMENT = 0.0015
U_ANISOTROPY = 0.0035
"""Of the resolution along one axis if only that along the other is known; relative, between 1 sigma of flatbeds."""
LEAST_LOCAL_MM = 0.06


@dataclass(frozen=True)
class AxisScale:
    """What one object says of one axis (0: x, 1: y).

    `ratio` is true over stated resolution, `u` its relative standard uncertainty, `uneven_mm` the RMS deviation of
    marks from an even spacing, 0 for a card.
    """

    axis: int
    ratio: float
    u: float
    uneven_mm: float
    stated: Resolution
    name: str
    sha256: str


def read_rule(path: Path, dpi: float | None = None) -> AxisScale:
    """Resolution along a steel rule with marks every millimeter, laid along x or y within a few degrees.

    Raises
    ------
    ScanError
        No such rule is to be seen, or its marks are not even.

    Notes
    -----
    The marks are a wave of 1 mm; its phase along the rule gives the spacing to some micrometers over the whole length,
    and its tilt the turn of the rule. A rule divided in inches only is not read. What fools it: a rule that is not
    parallel to the glass (its far marks look closer together).
    """
    light, stated = read_gray(path, dpi)
    found = [_marks(np.sqrt(light if axis == 0 else light.T), stated, axis) for axis in (0, 1)]
    length, wave, uneven, axis = max(f for f in found)
    if length < LEAST_RULE_MM:
        raise ScanError(
            f"{path.name} shows no rule with even millimeter marks over {LEAST_RULE_MM:g} mm or more (the best is "
            f"{length:.0f} mm). Lay a steel rule on the glass, marks down, along one side, close the lid, and scan at 200 "
            "dpi or more."
        )
    if uneven > MOST_UNEVEN_MM:
        raise ScanError(
            f"{path.name}: the marks of the rule deviate by {uneven:.2f} mm from an even spacing. It is bent, or no rule. "
            "Press it flat and scan again."
        )
    tilt = np.arctan2(wave[1], wave[0])
    ratio = float(np.cos(tilt) / wave[0])
    _refuse_ratio(ratio, "rule", path.name)
    # Marks within a centimeter share errors.
    even = uneven * np.sqrt(12 / max(length / 10, 2)) / length
    u = float(np.sqrt((U_RULE_MM / length) ** 2 + even**2 + (np.sin(tilt) * U_TILT) ** 2))
    return AxisScale(axis, ratio, u, uneven, stated, path.name, sha256(path))


def _marks(
    picture: NDArray[np.float32], stated: Resolution, axis: int
) -> tuple[float, tuple[float, float], float, int]:
    """Length (mm), waves per mm along and across, RMS unevenness (mm) and `axis` of even marks along the rows."""
    nothing = 0.0, (1.0, 0.0), 0.0, axis
    along, across = (
        px_per_mm(d) for d in ((stated.x_dpi, stated.y_dpi) if axis == 0 else (stated.y_dpi, stated.x_dpi))
    )
    rows = max(round(0.2 * across), 1)
    picture, across = shrunk(picture, 1, rows), across / rows
    detail = picture - cv2.blur(picture, (2 * round(along) + 1, 1))
    turn = np.exp(-2j * np.pi * np.arange(picture.shape[1]) / (MARK_MM * along)).astype(np.complex64)
    size = int(picture.shape[1] / along), int(picture.shape[0] / (0.5 * across))
    if min(size) < 20:
        return nothing
    carried = detail * turn[None, :]
    parts = [
        cv2.resize(
            cv2.GaussianBlur(np.ascontiguousarray(p), (0, 0), sigmaX=2.5 * along, sigmaY=0.3 * across),
            size,
            interpolation=cv2.INTER_LINEAR,
        )
        for p in (carried.real, carried.imag)
    ]
    field = parts[0] + 1j * parts[1]
    # Nodes: 1 mm apart along, 0.5 mm across, at the centers of such cells.
    strong = np.abs(field) > max(0.35 * float(np.quantile(np.abs(field), 0.998)), 0.008)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(strong.astype(np.uint8), connectivity=8)
    if count < 2:
        return nothing
    widest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_WIDTH]))
    row, column = np.nonzero(labels == widest)
    if len(row) < 60:
        return nothing
    step = (picture.shape[1] / along / size[0], picture.shape[0] / across / size[1])
    x, y = (column + 0.5) * step[0], (row + 0.5) * step[1]
    value = np.asarray(field[row, column])
    wave = _wave(field, labels == widest, step)
    for _ in range(4):
        phase = np.angle(value * np.exp(-2j * np.pi * (wave[0] * x + wave[1] * y)))
        phase = np.angle(np.exp(1j * phase) * np.exp(-1j * np.angle(np.exp(1j * phase).mean()))) / (2 * np.pi)
        design = np.column_stack([x, y, np.ones_like(x)])
        correction = np.linalg.lstsq(design * np.abs(value)[:, None], phase * np.abs(value), rcond=None)[0]
        wave = wave + correction[:2]
    uneven = float(np.sqrt(np.average((phase - design @ correction) ** 2, weights=np.abs(value))) * MARK_MM)
    return float(np.ptp(x)), (1 / MARK_MM + float(wave[0]), float(wave[1])), uneven, axis


def _wave(field: NDArray[np.complex64], inside: NDArray[np.bool_], step: tuple[float, float]) -> NDArray[np.float64]:
    """Waves a mm along and across by the phase from node to node."""
    both = inside[:, 1:] & inside[:, :-1], inside[1:] & inside[:-1]
    turns = (field[:, 1:] * field[:, :-1].conj())[both[0]].sum(), (field[1:] * field[:-1].conj())[both[1]].sum()
    return np.array([np.angle(t) / (2 * np.pi * s) for t, s in zip(turns, step, strict=True)])


def read_card(path: Path, dpi: float | None = None) -> tuple[AxisScale, AxisScale]:
    """Resolution along x and y from an ID-1 card laid square on a dark backing.

    Raises
    ------
    ScanError
        No such card stands out from its backing.

    Notes
    -----
    Cards may be 0.13 mm off their nominal width and 0.06 mm off their height, which is nearly all of u. What fools it:
    a card with a dark rim on a black lid, raised letters that lift it off the glass.
    """
    light, stated = read_gray(path, dpi)
    scale = np.array([px_per_mm(stated.x_dpi), px_per_mm(stated.y_dpi)])
    sheet = find_sheet(light, (stated.x_dpi, stated.y_dpi))
    if sheet.corners is not None:
        # On the whole glass the card is too small to tell what its own brightness is.
        low = np.maximum(np.floor(sheet.corners.min(axis=0) - AROUND_MM * scale), 0).astype(int)
        high = np.ceil(sheet.corners.max(axis=0) + AROUND_MM * scale).astype(int)
        light = np.ascontiguousarray(light[low[1] : high[1], low[0] : high[0]])
        sheet = find_sheet(light, (stated.x_dpi, stated.y_dpi))
    if sheet.corners is None:
        raise ScanError(
            f"{path.name}: no card stands out from its backing. Lay a light card on the glass with a black or gray sheet "
            "behind it and scan again."
        )
    lines = []
    for side, (a, b) in enumerate(SIDES):
        ends = sheet.corners[[a, b]]
        along = (ends[1] - ends[0]) / np.hypot(*((ends[1] - ends[0]) / scale))
        inner = np.array([ends[0] + CARD_CORNER_MM * along, ends[1] - CARD_CORNER_MM * along])
        lines.append(find_edge(light, inner, sheet.backing, (stated.x_dpi, stated.y_dpi)[side % 2], band_mm=2.0))
    if any(line.ends is None for line in lines):
        raise ScanError(
            f"{path.name}: not all four edges of the card stand out from its backing. Use a plain light card on black and "
            "keep it clear of the rim of the glass."
        )
    width, u_width = _distance(lines[0], lines[2], scale, 0)
    height, u_height = _distance(lines[1], lines[3], scale, 1)
    lying = width > height
    nominal = (CARD.width_mm, CARD.height_mm) if lying else (CARD.height_mm, CARD.width_mm)
    u_nominal = U_CARD_MM if lying else U_CARD_MM[::-1]
    ratios = width / nominal[0], height / nominal[1]
    if abs(ratios[0] / ratios[1] - 1) > 0.04:
        raise ScanError(
            f"{path.name}: the object measures {width:.1f} x {height:.1f} mm, which is not the shape of an ID-1 card "
            f"({CARD.width_mm:.2f} x {CARD.height_mm:.2f} mm). Use a bank card or an identity card."
        )
    for ratio in ratios:
        _refuse_ratio(ratio, "card", path.name)
    x, y = (
        AxisScale(
            axis, ratios[axis], float(np.hypot(u_nominal[axis], u) / nominal[axis]), 0.0, stated, path.name, digest
        )
        for digest in (sha256(path),)
        for axis, u in enumerate((u_width, u_height))
    )
    return x, y


def _distance(first: EdgeLine, second: EdgeLine, scale: NDArray[np.float64], axis: int) -> tuple[float, float]:
    """Distance (mm at the stated resolution) of two opposite edges at their middles, and its u."""
    assert first.ends is not None and second.ends is not None
    p, q = first.ends / scale, second.ends / scale
    along = (p[1] - p[0]) / np.hypot(*(p[1] - p[0])) - (q[1] - q[0]) / np.hypot(*(q[1] - q[0]))
    normal: Points = np.array([along[1], -along[0]]) / np.hypot(*along)
    distance = abs(float((q.mean(axis=0) - p.mean(axis=0)) @ normal))
    return distance, float(np.hypot(np.hypot(first.u_px, second.u_px) / scale[axis], U_CARD_EDGE_MM))


def _refuse_ratio(ratio: float, what: str, name: str) -> None:
    if abs(ratio - 1) > MOST_DPI_ERROR:
        raise ScanError(
            f"{name}: by the {what} its resolution is {100 * abs(ratio - 1):.1f} % off what it states. The scan was resized, "
            "or this is another object. Scan again at the resolution stated."
        )


def joined(found: Sequence[AxisScale]) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Ratio and relative u along x and y, and the u of a single place in mm.

    An axis that was not measured takes the ratio of the other, with the u of a scanner whose axes differ.

    Raises
    ------
    ScanError
        Two scans disagree about one axis, or state different resolutions.
    """
    if len({f.stated for f in found}) > 1:
        raise ScanError(
            f"{found[0].name} and others state different resolutions. Scan all with the settings used for pages."
        )
    by_axis: dict[int, tuple[float, float]] = {}
    for axis in (0, 1):
        here = [f for f in found if f.axis == axis]
        if not here:
            continue
        ratios = np.array([f.ratio for f in here])
        if np.ptp(ratios) > MOST_DISAGREEMENT:
            low, high = here[int(np.argmin(ratios))], here[int(np.argmax(ratios))]
            raise ScanError(
                f"The scans disagree along {'xy'[axis]}: {low.name} and {high.name} differ by {100 * np.ptp(ratios):.2f} %. "
                "Clean the glass, lay the object flat and square, and scan again."
            )
        spread = float(ratios.std(ddof=1) / np.sqrt(len(here))) if len(here) > 1 else 0.0
        # Of one object: its own error stays, however often it is scanned.
        by_axis[axis] = float(ratios.mean()), float(np.hypot(min(f.u for f in here), spread))
    for axis in (0, 1):
        if axis not in by_axis:
            ratio, u = by_axis[1 - axis]
            by_axis[axis] = ratio, float(np.hypot(u, U_ANISOTROPY))
    (x, u_x), (y, u_y) = by_axis[0], by_axis[1]
    return (x, y), (u_x, u_y), max(LEAST_LOCAL_MM, 2 * max(f.uneven_mm for f in found))
