"""Scans of things of known size on drawn scanners: the printed grid, a steel rule, a bank card."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.target import pdf, target
from qc.synthetic import Scanner, write_scan
from qc.synthetic.flat import RASTER_DPI, FlatTruth, Sheet, draw_flat, sheet_of_pdf
from qc.synthetic.scanner import Wave
from qc.units import px_per_mm

DPI = 150.0
FRAME_MM = (216.0, 297.0)
RASTER = px_per_mm(RASTER_DPI)
CROOKED = Scanner(
    dpi=DPI,
    scale_x=1.009,
    scale_y=0.992,
    shear=0.0015,
    skew_deg=0.8,
    waves=(Wave("y", "y", 280.0, 0.005, 1.0), Wave("x", "x", 220.0, 0.004, 2.0), Wave("x", "y", 300.0, 0.001)),
    quality=92,
)
"""0.9 % and 0.8 % off in its resolution, up to 0.5 % locally, and out of square."""


@cache
def grid() -> Sheet:
    return sheet_of_pdf(pdf(target("a4")))


def scan_of(
    sheet: Sheet, path: Path, scanner: Scanner, seed: int, frame_mm: tuple[float, float] = FRAME_MM
) -> tuple[Path, FlatTruth]:
    image, truth = draw_flat(sheet, scanner, np.random.default_rng(seed), frame_mm)
    return write_scan(path, image, scanner), truth


def rule(length_mm: int = 180, pitch_mm: float = 1.0, *, upright: bool = False) -> Sheet:
    """A steel rule on a black backing, lying along x or y."""
    light = np.full((round(50 * RASTER), round(210 * RASTER)), 0.03, np.float32)
    x, y = ((np.arange(n) + 0.5) / RASTER for n in light.shape[::-1])
    light[np.ix_((y > 12) & (y < 38), (x > 8) & (x < 16 + length_mm))] = 0.5
    for i in range(int(length_mm / pitch_mm) + 1):
        rows = (y > 12) & (y < 12 + (6.0 if i % 10 == 0 else 4.5 if i % 5 == 0 else 3.0))
        mark = np.clip((0.1 - np.abs(x - 12 - i * pitch_mm)) * RASTER + 0.5, 0, 1).astype(np.float32)
        light[rows] = light[rows] * (1 - mark) + 0.05 * mark
    size = (len(x) / RASTER, len(y) / RASTER)
    return Sheet(np.ascontiguousarray(light.T), size[::-1]) if upright else Sheet(light, size)


def card(width_mm: float = 85.60, height_mm: float = 53.98) -> Sheet:
    """A card with a printed stripe and rounded corners on a black backing."""
    x, y = ((np.arange(round(v * RASTER)) + 0.5) / RASTER for v in (130.0, 100.0))
    across = np.abs(x - x.mean())[None, :] - (width_mm / 2 - 3.18)
    down = np.abs(y - y.mean())[:, None] - (height_mm / 2 - 3.18)
    distance = np.hypot(np.maximum(across, 0), np.maximum(down, 0)) + np.minimum(np.maximum(across, down), 0) - 3.18
    share = np.clip(0.5 - distance * RASTER, 0, 1)
    face = np.where((y > 35) & (y < 45), 0.3, 0.6)[:, None]
    light = 0.03 + share * (face - 0.03)
    return Sheet(light.astype(np.float32), (len(x) / RASTER, len(y) / RASTER))


def lengths(truth: FlatTruth, count: int, length_mm: float, seed: int) -> tuple[NDArray[np.float64], ...]:
    """Ends (pixels at `DPI`) of lengths all over what the grid covers, and the true lengths."""
    rng = np.random.default_rng(seed)
    low, high = np.array([22.0, 22.0]), np.array([192.0, 270.0])
    start = rng.uniform(low, high, (60 * count, 2))
    angle = rng.uniform(0, 2 * np.pi, len(start))
    end = start + length_mm * np.column_stack([np.cos(angle), np.sin(angle)])
    kept = np.flatnonzero(((end > low) & (end < high)).all(axis=1))[:count]
    a, b = start[kept] * px_per_mm(DPI), end[kept] * px_per_mm(DPI)
    return a, b, np.hypot(*(truth.glass_mm(b) - truth.glass_mm(a)).T)


def turned(scanner: Scanner, degrees: float) -> Scanner:
    return replace(scanner, skew_deg=scanner.skew_deg + degrees)
