"""What `benchmarks/damage_study.py` plants into the scans of a sound copy, and what is true of it afterwards.

Four variants of a copy, each with few faults so that the rest stays sound: `damage` (outlines, creases, holes), `water` (a
tide-line over neighboring leaves), `marks` (spots and white streaks by what they lie on) and `dust` (the same dirt on the glass
in every scan, with true marks beside it and a scan of the empty glass).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from damage_model import PICTURES
from PIL import Image

from qc.synthetic.damage import dusted, empty_glass, marked
from qc.synthetic.damaged import Damage, LeafScan, on_other_side, place_damage, plant_damage
from qc.synthetic.files import rewrite_scan
from qc.synthetic.maps import applied
from qc.synthetic.outlines import blot, enclosed, extent
from qc.synthetic.plant import streaked

RANGES = {
    "missing-corner": (25, 250), "notch": (2, 10), "tear": (4, 40), "dog-ear": (7, 25), "crease": (25, 90), "hole": (2, 10),
}  # fmt: skip
"""Sizes are drawn log-uniform within these, below what must be found, too; units as in `qc.synthetic.damaged.SIZES`."""
WATER_MM2 = (250, 3000)
FADING = (1.0, 0.9, 0.65, 0.55, 0.4, 0.35)
"""Strength of a tide-line from side to side."""
MARK_MM = (0.4, 3.0)
STREAK_MM = (0.1, 0.2, 0.2, 0.3, 0.4, 0.6)
LEAST_STREAK_MM = 30.0
GROUNDS = ("paper", "text", "solid", "picture")
LOOK_DPI = 150.0
BOX_MM = 4.0

Line = dict[str, Any]


@dataclass
class Page:
    """A page of the sound copy as it lies on disk."""

    number: int
    kind: str
    path: Path
    leaf: LeafScan

    def pixels(self) -> Any:
        return np.asarray(Image.open(self.path))


def _log(rng: np.random.Generator, between: tuple[float, float]) -> float:
    return float(np.exp(rng.uniform(*np.log(between))))


def _box(points: Any) -> list[float]:
    return [round(float(v), 2) for v in (*points.min(axis=0), *points.max(axis=0))]


def _side(page: Page, outline_mm: Any) -> Line:
    return {"page": page.number, "box_mm": _box(outline_mm), "box_px": _box(applied(page.leaf.to_scan, outline_mm))}


def other_of(pages: Sequence[Page], page: Page) -> Page:
    return pages[page.number if page.number % 2 else page.number - 2]


def plant_damages(pages: Sequence[Page], seed: int, folder: Path) -> list[Line]:
    """A damage on every second leaf, kinds in turn, seen on both sides."""
    told: list[Line] = []
    kinds = list(RANGES)
    for index in range(0, len(pages) // 2, 2):
        rng = np.random.default_rng([seed, 31, index])
        kind = kinds[(seed * 3 + index // 2) % len(kinds)]
        front = pages[2 * index + int(rng.integers(2))]
        back = other_of(pages, front)
        size = _log(rng, RANGES[kind])
        try:
            damage = place_damage(kind, size, front.leaf, rng)
        except ValueError:
            continue
        ours, theirs = front.pixels(), back.pixels()
        mirrored = on_other_side(damage, front.leaf, back.leaf)
        rewrite_scan(
            front.path, folder / front.path.name, plant_damage(ours, front.leaf, damage, rng, (theirs, back.leaf))
        )
        rewrite_scan(back.path, folder / back.path.name, plant_damage(theirs, back.leaf, mirrored, rng))
        told.append(_damage(damage, size, [_side(front, damage.outline_mm), _side(back, mirrored.outline_mm)]))
    return told


def _damage(damage: Damage, size: float, sides: list[Line]) -> Line:
    how = {k: round(v, 3) for k, v in damage.how.items()}
    told = {"kind": damage.kind, "size": round(size, 2), "extent_mm": round(damage.extent_mm, 2)}
    return told | {"area_mm2": round(damage.area_mm2, 2), "how": how, "sides": sides}


def plant_water(pages: Sequence[Page], seed: int, folder: Path) -> list[Line]:
    """One tide-line over two or three leaves, fainter from side to side."""
    rng = np.random.default_rng([seed, 32])
    first, leaves = 2 * int(rng.integers(len(pages) // 2 - 2)), int(rng.integers(2, 4))
    size = _log(rng, WATER_MM2)
    damage = place_damage("water", size, pages[first].leaf, rng)
    sides = []
    before = pages[first]
    for page, share in zip(pages[first : first + 2 * leaves], FADING, strict=False):
        if page is not before:
            damage = on_other_side(damage, before.leaf, page.leaf)
        how = dict(damage.how) | {"strength": damage.how["strength"] * share}
        here = Damage("water", damage.outline_mm, damage.extent_mm, damage.area_mm2, damage.beyond_mm, how)
        sound = page.pixels()
        image = plant_damage(sound, page.leaf, here, rng)
        rewrite_scan(page.path, folder / page.path.name, image)
        sides.append(_side(page, damage.outline_mm) | _tint(sound, image))
        before = page
    return [_damage(damage, size, sides)]


def _tint(sound: Any, image: Any) -> Line:
    """How much darker and yellower the strongest tenth of the changed paper became."""
    changed = np.abs(image.astype(int) - sound.astype(int))
    changed = changed if changed.ndim == 2 else changed.sum(axis=2)
    places = np.nonzero(changed >= max(3, np.quantile(changed[changed > 0], 0.9)))
    before, after = (_lab(im[places][:, None] if im.ndim == 2 else im[places][:, None, :]) for im in (sound, image))
    change = np.median(after - before, axis=0).ravel()
    return {"dL": round(float(change[0]), 2), "db": round(float(change[2]), 2) if sound.ndim == 3 else None}


def _lab(pixels: Any) -> Any:
    rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)
    return cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[:, 0]


def grounds_of(page: Page, image: Any) -> tuple[dict[str, Any], float]:
    """For each ground where a mark of any size lies on it alone, as masks of `LOOK_DPI`; and pixels of the scan a pixel."""
    gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    k = page.leaf.per_mm * 25.4 / LOOK_DPI
    small = cv2.resize(gray, None, fx=1 / k, fy=1 / k, interpolation=cv2.INTER_AREA).astype(np.float32)
    leaf = np.zeros(small.shape, np.uint8)
    cv2.fillPoly(leaf, [np.rint(page.leaf.corners_px / k).astype(np.int32)], 1)
    paper = float(np.percentile(small[leaf > 0], 90))
    relative = small / paper
    px = round(BOX_MM * LOOK_DPI / 25.4)
    near = cv2.blur((relative > 0.93).astype(np.float32), (px, px))
    mean, square = cv2.blur(relative, (px, px)), cv2.blur(relative**2, (px, px))
    spread = np.sqrt(np.maximum(square - mean**2, 0))
    inside = cv2.erode(leaf, np.ones((3, 3), np.uint8), iterations=round(6 * LOOK_DPI / 25.4), borderValue=0) > 0
    picture = page.kind in PICTURES
    return {
        "paper": inside & (near > 0.998),
        "text": inside & (near > 0.4) & (near < 0.9) & (spread > 0.12) & (not picture),
        "solid": inside & (near < 0.01) & (spread < 0.025) & (mean < 0.8),
        "picture": inside & (near < 0.25) & (spread > 0.035) & picture,
    }, k  # fmt: skip


def plant_marks(pages: Sequence[Page], seed: int, folder: Path, every: int = 3) -> list[Line]:
    """Two or three spots, or a white streak, on every third page."""
    told: list[Line] = []
    for page in pages[seed % every :: every]:
        rng = np.random.default_rng([seed, 33, page.number])
        sound = page.pixels()
        grounds, k = grounds_of(page, sound)
        if rng.random() < 0.4:
            image, own = _streak(page, sound, grounds, k, rng)
        else:
            image, own = _spots(page, sound, grounds, k, rng, int(rng.integers(2, 4)))
        if own:
            rewrite_scan(page.path, folder / page.path.name, image)
            told += own
    return told


def _spots(
    page: Page, sound: Any, grounds: dict[str, Any], k: float, rng: np.random.Generator, count: int, clear: Any = None
) -> tuple[Any, list[Line]]:
    image, told, centers = sound, [], [] if clear is None else list(clear)
    there = [g for g in GROUNDS if grounds[g].sum() > 50]
    for _ in range(count):
        if not there:
            break
        ground = str(rng.choice(there))
        ys, xs = np.nonzero(grounds[ground])
        at = int(rng.integers(len(ys)))
        center = np.array([xs[at] + 0.5, ys[at] + 0.5]) * k - 0.5
        if any(np.hypot(*(center - c)) < 10 * page.leaf.per_mm for c in centers):
            continue
        centers.append(center)
        diameter = _log(rng, MARK_MM)
        area = np.pi / 4 * diameter**2
        outline = center + page.leaf.per_mm * blot(area, rng, 0.08)
        light = _lightness(sound, outline)
        dark = ground in ("paper", "text") or light > 55
        changed = marked(image, outline, page.leaf.corners_px, dark, float(rng.uniform(0.5, 1)))
        contrast = _lightness(changed, outline) - light
        image = changed
        own = {"kind": "spot", "ground": ground, "size": round(diameter, 2), "area_mm2": round(area, 3)}
        own |= {"dL": round(contrast, 1), "extent_mm": round(extent(outline) / page.leaf.per_mm, 2)}
        told.append(own | {"sides": [{"page": page.number, "box_px": _box(outline)}]})
    return image, told


def _lightness(image: Any, outline: Any) -> float:
    """L* of the mean light inside an outline."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(16 * outline).astype(np.int32)], 1, shift=4)
    light = float((((image if image.ndim == 2 else image.mean(axis=2))[mask > 0] / 255.0) ** 2.2).mean())
    return 116 * light ** (1 / 3) - 16 if light > 0.008856 else 903.3 * light


