"""How true are lengths after calibration? Draws scanners, calibrates them with the printed grid, measures 9 in on them.

    python benchmarks/calibrate_study.py --scanners 40 --seed 5000

Each drawn scanner is off by up to ±1 % along x and y, distorted locally by up to ±0.6 %, sheared, and repeats its feed
to a few micrometers only. It is calibrated from one scan of the grid, from two with the sheet turned by a half, and from
two with it turned by a quarter; then a new scan is drawn and lengths of 9 in between points all over the page area are
compared with the truth. The size of the grid is known exactly. Seeds below 5000 were used to choose constants.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.geometry import fit_geometry
from calibration.grid import find_grid
from calibration.joint_fit import EXACT
from calibration.target import pdf, target
from qc.scan.scanner_profile import ScannerScale
from qc.synthetic import Scanner, write_scan
from qc.synthetic.flat import FlatTruth, Sheet, draw_flat, sheet_of_pdf
from qc.synthetic.scanner import Wave
from qc.units import px_per_mm, to_mm

LENGTH_MM = to_mm(9.0, "in")
MARGIN_MM = (20.0, 20.0)
"""Of the frame where no points are taken: about what the grid leaves bare."""
LENGTHS = 2000
A4_MM, SQUARE_MM = (216.0, 297.0), (297.0, 300.0)
STRATA = {
    "one scan": ((0.0,), A4_MM),
    "two, half a turn": ((0.0, 180.0), A4_MM),
    "two, a quarter turn": ((0.0, 90.0), SQUARE_MM),
}
"""How the sheet was turned, and the glass."""


def sample_scanner(rng: np.random.Generator, dpi: float) -> Scanner:
    """A flatbed at random."""
    strain = rng.uniform(0.1, 0.6, 2) / 100
    waves = (
        Wave("x", "x", rng.uniform(150, 400), strain[0], rng.uniform(0, 2 * np.pi)),
        Wave("y", "y", rng.uniform(150, 400), strain[1], rng.uniform(0, 2 * np.pi)),
        Wave("x", "y", rng.uniform(150, 400), rng.uniform(0.0002, 0.001), rng.uniform(0, 2 * np.pi)),
        Wave("y", "x", rng.uniform(150, 400), rng.uniform(0.0002, 0.001), rng.uniform(0, 2 * np.pi)),
    )
    return Scanner(
        dpi=dpi,
        scale_x=rng.uniform(0.99, 1.01),
        scale_y=rng.uniform(0.99, 1.01),
        shear=rng.uniform(-0.002, 0.002),
        waves=waves,
        wobble_px=dpi / 300 * rng.uniform(0.0, 0.15),
        wobble_rows=dpi / 300 * rng.uniform(8, 120),
        blur_px=rng.uniform(0.5, 0.9),
        quality=int(rng.integers(80, 96)),
        backing=(0.9, 0.9, 0.9),
    )


def calibrated(
    sheet: Sheet, scanner: Scanner, turns: tuple[float, ...], frame: tuple[float, float], rng: np.random.Generator
) -> ScannerScale:
    """What the grid says of a scanner, laid down once for each turn."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for i, turn in enumerate(turns):
            laid = replace(scanner, skew_deg=turn + rng.uniform(-2, 2))
            image, _ = draw_flat(sheet, laid, rng, frame)
            found.append(find_grid(write_scan(Path(folder) / f"{i}.jpg", image, laid)))
    g = fit_geometry(found, EXACT)
    dpi = scanner.dpi * g.ratio[0], scanner.dpi * g.ratio[1]
    return ScannerScale(
        (scanner.dpi, scanner.dpi), dpi, g.shear, g.u_scale, g.u_shear, g.u_local_mm, None, g.map, g.map_rms_mm
    )


def lengths(
    scale: ScannerScale, scanner: Scanner, truth: FlatTruth, frame: tuple[float, float], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Error and u (mm) of lengths of about 9 in within the frame."""
    low, high = np.array(MARGIN_MM), np.array(frame) - MARGIN_MM
    start = rng.uniform(low, high, (20 * LENGTHS, 2))
    angle = rng.uniform(0, 2 * np.pi, len(start))
    end = start + LENGTH_MM * np.column_stack([np.cos(angle), np.sin(angle)])
    kept = np.flatnonzero(((end > low) & (end < high)).all(axis=1))[:LENGTHS]
    a, b = (points[kept] * px_per_mm(scanner.dpi) for points in (start, end))
    per_mm = np.array([px_per_mm(d) for d in scale.dpi])
    moved = scale.true_mm((b + 0.5) / per_mm) - scale.true_mm((a + 0.5) / per_mm)
    true = np.hypot(*(truth.glass_mm(b) - truth.glass_mm(a)).T)
    return np.hypot(*moved.T) - true, scale.u_length(moved[:, 0], moved[:, 1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scanners", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dpi", type=float, default=300.0)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    sheet = sheet_of_pdf(pdf(target("a4")))
    found: dict[str, list[tuple[NDArray[np.float64], NDArray[np.float64]]]] = {name: [] for name in STRATA}
    for seed in range(args.seed, args.seed + args.scanners):
        rng = np.random.default_rng(seed)
        scanner = sample_scanner(rng, args.dpi)
        for name, (turns, frame) in STRATA.items():
            scale = calibrated(sheet, scanner, turns, frame, rng)
            _, page = draw_flat(sheet, scanner, rng, frame)
            found[name].append(lengths(scale, scanner, page, frame, rng))
    print(f"{args.scanners} scanners, seeds from {args.seed}, {args.dpi:g} dpi; lengths of 9 in, mm")
    print(f"{'':<22}{'median':>8}{'p95':>8}{'max':>8}{'within 2u':>11}{'median u':>10}{'worst scanner p95':>19}")
    for name, parts in found.items():
        error, u = (np.abs(np.concatenate([p[i] for p in parts])) for i in (0, 1))
        worst = max(float(np.quantile(np.abs(p[0]), 0.95)) for p in parts)
        print(
            f"{name:<22}{np.median(error):8.4f}{np.quantile(error, 0.95):8.4f}{error.max():8.4f}"
            f"{(error <= 2 * u).mean():11.1%}{np.median(u):10.4f}{worst:19.4f}"
        )


if __name__ == "__main__":
    main()
