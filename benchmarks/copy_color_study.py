"""Draw prints with stated casts and faults, scan them again and again, and see what the comparison of copies makes of it.

    python benchmarks/copy_color_study.py --pages 24 --seed 5000 --out FOLDER

Pages are 4 x 5 in at 200 dpi. Each has its own screen (AM at 106 to 175 lines an inch, or FM), dot gain, black, paper and
scanner; a sheet is drawn once with its dots, kept in --out, and scanned with noise, lamp drift, half a degree of skew and
a register that is 1 px off in any direction. Two sound sheets differ by the phase of their screens, 0.5 % of tone and
mottle. Casts are scaled to a true mean CIEDE2000 on the tiles of the sheets themselves, before any scan. Seeds below 5000
were used while the measure was tuned; 5000 and above were not.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from qc import units
from qc.colorimetry import carries_print, linear_rgb_to_lab
from qc.compare.outlier import odd_in_color
from qc.compare.shared_pages import scanned_page
from qc.features.color_tiles import ColorTiles, copy_colors
from qc.features.tile_differences import tile_differences
from qc.geometry import Affine, Size
from qc.judge.judge import judge_between
from qc.judge.policy import load_policy
from qc.measure.color_repeatability import Repeatability
from qc.measure.copy_color import (
    copy_color_difference,
    copy_color_difference_over_pages,
    copy_color_outlier,
    copy_color_outlier_of_page,
)
from qc.model import FindingOutcome, Observation, ScanFile, ScanSettings
from qc.normalize.flat_field import encoded, raster, rectified, relative
from qc.normalize.open_page import open_page
from qc.reference.base import ReferencePage
from qc.synthetic import CREAM_PAPER, WHITE_PAPER, Kind, PageDesign, Print, Scanner, write_scan
from qc.synthetic.design import typeset
from qc.synthetic.press import print_page
from qc.synthetic.scanner import seen

TRIM_MM = (101.6, 127.0)
SHEET_DPI, SCAN_DPI = 400.0, 200.0
TILE_PX = 56
"""A tile of the measure on the sheet: 7 px at 50 dpi."""
KINDS = (Kind.PICTURE, Kind.BLEED_MIXED, Kind.PICTURE, Kind.BLEED_BRIGHT, Kind.GRAY_PICTURE, Kind.PICTURE)
CASTS = {"cast 1": 1.0, "cast 2": 2.0, "cast 3": 3.0, "cast 5": 5.0}
FAULTS = ("lost", "fade")
REPEATABILITY = Repeatability()

Floats = NDArray[np.float64]


def conditions(rng: np.random.Generator) -> tuple[Print, Scanner]:
    halftone, lpi = [("am", 106.0), ("am", 133.0), ("am", 150.0), ("am", 175.0), ("fm", 0.0)][int(rng.integers(5))]
    paper = WHITE_PAPER if rng.random() < 0.7 else CREAM_PAPER
    black, gain = float(rng.uniform(0.02, 0.07)), float(rng.uniform(0.03, 0.17))
    printed = Print(halftone=halftone, lpi=lpi, paper=paper, black=black, gain=gain)
    scanner = Scanner(
        dpi=SCAN_DPI,
        blur_px=float(rng.uniform(0.4, 0.9)),
        falloff=float(rng.uniform(0, 0.05)),
        glare=float(rng.choice([0.0, 0.3])),
        shot=float(rng.uniform(0.004, 0.02)),
        read=float(rng.uniform(0.001, 0.004)),
        streaks=float(rng.uniform(0, 0.004)),
        sharpen=float(rng.choice([0.0, 0.6])),
        format="jpeg" if rng.random() < 0.7 else "tiff",
        quality=int(rng.integers(80, 96)),
    )
    return printed, scanner


def sheet_of(page: PageDesign, printed: Print, dpi: float, rng: np.random.Generator) -> NDArray[np.uint16]:
    sheet = print_page(page, printed, dpi, rng)
    mottle = cv2.resize(rng.standard_normal((90, 72)), sheet.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(sheet * (1 + 0.004 * mottle[:, :, None]), 0, 65535), np.uint16)


def tiles_of(sheet: NDArray[np.uint16], paper: tuple[float, ...], dpi: float = SHEET_DPI) -> Floats:
    """Mean light of the tiles of a sheet relative to its paper; any grid will do, as both sheets have the same."""
    size = round(TILE_PX * dpi / SHEET_DPI)
    rim = round(5.0 * units.px_per_mm(dpi))
    rows, cols = ((n - 2 * rim) // size for n in sheet.shape[:2])
    part = sheet[rim : rim + rows * size, rim : rim + cols * size].reshape(rows, size, cols, size, 3)
    return np.asarray(part.mean(axis=(1, 3)) / 65535 / np.array(paper))


def true_difference(first: Floats, second: Floats) -> float:
    a, b = (linear_rgb_to_lab(tiles) for tiles in (first, second))
    printed = carries_print(a) | carries_print(b)
    return tile_differences(a[printed], b[printed])[0]


def cast_of(page: PageDesign, printed: Print, target: float, rng: np.random.Generator) -> Print:
    """`printed` with thinner ink in one or two colors, or with another dot gain, such that tiles differ by about
    `target` in the mean; what they really differ by is taken from the sheets."""
    inks = np.zeros(3)
    inks[rng.permutation(3)[: int(rng.integers(1, 3))]] = -1.0
    sign = float(rng.choice([-1.0, 1.0]))
    by_gain = rng.random() < 0.25

    def changed(amount: float) -> Print:
        if by_gain:
            return replace(printed, gain=printed.gain + sign * 0.3 * amount)
        r, g, b = np.maximum(1 + amount * inks, 0.05)
        return replace(printed, strength=(float(r), float(g), float(b)))

    def tiles(how: Print) -> Floats:
        return tiles_of(
            print_page(page, replace(how, halftone="fm"), 120.0, np.random.default_rng(1)), how.paper, 120.0
        )

    base = tiles(printed)
    low, high = 0.0, 0.95
    for _ in range(6):
        middle = (low + high) / 2
        low, high = (low, middle) if true_difference(base, tiles(changed(middle))) > target else (middle, high)
    return changed((low + high) / 2)


def sound(printed: Print, rng: np.random.Generator) -> Print:
    r, g, b = 1 + rng.normal(0, 0.005, 3)
    return replace(printed, gain=printed.gain + float(rng.normal(0, 0.002)), strength=(float(r), float(g), float(b)))


def scan_of(
    sheet: NDArray[np.uint16], scanner: Scanner, file: Path, rng: np.random.Generator, off_px: float = 1.0
) -> None:
    """Scan a sheet that fills the frame; the map that comes with it in a text file is `off_px` wrong."""
    drift = replace(
        scanner,
        falloff=scanner.falloff * float(rng.normal(1, 0.1)),
        gradient=float(rng.normal(0, 0.01)),
        exposure=scanner.exposure * float(rng.normal(1, 0.005)),
    )
    angle = np.deg2rad(rng.normal(0, 0.4))
    scale = SCAN_DPI / SHEET_DPI
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    move = rng.uniform(2, 6, 2)
    height, width = (int(n * scale) + 12 for n in sheet.shape[:2])
    soft = cv2.blur(sheet, (2, 2), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)  # centered half a pixel further
    at = move - 0.5 * turn.sum(axis=1)
    place = np.column_stack([turn, at + turn @ (0.5, 0.5)])
    light = cv2.warpAffine(soft, place, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    image = seen(light.astype(np.float32) / 65535, drift, rng)
    written = write_scan(file, image, drift)
    to_sheet = units.px_per_mm(SHEET_DPI)
    off = rng.uniform(0, 2 * np.pi)
    to_scan = np.column_stack([turn * to_sheet, at + off_px * np.array([np.cos(off), np.sin(off)])])
    np.savetxt(written.with_suffix(".txt"), to_scan)


def draw(folder: Path, seed: int) -> None:
    """The sheets and scans of one page: two sound ones, casts and faults, each scanned twice."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    kind = KINDS[seed % len(KINDS)]
    (page,) = typeset([kind], trim_mm=TRIM_MM, seed=seed, bleed=False)
    printed, scanner = conditions(rng)
    prints = {"a": sound(printed, rng), "b": sound(printed, rng)}
    prints |= {name: cast_of(page, sound(printed, rng), target, rng) for name, target in CASTS.items()}
    prints["lost"] = replace(sound(printed, rng), lost=str(rng.choice(["cyan", "magenta", "yellow"])))
    prints["fade"] = replace(sound(printed, rng), fade=float(rng.choice([-0.5, 0.5])))
    truth: dict[str, Floats] = {}
    suffix = ".jpg" if scanner.format == "jpeg" else ".tif"
    for name, how in prints.items():
        sheet = sheet_of(page, how, SHEET_DPI, rng)
        truth[name] = tiles_of(sheet, how.paper)
        scan_of(sheet, scanner, folder / f"{name}{suffix}", rng, 0.0 if name == "a" else 1.0)
        scan_of(sheet, scanner, folder / f"{name} again{suffix}", rng)
    np.savez(folder / "paper.npz", paper=np.array(printed.paper) / scanner.exposure)
    np.savez(folder / "truth.npz", **truth)


