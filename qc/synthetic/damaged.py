"""Damage of known place and size on a leaf, and its trace in the scan of either side.

`place_damage` chooses where on the leaf and how, in page-frame millimeters of one side; `on_other_side` carries it over to
the other; `plant_damage` draws it into a scan by `qc.synthetic.damage`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from qc.synthetic.damage import creased, folded, stained, torn, without_paper
from qc.synthetic.maps import Map, after, applied, inverse
from qc.synthetic.outlines import Points, blot, bowed, enclosed, extent, ragged
from qc.synthetic.plant import Image

BEYOND_MM = 2.0
"""Outlines reach this far beyond the leaf, so that the shadow of an edge that is gone goes as well."""
CLEAR_MM = 4.0
"""What lies inside the leaf keeps this far from its edges."""
CORE_MM = 0.3
TRIES = 200


@dataclass(frozen=True)
class LeafScan:
    """One side of a leaf in its scan.

    Parameters
    ----------
    to_scan : ndarray, shape (2, 3)
        Page-frame millimeters -> pixels.
    corners_mm : ndarray, shape (4, 2)
        Of the leaf as cut: left-top, right-top, right-bottom, left-bottom, in page-frame millimeters.
    """

    to_scan: Map
    corners_mm: Points

    @property
    def per_mm(self) -> float:
        return float(np.sqrt(abs(np.linalg.det(self.to_scan[:, :2]))))

    @property
    def corners_px(self) -> Points:
        return applied(self.to_scan, self.corners_mm)


@dataclass(frozen=True)
class Damage:
    """What happened to a leaf, in page-frame millimeters of one side.

    Parameters
    ----------
    kind : str
        missing-corner, notch, tear, dog-ear, crease, hole or water.
    outline_mm : ndarray, shape (n, 2)
        Paper that is gone or wet, the line of a tear (from the edge) or a crease; of a dog-ear the corner and the ends of
        its fold.
    extent_mm : float
        Largest distance between two places of it.
    area_mm2 : float
        Of paper that is gone, turned over or wet; 0 for lines.
    beyond_mm : ndarray, shape (m, 2)
        The outline as it is drawn, out over the leaf's edge.
    how : mapping of str to float
        What else it looks like: `levels` and `sigma_mm` of a crease, `open_mm` and `slip_mm` of a tear, `strength` of water.
    """

    kind: str
    outline_mm: Points
    extent_mm: float
    area_mm2: float
    beyond_mm: Points
    how: Mapping[str, float] = field(default_factory=dict)


def place_damage(kind: str, size: float, leaf: LeafScan, rng: np.random.Generator) -> Damage:
    """Choose a place and a shape.

    Parameters
    ----------
    kind : str
        One of `SIZES`.
    size : float
        Of it, as `SIZES` says.
    leaf : LeafScan
        The side it is seen on.
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        The leaf is too small for it.
    """
    return _PLACES[kind](size, leaf.corners_mm, rng)


def on_other_side(damage: Damage, this: LeafScan, other: LeafScan) -> Damage:
    """The same damage in the page frame of the other side; a ridge there is a valley here, and nothing is turned over."""
    across = _across(this, other)
    how = dict(damage.how)
    if "levels" in how:
        how["levels"] *= -1
    gone = damage.kind == "dog-ear"
    return replace(
        damage,
        kind="missing-corner" if gone else damage.kind,
        outline_mm=applied(across, damage.outline_mm),
        beyond_mm=applied(across, damage.beyond_mm),
        how=how,
    )


def plant_damage(
    image: Image,
    leaf: LeafScan,
    damage: Damage,
    rng: np.random.Generator,
    other: tuple[Image, LeafScan] | None = None,
) -> Image:
    """The scan of a side as it looks with the damage; `other` is the scan of its other side, for what a flap shows."""
    place, page, k, how = leaf.to_scan, leaf.corners_px, leaf.per_mm, damage.how
    outline, beyond = applied(place, damage.outline_mm), applied(place, damage.beyond_mm)
    match damage.kind:
        case "missing-corner" | "notch" | "hole":
            return without_paper(image, beyond, page, k, rng, how.get("core_mm", 0.0))
        case "tear":
            return torn(image, outline, how["open_mm"] * k, how["slip_mm"] * k, page, k, rng)
        case "dog-ear":
            back = None
            if other is not None:
                there = after(other[1].to_scan, after(_across(leaf, other[1]), inverse(place)))
                back = (other[0], there)
            return folded(image, outline[0], outline[1:], page, k, rng, back)
        case "crease":
            return creased(image, outline, how["levels"], how["sigma_mm"] * k, page)
        case _:
            s = how["strength"]
            rim = (1 - 0.06 * s, 1 - 0.09 * s, 1 - 0.2 * s)
            return stained(image, beyond, how["rim_mm"] * k, rim, (1 - 0.01 * s, 1 - 0.02 * s, 1 - 0.05 * s), page)


def _across(this: LeafScan, other: LeafScan) -> Map:
    """From the page frame of one side to that of the other: the corners are the same paper."""
    ours = np.column_stack([this.corners_mm, np.ones(4)])
    return np.asarray(np.linalg.lstsq(ours, other.corners_mm[[1, 0, 3, 2]], rcond=None)[0].T)


def _at_corner(
    corners: Points, legs: tuple[float, float], rng: np.random.Generator
) -> tuple[Points, Points, Points, Points]:
    """A corner, the points on its two edges, and the unit vectors that lead out over them."""
    i = int(rng.integers(4))
    corner = corners[i]
    e, f = (_unit(corners[(i + step) % 4] - corner) for step in (-1, 1))
    return corner, np.array([corner + legs[0] * e, corner + legs[1] * f]), -f, -e


def _missing_corner(area: float, corners: Points, rng: np.random.Generator) -> Damage:
    ratio = float(np.exp(rng.uniform(-0.5, 0.5)))
    legs = np.sqrt(2 * area) * np.array([ratio, 1 / ratio])
    corner, ends, over_a, over_b = _at_corner(corners, (legs[0], legs[1]), rng)
    line = ragged(ends, 0.03 * float(np.sqrt(area)), rng)
    outline = np.vstack([line, corner])
    out = BEYOND_MM * np.array([over_a, over_a + over_b, over_b])
    beyond = np.vstack([line, line[-1] + out[2], corner + out[1], line[0] + out[0]])
    return Damage("missing-corner", outline, extent(outline), enclosed(outline), beyond, {"core_mm": _core(rng)})


def _dog_ear(leg: float, corners: Points, rng: np.random.Generator) -> Damage:
    corner, ends, _, _ = _at_corner(corners, (leg, leg * float(np.exp(rng.uniform(-0.35, 0.35)))), rng)
    corner_of = np.vstack([corner, ends])
    e, f = (_unit(corner - p) for p in ends)
    beyond = np.vstack(
        [ends[0], ends[0] + BEYOND_MM * f, corner + BEYOND_MM * (e + f), ends[1] + BEYOND_MM * e, ends[1]]
    )
    return Damage("dog-ear", corner_of, extent(corner_of), enclosed(corner_of), beyond)


def _at_edge(corners: Points, clear: float, rng: np.random.Generator) -> tuple[Points, Points, Points]:
    """A place on an edge at least `clear` from its corners, the direction along the edge and that into the leaf."""
    i = int(rng.integers(4))
    a, b = corners[i], corners[(i + 1) % 4]
    length = float(np.hypot(*(b - a)))
    if length <= 2 * clear:
        raise ValueError(f"an edge of {length:.0f} mm has no room for {2 * clear:.0f} mm")
    along = _unit(b - a)
    return a + rng.uniform(clear, length - clear) * along, along, np.array([-along[1], along[0]])


def _notch(depth: float, corners: Points, rng: np.random.Generator) -> Damage:
    half = depth * float(rng.uniform(0.35, 1.2))
    at, along, inward = _at_edge(corners, half + 8, rng)
    tip = at + depth * inward + rng.uniform(-0.3, 0.3) * half * along
    rough = 0.04 * depth
    ends = (at - half * along, tip), (tip, at + half * along)
    line = np.vstack([ragged(np.array(pair), rough, rng) for pair in ends])
    beyond = np.vstack([line, line[-1] - BEYOND_MM * inward, line[0] - BEYOND_MM * inward])
    how = {"core_mm": _core(rng), "depth_mm": float(((line - at) @ inward).max())}
    return Damage("notch", line, extent(line), enclosed(line), beyond, how)


def _tear(length: float, corners: Points, rng: np.random.Generator) -> Damage:
    at, along, inward = _at_edge(corners, 0.6 * length + 6, rng)
    lean = rng.uniform(-0.5, 0.5)
    ends = np.array([at, at + length * (np.cos(lean) * inward + np.sin(lean) * along)])
    line = ragged(ends, 0.015 * length, rng)
    open_mm = float(rng.uniform(0.1, 0.6)) * float(rng.choice([-0.5, 1, 1]))
    how = {"open_mm": open_mm, "slip_mm": float(rng.uniform(-0.4, 0.4)), "depth_mm": float(np.cos(lean) * length)}
    return Damage("tear", line, extent(line), 0.0, line, how)


def _crease(length: float, corners: Points, rng: np.random.Generator) -> Damage:
    for _ in range(TRIES):
        angle, middle = rng.uniform(0, np.pi), _inside(corners, rng)
        half = length / 2 * np.array([np.cos(angle), np.sin(angle)])
        line = bowed(np.array([middle - half, middle + half]), float(rng.uniform(-0.012, 0.012)) * length)
        if _clear(line, corners, CLEAR_MM):
            levels = float(rng.uniform(7, 20) * rng.choice([-1, 1]))
            return Damage(
                "crease", line, extent(line), 0.0, line, {"levels": levels, "sigma_mm": float(rng.uniform(0.12, 0.3))}
            )
    raise ValueError(f"the leaf has no room for a crease of {length:.0f} mm")


def _hole(diameter: float, corners: Points, rng: np.random.Generator) -> Damage:
    outline = blot(np.pi / 4 * diameter**2, rng, 0.08)
    for _ in range(TRIES):
        if _clear(placed := outline + _inside(corners, rng), corners, CLEAR_MM):
            return Damage("hole", placed, extent(placed), enclosed(placed), placed, {"core_mm": _core(rng)})
    raise ValueError(f"the leaf has no room for a hole of {diameter:.0f} mm")


def _water(area: float, corners: Points, rng: np.random.Generator) -> Damage:
    outline = blot(area, rng, 0.13, float(np.exp(rng.uniform(0, 0.6))))
    how = {"strength": float(rng.uniform(0.7, 1.3)), "rim_mm": float(rng.uniform(0.8, 3))}
    for _ in range(TRIES):
        if _clear(placed := outline + _inside(corners, rng), corners, 2.0):
            return Damage("water", placed, extent(placed), enclosed(placed), placed, how)
    raise ValueError(f"the leaf has no room for a stain of {area:.0f} mm2")


SIZES: Mapping[str, tuple[str, str]] = {
    "missing-corner": ("mm2", "paper missing at a corner"),
    "notch": ("mm", "depth of a notch in an edge"),
    "tear": ("mm", "length of a tear from an edge"),
    "dog-ear": ("mm", "length of an edge that is turned over"),
    "crease": ("mm", "length of a crease"),
    "hole": ("mm", "diameter of a hole"),
    "water": ("mm2", "area inside the rim of a water stain"),
}
"""Unit and meaning of the size of each kind."""
_PLACES: Mapping[str, Callable[[float, Points, np.random.Generator], Damage]] = {
    "missing-corner": _missing_corner,
    "notch": _notch,
    "tear": _tear,
    "dog-ear": _dog_ear,
    "crease": _crease,
    "hole": _hole,
    "water": _water,
}


def _core(rng: np.random.Generator) -> float:
    return float(rng.uniform(0, 2 * CORE_MM))


def _unit(v: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(v / np.hypot(*v))


def _inside(corners: Points, rng: np.random.Generator) -> Points:
    low, high = corners.min(axis=0), corners.max(axis=0)
    return np.asarray(rng.uniform(low, high))


def _clear(points: Points, corners: Points, clear: float) -> bool:
    """Whether all points keep that far from the leaf's edges."""
    for i in range(4):
        along = _unit(corners[(i + 1) % 4] - corners[i])
        if (((points - corners[i]) @ np.array([-along[1], along[0]])) < clear).any():
            return False
    return True
