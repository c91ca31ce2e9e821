"""Planted faults: what they do to the inks on one side, and where they are put."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from . import geometry

U8 = NDArray[Any]  # uint8
F32 = NDArray[Any]  # float32
Box = tuple[float, float, float, float]
KINDS = ("lost-page", "lost-region", "lost-line", "lost-ink", "density-60", "fade", "band", "streak", "void", "spot")
WHOLE = ("lost-ink", "gray", "density-60")


@dataclass
class Fault:
    """One fault: shapes (polygons in reference mm) bared or blotted, inks left out, density along an axis."""

    kind: str
    box: Box | None
    detail: dict[str, Any]
    bare: list[NDArray[Any]] = field(default_factory=list)
    blot: list[tuple[NDArray[Any], float]] = field(default_factory=list)
    without: tuple[str, ...] = ()
    density: tuple[int, NDArray[Any], NDArray[Any]] | None = None
    line: int | None = None


def _rounded(box: Box) -> list[float]:
    return [round(float(v), 3) for v in box]


def _bounds(poly: NDArray[Any]) -> Box:
    (x0, y0), (x1, y1) = poly.min(axis=0), poly.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def _blob(rng: np.random.Generator, x: float, y: float, diameter: float) -> NDArray[Any]:
    """Return an uneven round outline of about ``diameter`` mm."""
    a = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    r = diameter / 2 * (1 + 0.12 * np.sin(2 * a + rng.uniform(0, 6)) + 0.06 * np.sin(5 * a + rng.uniform(0, 6)))
    return np.column_stack([x + r * np.cos(a), y + r * np.sin(a)])


class Cover:
    """Mean ink over boxes of a page, from an upright overview of its trim area."""

    def __init__(self, overview: U8, width: float) -> None:
        self.k = overview.shape[1] / width
        self.rows, self.cols = overview.shape
        self.sum = cv2.integral(255 - overview, sdepth=cv2.CV_64F) / 255

    def mean(self, box: Box) -> float:
        """Return the mean ink (0 to 1, in the file's values) in a box of reference mm."""
        x0, x1 = (int(np.clip(round(v * self.k), 0, self.cols)) for v in (box[0], box[2]))
        y0, y1 = (int(np.clip(round(v * self.k), 0, self.rows)) for v in (box[1], box[3]))
        if x1 <= x0 or y1 <= y0:
            return 0.0
        s = self.sum
        return float(s[y1, x1] - s[y0, x1] - s[y1, x0] + s[y0, x0]) / ((x1 - x0) * (y1 - y0))


def _place(
    rng: np.random.Generator,
    cover: Cover,
    size: tuple[float, float],
    page: tuple[float, float],
    least: float,
    most: float = 2.0,
) -> Box | None:
    """Return a random box of ``size`` inside the page whose mean ink is between ``least`` and ``most``."""
    for _ in range(400):
        x = float(rng.uniform(3, page[0] - 3 - size[0]))
        y = float(rng.uniform(3, page[1] - 3 - size[1]))
        box = (x, y, x + size[0], y + size[1])
        if least <= cover.mean(box) <= most:
            return box
    return None


def make(
    rng: np.random.Generator,
    kind: str,
    cover: Cover,
    page: tuple[float, float],
    lines: dict[int, Box],
    inks: dict[str, float],
) -> Fault | None:
    """Draw a fault for a page, or None where the page cannot have it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Place and size.
    kind : str
        One of `KINDS`.
    cover : Cover
        Ink on the page.
    page : tuple of float
        Trim in mm.
    lines : dict
        Item -> box (mm) of each line of text that may be lost.
    inks : dict
        Ink -> its mean coverage of the page (0 to 1).
    """
    ink = cover.mean((0.0, 0.0, *page))
    axis = int(rng.integers(2))
    long = page[axis]
    if kind == "lost-page":
        return Fault(kind, None, {}, without=("K", "C", "M", "Y")) if ink > 0.0005 else None
    if kind == "density-60":
        flat = np.array([-1e3, 1e3])
        return Fault(kind, None, {"density": 0.6}, density=(0, flat, np.array([0.6, 0.6]))) if ink > 0.003 else None
    if kind == "lost-line":
        key = list(lines)[int(rng.integers(len(lines)))] if lines else None
        return None if key is None else Fault(kind, lines[key], {}, line=key)
    if kind in ("fade", "band"):
        return None if ink < 0.01 else (_fade if kind == "fade" else _bands)(rng, axis, long)
    if kind == "lost-ink":
        return _lost_ink(rng, inks)
    others = {"lost-region": _lost_region, "streak": _streak, "void": _void, "spot": _spot}
    if kind not in others:
        raise ValueError(f"unknown fault {kind!r}")
    return others[kind](rng, cover, page)


def _lost_ink(rng: np.random.Generator, inks: dict[str, float]) -> Fault | None:
    usable = [n for n in "CMY" if inks.get(n, 0) > 0.02]
    if not usable:
        return None
    name = usable[int(rng.integers(len(usable)))]
    return Fault("lost-ink", None, {"ink": name, "coverage": round(inks[name], 4)}, without=(name,))


def _lost_region(rng: np.random.Generator, cover: Cover, page: tuple[float, float]) -> Fault | None:
    side = float(rng.uniform(0.6, 1.7))
    w = min(float(np.sqrt(200 * side)), page[0] - 8)
    for least in (0.12, 0.08, 0.05):
        box = _place(rng, cover, (w, 200 / w), page, least)
        if box:
            poly = np.array([[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]])
            return Fault("lost-region", box, {"area_mm2": 200, "ink": round(cover.mean(box), 3)}, bare=[poly])
    return None


def _void(rng: np.random.Generator, cover: Cover, page: tuple[float, float]) -> Fault | None:
    d = float(rng.uniform(1.5, 4.0))
    for least in (0.5, 0.3, 0.15):
        box = _place(rng, cover, (d, d), page, least)
        if box:
            poly = _blob(rng, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, d)
            size = {"diameter_mm": round(d, 3), "ink": round(cover.mean(box), 3)}
            return Fault("void", _bounds(poly), size, bare=[poly])
    return None


def _spot(rng: np.random.Generator, cover: Cover, page: tuple[float, float]) -> Fault | None:
    d = float(rng.uniform(1.0, 3.0))
    box = _place(rng, cover, (d, d), page, 0.0, 0.4)
    if not box:
        return None
    poly = _blob(rng, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, d)
    strength = float(rng.uniform(0.75, 1.0))
    size = {"diameter_mm": round(d, 3), "coverage": round(strength, 3)}
    return Fault("spot", _bounds(poly), size, blot=[(poly, strength)])


def _fade(rng: np.random.Generator, axis: int, long: float) -> Fault:
    ends = (1.0, 0.7) if rng.random() < 0.5 else (0.7, 1.0)
    about = {"axis": "xy"[axis], "from": ends[0], "to": ends[1]}
    return Fault("fade", None, about, density=(axis, np.array([0.0, long]), np.array(ends)))


def _bands(rng: np.random.Generator, axis: int, long: float) -> Fault:
    count = int(rng.integers(2, 5))
    sign = 1 if rng.random() < 0.5 else -1
    at: list[float] = [-1e3]
    value = [1.0]
    spans = []
    for start in np.linspace(6, long - 6, count + 1)[:-1]:
        w = float(rng.uniform(4, 12))
        a = float(start + rng.uniform(0, max(0.1, (long - 12) / count - w - 1)))
        at += [a - 0.4, a + 0.4, a + w - 0.4, a + w + 0.4]
        value += [1.0, 1 + 0.15 * sign, 1 + 0.15 * sign, 1.0]
        spans.append([round(a, 2), round(a + w, 2)])
    return Fault(
        "band",
        None,
        {"axis": "xy"[axis], "change": 0.15 * sign, "spans_mm": spans},
        density=(axis, np.array([*at, 1e3]), np.array([*value, 1.0])),
    )


def _streak(rng: np.random.Generator, cover: Cover, page: tuple[float, float]) -> Fault | None:
    axis = int(rng.integers(2))  # the feed is along x or y of the page
    w = float(rng.uniform(0.3, 1.0))
    across, along = (page[1], page[0]) if axis == 0 else (page[0], page[1])
    a, b = float(rng.uniform(0, 0.15)) * along, float(rng.uniform(0.8, 1.0)) * along
    white = bool(rng.random() < 0.5)
    box: Box | None = None
    for _ in range(200):
        p = float(rng.uniform(5, across - 5))
        box = (a, p - w / 2, b, p + w / 2) if axis == 0 else (p - w / 2, a, p + w / 2, b)
        ink = cover.mean(box)
        if (white and ink > 0.12) or (not white and ink < 0.5):
            break
        box = None
    if box is None:
        return None
    poly = np.array([[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]])
    strength = float(rng.uniform(0.35, 0.9))
    detail = {"axis": "xy"[axis], "width_mm": round(w, 3), "tone": "white" if white else "dark"}
    if white:
        return Fault("streak", box, detail, bare=[poly])
    return Fault("streak", box, detail | {"coverage": round(strength, 3)}, blot=[(poly, strength)])


def _soft(poly: NDArray[Any], to_frame: geometry.F64, shape: tuple[int, int]) -> tuple[slice, slice, F32]:
    """Return the window of a polygon in the frame and its antialiased coverage (0 to 1)."""
    pts = geometry.apply(to_frame, poly)
    x0, y0 = (int(v) for v in np.maximum(np.floor(pts.min(axis=0)) - 3, 0))
    x1, y1 = (int(v) for v in np.minimum(np.ceil(pts.max(axis=0)) + 3, (shape[1], shape[0])))
    k = 4
    big = np.zeros(((y1 - y0) * k, (x1 - x0) * k), np.uint8)
    cv2.fillPoly(big, [np.round((pts - (x0, y0)) * k - 0.5).astype(np.int32)], 255)
    small = cv2.resize(big, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return slice(y0, y1), slice(x0, x1), cv2.GaussianBlur(small, (3, 3), 0.6)


def strike(fault: Fault, plates: dict[str, U8], to_frame: geometry.F64, shape: tuple[int, int]) -> dict[str, U8]:
    """Return the inks' coverage with the fault (the density is taken up in the scan)."""
    out = {k: v for k, v in plates.items() if k not in fault.without}
    for poly in fault.bare:
        rows, cols, cover = _soft(poly, to_frame, shape)
        for name in list(out):
            plate = out[name].copy()
            plate[rows, cols] = (plate[rows, cols] * (1 - cover) + 0.5).astype(np.uint8)
            out[name] = plate
    for poly, strength in fault.blot:
        rows, cols, cover = _soft(poly, to_frame, shape)
        plate = out["K"].copy() if "K" in out else np.zeros(shape, np.uint8)
        plate[rows, cols] = np.maximum(plate[rows, cols], (cover * strength * 255).astype(np.uint8))
        out["K"] = plate
    return out


def density_map(fault: Fault, to_frame: geometry.F64, shape: tuple[int, int], step: int) -> F32 | None:
    """Return the density factor on a grid ``step`` pixels apart (pixel centers), or None where it is 1."""
    if fault.density is None:
        return None
    axis, at, value = fault.density
    rows, cols = shape[0] // step + 1, shape[1] // step + 1
    inv = np.linalg.inv(to_frame)
    x = (np.arange(cols)[None, :] + 0.5) * step
    y = (np.arange(rows)[:, None] + 0.5) * step
    where = inv[axis, 0] * x + inv[axis, 1] * y + inv[axis, 2]
    return np.asarray(np.interp(where, at, value), np.float32)


def describe_box(fault: Fault) -> list[float] | None:
    """Return the fault's box for truth.json."""
    return None if fault.box is None else _rounded(fault.box)