def measured(folder: Path) -> dict[str, ColorTiles]:
    """Tiles of every scan in a folder, laid on the page as the first scan shows it; each is a copy of one page."""
    size, settings = Size(*TRIM_MM), ScanSettings()
    laid = {}
    for text in sorted(folder.glob("*.txt")):
        file = next(f for f in folder.glob(f"{text.stem}.*") if f.suffix in (".jpg", ".tif"))
        laid[text.stem] = ScanFile(file, file.name), Affine(np.loadtxt(text))
    paper = np.load(folder / "paper.npz")["paper"]
    scan, to_scan = laid["a"]
    image = open_page(scan, settings).image
    light = rectified(image, image.to_scan.inverse().after(to_scan), size)
    rgb = encoded(relative(light, paper))
    page = ReferencePage(1, size, raster(size)[0], lambda: rgb)
    found = {}
    for name, (scan, to_scan) in laid.items():
        tiles = copy_colors([scanned_page(scan, settings, to_scan, page)], {1: size})[1]
        found[name] = tiles if tiles.paper is not None else tiles.on_paper(linear_rgb_to_lab(paper))
    return found


def pair(colors: Mapping[str, ColorTiles], a: str, b: str) -> Observation:
    (o,) = copy_color_difference(1, {a: colors[a], b: colors[b]}, {}, REPEATABILITY)
    return o