def _streak(
    page: Page, sound: Any, grounds: dict[str, Any], k: float, rng: np.random.Generator
) -> tuple[Any, list[Line]]:
    """A white streak down the page, through at least `LEAST_STREAK_MM` of one ground."""
    least = LEAST_STREAK_MM * LOOK_DPI / 25.4
    found = []
    for ground in ("text", "solid", "picture"):
        runs = grounds[ground].sum(axis=0)
        found += [(ground, int(x), int(runs[x])) for x in np.flatnonzero(runs >= least)]
    if not found:
        return sound, []
    names = sorted({g for g, _, _ in found})
    ground = str(rng.choice(names))
    own = [f for f in found if f[0] == ground]
    _, x, run = own[int(rng.integers(len(own)))]
    ys = np.flatnonzero(grounds[ground][:, x])
    whole = rng.random() < 0.5
    top, bottom = (0, sound.shape[0] - 1) if whole else (ys[0] * k, ys[-1] * k)
    width, left = float(rng.choice(STREAK_MM)), float(rng.uniform(0, 0.3))
    ends = np.array([[(x + 0.5) * k, top], [(x + 0.5) * k, bottom]])
    image = streaked(sound, ends, width * page.leaf.per_mm, page.leaf.corners_px, left)
    if not whole:
        keep = np.zeros(sound.shape[:2], bool)
        keep[int(top) : int(bottom) + 1] = True
        image = np.where(keep if sound.ndim == 2 else keep[:, :, None], image, sound)
    half = width / 2 * page.leaf.per_mm
    box = [round(float(v), 1) for v in (ends[0, 0] - half, top, ends[0, 0] + half, bottom)]
    length = run / LOOK_DPI * 25.4
    told = {"kind": "white-streak", "ground": ground, "size": width, "extent_mm": round(length, 1)}
    told |= {"left": round(left, 2), "whole": whole}
    return image, [told | {"sides": [{"page": page.number, "box_px": box}]}]


