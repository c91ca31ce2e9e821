"""Faults of single pages as changes of their `qc.synthetic.Print`: each finds a place on its page where it matters."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from qc.synthetic import Kind, PageDesign, Print
from qc.synthetic.press import render, to_raster

INKS = ("cyan", "magenta", "yellow")
LETTERS = (Kind.TEXT, Kind.CHAPTER, Kind.PICTURE, Kind.GRAY_PICTURE, Kind.TABLE, Kind.THREE_LINES)
INSET_MM = 4.0
"""Small faults lie further inside the trim line than this, so that no cut takes them."""
LOOK_DPI = 150.0

Box = tuple[float, float, float, float]
Fault = tuple[Print, Box | None, dict[str, Any]]


def paler(how: Print) -> Print:
    """Printed at 60 % of its density."""
    r, g, b = (0.6 * s for s in how.strength)
    return replace(how, strength=(r, g, b))


def without_ink(how: Print, ink: int, clean: bool) -> Print:
    """One ink did not print: its channel alone is clear (`clean`), or its unwanted absorptions are gone as well."""
    if clean:
        return replace(how, lost=INKS[ink])
    inks = list(how.inks)
    inks[ink] = 0.0
    return replace(how, inks=(inks[0], inks[1], inks[2]))


class Place:
    """Where a page has print, to find a place where a fault matters; `rng` decides."""

    def __init__(self, page: PageDesign, rng: np.random.Generator) -> None:
        self.page, self.rng, self.trim_mm = page, rng, page.trim_mm
        self.image = render(page, LOOK_DPI)
        (self.kx, _, self.x0), (_, self.ky, self.y0) = to_raster(page, self.image.shape)
        x, y = (
            np.arange(n + 1) for n in (math.floor(self.kx * self.trim_mm[0]), math.floor(self.ky * self.trim_mm[1]))
        )
        left, top = max(0, round(self.x0 + 0.5)), max(0, round(self.y0 + 0.5))
        self.image = self.image[top : top + len(y), left : left + len(x)]
        self.dark = 1 - cv2.cvtColor(self.image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255

    @property
    def darkness(self) -> float:
        return float(self.dark.mean())

    def needs(self, ink: int) -> float:
        """Mean color of an ink on the page, 0..1."""
        return float((self.image.max(axis=2) - self.image[:, :, ink].astype(float)).mean() / 255)

    def box(self, width_mm: float, height_mm: float, least: float, most: float = 1.0) -> Box | None:
        """A box whose mean darkness is from `least` to `most`, anywhere within the inset; None where there is none."""
        w, h = max(1, round(width_mm * self.kx)), max(1, round(height_mm * self.ky))
        mean = cv2.boxFilter(self.dark, -1, (w, h), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
        inset = round(INSET_MM * self.kx)
        inside = mean[inset : self.dark.shape[0] - h - inset, inset : self.dark.shape[1] - w - inset]
        ys, xs = np.nonzero((inside >= least) & (inside <= most))
        if not len(ys):
            return None
        at = int(self.rng.integers(len(ys)))
        x, y = (xs[at] + inset) / self.kx, (ys[at] + inset) / self.ky
        return float(x), float(y), float(x + width_mm), float(y + height_mm)

    def most_dark(self, width_mm: float, height_mm: float) -> float:
        """Mean darkness of the darkest box of that size."""
        return float(cv2.blur(self.dark, (round(width_mm * self.kx), round(height_mm * self.ky))).max())

    def lines(self) -> list[Box]:
        """Lines of letters: runs of rows 1 to 5 mm high with print over 25 mm or more."""
        rows = (self.dark > 0.3).any(axis=1).astype(np.int8)
        starts, ends = (np.flatnonzero(np.diff(np.concatenate([[0], rows, [0]])) == s) for s in (1, -1))
        found = []
        for a, b in zip(starts, ends, strict=True):
            xs = np.flatnonzero((self.dark[a:b] > 0.3).any(axis=0))
            x0, x1, y0, y1 = xs[0] / self.kx, (xs[-1] + 1) / self.kx, a / self.ky, b / self.ky
            if 1 <= y1 - y0 <= 5 and x1 - x0 >= 25 and INSET_MM < y0 < self.trim_mm[1] - INSET_MM:
                found.append((float(x0) - 0.5, float(y0) - 0.2, float(x1) + 0.5, float(y1) + 0.2))
        return found


def _lost_page(at: Place, how: Print) -> Fault | None:
    width, height = at.trim_mm
    if at.darkness < 0.005:
        return None
    return (
        replace(how, missing=((-10, -10, width + 10, height + 10),)),
        (0, 0, width, height),
        {"darkness": round(at.darkness, 3)},
    )


def _lost_region(at: Place, how: Print) -> Fault | None:
    width = float(at.rng.uniform(10, 20))
    box = at.box(width, 200 / width, max(0.05, 0.7 * at.most_dark(width, 200 / width)))
    return box and (replace(how, missing=(box,)), box, {"area_mm2": 200})


def _lost_line(at: Place, how: Print) -> Fault | None:
    lines = at.lines() if at.page.kind in LETTERS else []
    if not lines:
        return None
    box = lines[int(at.rng.integers(len(lines)))]
    return replace(how, missing=(box,)), box, {"length_mm": round(box[2] - box[0], 1)}


def _lost_ink(at: Place, how: Print) -> Fault | None:
    needed = [i for i in range(3) if at.needs(i) > 0.02]
    if not needed:
        return None
    ink, clean = int(at.rng.choice(needed)), bool(at.rng.random() < 0.5)
    return without_ink(how, ink, clean), None, {"ink": INKS[ink], "need": round(at.needs(ink), 3)}


def _density_60(at: Place, how: Print) -> Fault | None:
    return None if at.darkness < 0.015 else (paler(how), None, {"density": 0.6})


def _fade(at: Place, how: Print) -> Fault | None:
    if at.darkness < 0.015:
        return None
    loss, down = 0.3 * float(at.rng.choice([-1, 1])), bool(at.rng.random() < 0.5)
    toward = (("head", "tail") if down else ("left", "right"))[loss > 0]
    return replace(how, **{"fade_down" if down else "fade": loss}), None, {"loss": abs(loss), "toward": toward}


def _band(at: Place, how: Print) -> Fault | None:
    """Three to six bands of more or of less density, 4 to 12 mm wide and as far apart, over the whole page."""
    if at.darkness < 0.015:
        return None
    axis, factor = int(at.rng.integers(2)), 1 + 0.15 * float(at.rng.choice([-1, 1]))
    start, bands = INSET_MM + float(at.rng.uniform(0, 10)), []
    for _ in range(int(at.rng.integers(3, 7))):
        wide = float(at.rng.uniform(4, 12))
        if start + wide < at.trim_mm[axis] - INSET_MM:
            bands.append((start, start + wide))
        start += wide + float(at.rng.uniform(4, 12))
    along = at.trim_mm[1 - axis] + 10
    faded = [(a, -10.0, b, along, factor) if axis == 0 else (-10.0, a, along, b, factor) for a, b in bands]
    at_mm = [[round(v, 1) for v in band] for band in bands]
    return replace(how, faded=tuple(faded)), None, {"axis": "xy"[axis], "factor": factor, "bands_mm": at_mm}


def _streak(at: Place, how: Print) -> Fault | None:
    """A line over the whole height: white where there is print along it, dark where there is paper."""
    height, width = at.trim_mm[1], float(at.rng.uniform(0.3, 1.0))
    white = bool(at.rng.random() < 0.5)
    long = height - 2 * INSET_MM - 1
    box = at.box(width, long, 0.08) if white else at.box(width, long, 0.0, 0.5)
    if box is None:
        return None
    x, left = (box[0] + box[2]) / 2, float(at.rng.uniform(0.0, 0.3) if white else at.rng.uniform(0.2, 0.6))
    printed = replace(how, streaks=((x, width, left),)) if white else replace(how, lines=((x, width, 1 - left),))
    return printed, (box[0], 0.0, box[2], height), {"white": white, "width_mm": round(width, 2), "left": round(left, 2)}


def _void(at: Place, how: Print) -> Fault | None:
    """A round place of bare paper, put together from slabs; half of them in a solid where the page has one."""
    size = float(at.rng.uniform(1.5, 4.0))
    solid = at.box(size, size, 0.5) if at.rng.random() < 0.5 else None
    box = solid or at.box(size, size, 0.15)
    if box is None:
        return None
    x, y, r = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, size / 2
    edges = np.linspace(-r, r, 25)
    slabs = []
    for a, b in pairwise(edges.tolist()):
        half = math.sqrt(r * r - (a + b) ** 2 / 4)
        slabs.append((x - half, y + a, x + half, y + b))
    return replace(how, missing=tuple(slabs)), box, {"size_mm": round(size, 2)}


def _spot(at: Place, how: Print) -> Fault | None:
    size = float(at.rng.uniform(1.0, 3.0))
    box = at.box(size, size, 0.0, 0.5)
    if box is None:
        return None
    spot = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, size)
    return replace(how, spots=(spot,)), box, {"size_mm": round(size, 2)}


FAULTS: dict[str, Callable[[Place, Print], Fault | None]] = {
    "lost-page": _lost_page, "lost-region": _lost_region, "lost-line": _lost_line, "lost-ink": _lost_ink,
    "density-60": _density_60, "fade": _fade, "band": _band, "streak": _streak, "void": _void, "spot": _spot,
}  # fmt: skip