def shares(name: str, found: list[tuple[Observation, float]]) -> None:
    v, t, u = (np.array(x, float) for x in zip(*((o.value, true, o.u) for o, true in found), strict=True))
    inside, error = float(np.mean(np.abs(v - t) <= 2 * u)), v - t
    print(
        f"  {name:<12} n {len(v):>3}  true {t.mean():4.2f}  measured {v.mean():4.2f}, max {v.max():4.2f}  "
        f"error {error.mean():+4.2f} ± {error.std():4.2f}  within 2 u {inside:.0%}"
    )


def pairs_and_casts(colors: list[dict[str, ColorTiles]], truths: list[dict[str, Floats]]) -> None:
    print("page mean of tile dE00, the first scan in register, the second 1 px off:")
    good: list[float] = []
    for name, others in (("rescan", ("a again",)), ("good", ("b", "b again"))):
        found = [
            (pair(c, "a", o), true_difference(t["a"], t[o[0]]))
            for c, t in zip(colors, truths, strict=True)
            for o in others
        ]
        shares(name, found)
        good += [o.value or 0.0 for o, _ in found]
    limit = float(np.quantile(good, 0.95))
    print(f"  all sound: mean {np.mean(good):.2f}, max {max(good):.2f}; limit at 5 % false alarms {limit:.2f}")
    casts = [
        (pair(c, "a", name + again), true_difference(t["a"], t[name]))
        for c, t in zip(colors, truths, strict=True)
        for name in CASTS
        for again in ("", " again")
    ]
    for low, high in ((0.8, 1.2), (1.7, 2.3), (2.7, 3.3), (3.3, 9.0)):
        own = [(o, t) for o, t in casts if low <= t < high]
        if own:
            shares(f"cast {low}-{high}", own)
            print(f"    found {np.mean([(o.value or 0.0) > limit for o, _ in own]):.1%}")


