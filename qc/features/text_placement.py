"""Where the print of a copy lies on its pages, from the pages alone: rectos against versos, jitter, drift.

Each page is reduced to a few *marks*: places of its print that most pages of a book share, such as the outer side of
the text block or the baseline of its first line. Pages that lack a mark, or have it elsewhere (chapter openings,
pictures, short last pages), are outvoted. What is common to all pages, the place of the design itself, cannot be known
and is not measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from qc.flags import Flag
from qc.geometry import Edge, Side, Size
from qc.stats import huber_mean, students_factor

AXES = ("x", "y")
MIN_PAGES = 3
"""Of each side."""
MARK_SHARE = 0.4
"""Share of the pages of one side with a mark that must have it at one place."""
WINDOW_MM = 3.0
NEAR_MM = 2.2
"""A page whose mark is further off has another layout: the next line of text is 3.5 mm off or more. A single page
printed further off is not noticed here."""
AGREE_MM = 0.8
"""Marks must tell one shift of versos against rectos within this, else the two sides are set differently."""
TOGETHER_MM = 0.3
"""Marks of one page must tell its placement within this; its last line may end elsewhere."""
APART_MM = 1.5
"""By how much margins must tell rectos from versos."""
AGAINST_SHARE = 0.2
HEAP_SHARE = 0.2
U_MARK_MM: Mapping[str, float] = {"outer": 0.03, "inner": 0.03, "head": 0.2, "folio": 0.1}
U_BASELINE_MM = 0.03
"""By how much a mark of a verso may lie otherwise than its mirror image on a recto: white of letters at the start and
at the end of lines, slant of italics."""
U_LOCAL_MM: Mapping[str, float] = {"x": 0.025, "y": 0.012}
"""What all pages of a side share: distortion of the scanner between its left and its right part, edge shape."""
U_PAGE_MM = 0.02
"""Placement of one page: edge and marks."""
PULL = 2.0
"""Of the Huber mean, in spreads: layout that differs is out already, and what is left are true places of few pages. At
1.345 a shift of 12 pages strayed by 0.1 mm from the plain mean; against the press it gained nothing (drawn numbers,
seeds below 5000)."""
U_SCALE = 0.005
"""Share; resolution of a scanner without a profile."""


@dataclass(frozen=True)
class OwnPage:
    """One page by itself.

    Attributes
    ----------
    position : int
        Among the scanned interior pages, 1-based.
    side : Side
    size : Size or None
        From cut to cut; None where not all four cuts are known.
    u_cut_mm : mapping of Edge to float
        Cuts that were found, with the standard uncertainty of their place.
    x_mm, y_mm : mapping of str to float
        Marks of the print. x: distance from the fore-edge, y: distance from the head; empty where that cut is unknown.
    asymmetry_mm : float or None
        Left margin of the text block less its right one.
    flush : {"left", "right", ""}
        On which side the first line of print is flush with the block; empty if on both or none.
    turn_deg : float or None
        Turn of the print against the page frame, clockwise positive.
    out_of_square_deg : float or None
        Largest deviation of a corner of the page from a right angle.
    flag : str
        Why the page says nothing; empty if it does.
    u_scale : tuple of float
        Relative standard uncertainty of lengths along x and y, common to the pages of a copy.
    """

    position: int
    side: Side
    size: Size | None = None
    u_cut_mm: Mapping[Edge, float] = field(default_factory=dict)
    x_mm: Mapping[str, float] = field(default_factory=dict)
    y_mm: Mapping[str, float] = field(default_factory=dict)
    asymmetry_mm: float | None = None
    flush: str = ""
    turn_deg: float | None = None
    out_of_square_deg: float | None = None
    flag: str = ""
    u_scale: tuple[float, float] = (U_SCALE, U_SCALE)

    def marks(self, axis: str) -> Mapping[str, float]:
        return self.x_mm if axis == "x" else self.y_mm


@dataclass(frozen=True)
class Placement:
    """Placement of the print along one axis over a copy, in mm: x from the fore-edge, y from the head.

    Attributes
    ----------
    shift, u_shift : float
        Of versos against rectos.
    jitter, u_jitter : float
        Standard deviation of the pages of a side about their mean, the measuring taken out.
    drift, u_drift : float
        Trend from the first to the last page, both sides together.
    middle : mapping of str to float
        Place of each mark, mean of both sides.
    pages : mapping of int to float
        Placement of each page by position, against the mean of all; the shift is in it.
    """

    shift: float
    u_shift: float
    jitter: float
    u_jitter: float
    drift: float
    u_drift: float
    middle: Mapping[str, float]
    pages: Mapping[int, float]


def sided(pages: Sequence[OwnPage], counted: bool) -> list[OwnPage] | Flag:
    """The pages whose side is not contradicted by their print, or why no side is to be trusted.

    Parameters
    ----------
    pages : sequence of OwnPage
    counted : bool
        All pages of the copy were scanned in order, so that their position tells the side.

    Notes
    -----
    Two signs are asked: which margin is the wider one, and on which side the running head is flush. Where they differ
    between rectos and versos, pages that contradict are left out; more than one in five, and no side is trusted.
    """
    confirmed = counted
    kept = list(pages)
    for sign in (_margin_sign, _head_sign):
        signs = {p.position: v for p in pages if (v := sign(p)) is not None}
        groups = [np.array([signs[p.position] for p in pages if p.side is s and p.position in signs]) for s in Side]
        if min(map(len, groups)) < MIN_PAGES:
            continue
        between = _between_heaps(np.concatenate(groups))
        if between is None:
            continue
        above = [float((g > between).mean()) > 0.5 for g in groups]
        usual = dict(zip(Side, above, strict=True))
        against = {p.position for p in pages if p.position in signs and (signs[p.position] > between) != usual[p.side]}
        if above[0] == above[1] or len(against) > AGAINST_SHARE * len(signs):
            return Flag.SIDES_UNSURE
        kept = [p for p in kept if p.position not in against]
        confirmed = True
    return kept if confirmed else Flag.SIDES_UNSURE


def _margin_sign(page: OwnPage) -> float | None:
    return page.asymmetry_mm


def _head_sign(page: OwnPage) -> float | None:
    return {"left": -APART_MM, "right": APART_MM}.get(page.flush)


def _between_heaps(values: NDArray[np.float64]) -> float | None:
    """The middle between two heaps of values `APART_MM` or more apart; None if there are no two, or one is small."""
    ordered = np.sort(values)
    quarter = max(len(ordered) // 4, 1)
    low, high = float(np.median(ordered[:quarter])), float(np.median(ordered[-quarter:]))
    middle = (low + high) / 2
    near = float((np.abs(ordered - middle) < (high - low) / 6).mean())
    above = float((ordered > middle).mean())
    two = high - low > APART_MM and near < 0.1 and HEAP_SHARE <= above <= 1 - HEAP_SHARE
    return middle if two else None


def placement(pages: Sequence[OwnPage], axis: str, counted: bool = False) -> Placement | Flag:
    """Placement of the print over the pages along `axis`, or why it is not known; `counted` as for `sided`."""
    marked = [p for p in pages if p.marks(axis)]
    if min(sum(p.side is side for p in marked) for side in Side) < MIN_PAGES:
        return Flag.FEW_PAGES
    trusted = sided(pages, counted)
    if isinstance(trusted, Flag):
        return trusted
    rectos, versos = ([p for p in trusted if p.side is side and p.marks(axis)] for side in Side)
    if min(len(rectos), len(versos)) < MIN_PAGES:
        return Flag.FEW_PAGES
    stations = [_stations(side, axis) for side in (rectos, versos)]
    shifts = {k: stations[1][k] - stations[0][k] for k in stations[0] if k in stations[1]}
    if len(shifts) < 2:
        return Flag.SIDES_DIFFER
    marks = _agreeing(shifts)
    if marks is None:
        return Flag.SIDES_DIFFER
    middle = {k: (stations[0][k] + stations[1][k]) / 2 for k in marks}
    weights = {k: U_MARK_MM.get(k, U_BASELINE_MM) ** -2 for k in marks}
    half = float(np.average([shifts[k] for k in marks], weights=[weights[k] for k in marks])) / 2
    placed: dict[int, float] = {}
    for side, expected in ((rectos, -half), (versos, half)):
        for page in side:
            off = {k: page.marks(axis)[k] - middle[k] for k in marks if k in page.marks(axis)}
            near = _together({k: v for k, v in off.items() if abs(v - expected) < NEAR_MM}, weights)
            if near:
                placed[page.position] = float(np.average(list(near.values()), weights=[weights[k] for k in near]))
    return _spread(trusted, placed, middle, axis)


def _stations(pages: Sequence[OwnPage], axis: str) -> dict[str, float]:
    """Where most pages of one side have each mark."""
    found = {}
    for mark in sorted({k for p in pages for k in p.marks(axis)}):
        values = np.sort([p.marks(axis)[mark] for p in pages if mark in p.marks(axis)])
        ends = np.searchsorted(values, values + WINDOW_MM, side="right")
        first = int(np.argmax(ends - np.arange(len(values))))
        inside = values[first : ends[first]]
        if len(inside) >= max(MIN_PAGES, MARK_SHARE * len(values)):
            found[mark] = float(np.median(inside))
    return found


def _agreeing(shifts: Mapping[str, float]) -> tuple[str, ...] | None:
    """The largest set of two or more marks that tell one shift; None if another set as large tells another."""
    sets = [
        chosen
        for n in range(len(shifts), 1, -1)
        for chosen in combinations(sorted(shifts), n)
        if np.ptp([shifts[k] for k in chosen]) <= AGREE_MM
    ]
    if not sets:
        return None
    best = sets[0]
    rivals = [s for s in sets[1:] if len(s) == len(best) and not set(s) & set(best)]
    return None if rivals else best


def _together(off: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """The weightiest two or more marks of a page that lie within `TOGETHER_MM`; empty if there are none."""
    best: dict[str, float] = {}
    for low in off.values():
        chosen = {k: v for k, v in off.items() if low <= v <= low + TOGETHER_MM}
        if len(chosen) > 1 and sum(map(weights.__getitem__, chosen)) > sum(map(weights.__getitem__, best)):
            best = chosen
    return best


def _spread(
    pages: Sequence[OwnPage], placed: Mapping[int, float], middle: Mapping[str, float], axis: str
) -> Placement | Flag:
    sides = [np.array([placed[p.position] for p in pages if p.side is s and p.position in placed]) for s in Side]
    if min(map(len, sides)) < MIN_PAGES:
        return Flag.FEW_PAGES
    recto, verso = (huber_mean(v, PULL)[0] for v in sides)
    shift, n = verso - recto, len(placed)
    scatter = max(_scale(np.concatenate([sides[0] - recto, sides[1] - verso])), U_PAGE_MM)
    factor = students_factor(n - 2) / 1.05
    # 1.05: what a Huber mean loses against the plain one.
    u_scatter = 1.05 * factor * scatter * float(np.sqrt(1 / len(sides[0]) + 1 / len(sides[1])))
    common = [U_LOCAL_MM[axis], U_SCALE * abs(shift), min(U_MARK_MM.get(k, U_BASELINE_MM) for k in middle)]
    drift, u_drift = _drift(pages, placed, (recto, verso))
    return Placement(
        shift=shift,
        u_shift=float(np.sqrt(u_scatter**2 + np.square(common).sum())),
        jitter=float(np.sqrt(scatter**2 - U_PAGE_MM**2)),
        u_jitter=float(np.hypot(0.78 * factor * scatter / np.sqrt(n - 3), U_PAGE_MM / 2)),
        drift=drift,
        u_drift=u_drift,
        middle=dict(middle),
        pages=dict(placed),
    )


def _scale(values: NDArray[np.float64]) -> float:
    """Standard deviation by Qn (Rousseeuw and Croux 1993): half of the values may be wrong, and normal ones lose 18 %
    of efficiency; two centers were taken from them."""
    n = len(values)
    half = n // 2 + 1
    i, j = np.triu_indices(n, 1)
    quantile = np.partition(np.abs(values[i] - values[j]), half * (half - 1) // 2 - 1)[half * (half - 1) // 2 - 1]
    small = n / (n + 1.4) if n % 2 else n / (n + 3.8)
    return float(2.2219 * small * quantile * np.sqrt((n - 1) / (n - 2)))


def _drift(pages: Sequence[OwnPage], placed: Mapping[int, float], centers: tuple[float, float]) -> tuple[float, float]:
    """Robust trend of the placement, times the way from the first page to the last."""
    of_side = dict(zip(Side, centers, strict=True))
    known = [p for p in pages if p.position in placed]
    at = np.array([p.position for p in known], float)
    residual = np.array([placed[p.position] - of_side[p.side] for p in known])
    from scipy.stats import theilslopes

    slope, _, low, high = theilslopes(residual, at, 0.95)
    way = float(np.ptp(at))
    return float(slope) * way, max(float(high - low) * way / (2 * 1.96), U_PAGE_MM / np.sqrt(len(at)))