def plant_dust(pages: Sequence[Page], seed: int, folder: Path) -> tuple[list[Line], list[Line]]:
    """Dirt at the same places of every scan; true marks, and where the dirt lies. Writes glass.png as well."""
    rng = np.random.default_rng([seed, 34])
    first = pages[0]
    shape, k = first.pixels().shape[:2], first.leaf.per_mm
    specks, dust = [], []
    low, high = first.leaf.corners_px.min(axis=0), first.leaf.corners_px.max(axis=0)
    for _ in range(int(rng.integers(5, 20))):
        hair = rng.random() < 0.2
        size = _log(rng, (0.3, 1.3))
        outline = blot(
            0.1 * _log(rng, (1.5, 6)) if hair else np.pi / 4 * size**2, rng, 0.1, 30.0 if hair else _log(rng, (1, 2.5))
        )
        outline = rng.uniform(low + 20, high - 20) + k * outline
        specks.append(outline)
        dust.append({"box_px": _box(outline), "area_mm2": round(enclosed(outline) / k**2, 3), "hair": hair})
    tone = float(rng.uniform(0.35, 0.55))
    told: list[Line] = []
    glass = None
    for page in pages:
        own = np.random.default_rng([seed, 35, page.number])
        image = sound = page.pixels()
        if page.number % 4 == 1 + seed % 3:
            grounds, step = grounds_of(page, sound)
            grounds = {g: m if g in ("paper", "text") else np.zeros_like(m) for g, m in grounds.items()}
            image, marks = _spots(page, sound, grounds, step, own, 1, [s.mean(axis=0) for s in specks])
            told += marks
        rewrite_scan(page.path, folder / page.path.name, dusted(image, specks, tone))
        if glass is None:
            glass = empty_glass(sound, page.leaf.corners_px, k, own)
    dpi = Image.open(first.path).info.get("dpi", (300, 300))
    Image.fromarray(dusted(glass, specks, tone)).save(folder / "glass.png", dpi=dpi)
    assert glass.shape[:2] == shape
    return told, dust