def judged(copies: Mapping[str, list[ColorTiles]]) -> list[Observation]:
    """What the comparison observes of copies of several pages."""
    pages, outliers = [], []
    for number in range(len(next(iter(copies.values())))):
        on_page = {c: p[number] for c, p in copies.items()}
        pages += copy_color_difference(number + 1, on_page, {}, REPEATABILITY)
        outliers += copy_color_outlier_of_page(number + 1, on_page, REPEATABILITY)
    overall = copy_color_difference_over_pages(pages, list(combinations(copies, 2)), {}, REPEATABILITY)
    return [*overall, *outliers, *copy_color_outlier(list(copies), outliers, overall, {}, REPEATABILITY)]


def odd_sets(colors: list[dict[str, ColorTiles]]) -> None:
    print("odd copy of three, one page:")
    for fault in ("cast 2", "cast 3", "cast 5", *FAULTS):
        named = wrong = 0
        for c in colors:
            odd = odd_in_color(judged({"x": [c["a"]], "y": [c["b again"]], "odd": [c[fault]]}), 2.0)
            named += odd is not None and odd.copy == "odd"
            wrong += odd is not None and odd.copy != "odd"
        print(f"  {fault:<8} named {named}/{len(colors)}, another named {wrong}")
    false = sum(odd_in_color(judged({k: [c[k]] for k in ("a", "b", "a again")}), 2.0) is not None for c in colors)
    print(f"  none     named {false}/{len(colors)}")


def sound_sets(colors: list[dict[str, ColorTiles]], sets: int, seed: int) -> None:
    """Copies of 3 to 8 pages, each copy drifted as a whole by up to 3 dE00."""
    rng = np.random.default_rng(seed)
    policy = load_policy("kdp")
    defects = reviews = notes = named = 0
    largest = []
    for _ in range(sets):
        pages = rng.integers(len(colors), size=int(rng.integers(3, 9)))
        drifts = rng.choice(["a", "b", "a again", "b again", "cast 1", "cast 2", "cast 3"], int(rng.integers(3, 6)))
        observations = judged({f"{n}": [colors[p][drift] for p in pages] for n, drift in enumerate(drifts)})
        findings = judge_between([o for o in observations if o.where.page is None], policy)
        defects += any(f.severity == "defect" and f.outcome is FindingOutcome.OUTSIDE for f in findings)
        reviews += any(f.severity == "defect" and f.outcome is FindingOutcome.UNDECIDED for f in findings)
        notes += any(f.severity == "note" and f.outcome is FindingOutcome.OUTSIDE for f in findings)
        named += odd_in_color(observations, policy.k) is not None
        largest.append(max(o.value or 0.0 for o in observations if o.measure == "copy-color-difference"))
    print(
        f"{sets} sound sets with drift up to 3 dE00 (largest pair: median {np.median(largest):.1f}, max {max(largest):.1f}):"
    )
    print(f"  defects {defects}, to a person {reviews}, notes beyond 3 dE00 {notes}, an odd one named {named}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=24)
    parser.add_argument("--seed", type=int, default=5000)
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    folders = [options.out / str(seed) for seed in range(options.seed, options.seed + options.pages)]
    for folder in folders:
        if not (folder / "truth.npz").exists():
            draw(folder, int(folder.name))
    truths = [dict(np.load(folder / "truth.npz")) for folder in folders]
    colors = [measured(folder) for folder in folders]
    pairs_and_casts(colors, truths)
    odd_sets(colors)
    sound_sets(colors, options.sets, options.seed)


if __name__ == "__main__":
    main()
