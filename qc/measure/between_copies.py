"""Two copies of a title against each other: where they were cut, how they are colored, and which one stands apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from qc.catalog import MEASURES
from qc.colorimetry import ciede2000, linear_rgb_to_lab
from qc.flags import Flag
from qc.geometry import Edge
from qc.model import Observation, Where
from qc.robust import mean_over_pages

MIN_PAGES = 3
U_SYSTEM_MM = 0.010
"""Tone curve, sharpening and edge shape; what two copies on one scanner share drops out, so it counts once."""
U_LOCAL_MM = 0.018
"""Smooth distortion within one scan, a fifth of a pixel at 300 dpi, that moves an edge against the print; each copy has
its own. Chosen on drawn scans with distortion, feed wobble and shadows."""
U_COMMON_MM = 0.012
"""What all pages of two copies share; more pages do not shrink it."""
MAX_U_MM = 0.15
PRINTED = 0.97
"""A tile darker than this share of the paper carries print."""
MIN_TILES = 12
U_REPEAT = 0.35
"""dE00 between two scans of one page on one scanner: warm-up of the lamp, noise, the place on the glass."""


@dataclass(frozen=True)
class CutPlace:
    """How far out one copy was cut on one page, in mm of the page frame of the base copy, against the base's print.

    `u_mm` joins the fit of the edge and the registration of the print; `flag` says why there is no value.
    """

    value_mm: float | None
    u_mm: float = 0.0
    flag: str = Flag.NOT_REGISTERED


@dataclass(frozen=True)
class PageColor:
    """One page of one copy on the tiles of the base page.

    Attributes
    ----------
    tiles : ndarray, shape (n, 3), float64
        Mean linear RGB of each tile relative to the copy's own paper; the same tiles for all copies.
    paper : ndarray, shape (3,)
        Linear RGB of that paper, as scanned.
    """

    tiles: NDArray[np.float64]
    paper: NDArray[np.float64]


def copy_position_difference(
    cuts: Mapping[str, Mapping[tuple[int, Edge], CutPlace]], bench_cut: bool = True
) -> list[Observation]:
    """How much further out the second copy of a pair was cut than the first, relative to the print.

    Parameters
    ----------
    cuts : mapping
        For each copy id, in order: the place of its cut by page (position in the base copy, 1-based) and edge.
    bench_cut : bool
        The spine edges were cut to scan the sheets, not by the printer: they carry a flag.

    Returns
    -------
    list of Observation
        In mm, for each pair ``where.copies = (a, b)``: each page and edge, then each edge over all pages with
        ``where.page`` None. Positive: b has more paper beyond its print there than a.

    Notes
    -----
    Over the pages it is a Huber mean: the print lies differently on each page of each copy (placement jitter, up to the
    1 mm class), which enters u as scatter. A single page's difference therefore says little of the knife. u joins both
    edges, the registrations and, once, what a scanner does to every cut. At least three pages are needed.

    The millimeters are those of the base copy's scans: 0.5 % of error in their resolution is 0.5 % of the difference.
    """
    measure = MEASURES["copy-position-difference"]
    observations: list[Observation] = []
    for a, b in combinations(cuts, 2):
        places = sorted({*cuts[a], *cuts[b]}, key=lambda place: (place[0], list(Edge).index(place[1])))
        pages: dict[Edge, list[Observation]] = {edge: [] for edge in Edge}
        for page, edge in places:
            first = cuts[a].get((page, edge), CutPlace(None))
            second = cuts[b].get((page, edge), CutPlace(None))
            bench = (Flag.BENCH_CUT,) if bench_cut and edge is Edge.SPINE else ()
            where = Where(page=page, edge=edge, copies=(a, b))
            if first.value_mm is None or second.value_mm is None:
                flags = dict.fromkeys(p.flag for p in (first, second) if p.value_mm is None)
                seen = measure.observe(None, where=where, flags=(*flags, *bench))
            else:
                u = float(np.sqrt(first.u_mm**2 + second.u_mm**2 + U_SYSTEM_MM**2 + 2 * U_LOCAL_MM**2))
                if u > MAX_U_MM:
                    seen = measure.observe(None, where=where, flags=(Flag.U_TOO_LARGE, *bench))
                else:
                    seen = measure.observe(second.value_mm - first.value_mm, u, where, bench)
            pages[edge].append(seen)
            observations.append(seen)
        observations += [_over_pages(edge, (a, b), pages[edge]) for edge in Edge]
    return observations


def _over_pages(edge: Edge, pair: tuple[str, str], pages: Sequence[Observation]) -> Observation:
    measure = MEASURES["copy-position-difference"]
    where = Where(edge=edge, copies=pair)
    measured = [o for o in pages if o.value is not None]
    if len(measured) < MIN_PAGES:
        flags = [f for o in pages if o.value is None for f in o.flags if f != Flag.BENCH_CUT]
        common = max(sorted(set(flags)), key=flags.count) if flags else None
        reason = tuple(dict.fromkeys(f for f in (common, Flag.FEW_PAGES) if f))
        return measure.observe(None, where=where, flags=reason, detail={"pages": len(measured)})
    values = np.array([o.value for o in measured], float)
    value, u, spread = mean_over_pages(values, np.array([o.u for o in measured], float), U_COMMON_MM)
    detail = {"pages": len(values), "spread": round(spread, 4)}
    return measure.observe(value, u, where, measured[0].flags, detail)


def copy_color_difference(
    page: int, colors: Mapping[str, PageColor], flags: Mapping[tuple[str, str], str]
) -> list[Observation]:
    """Mean CIEDE2000 of the printed tiles of one page, each copy relative to its own paper, for each pair of copies.

    Parameters
    ----------
    page : int
        Position in the base copy, 1-based.
    colors : mapping of str to PageColor
        The copies that have this page, by id.
    flags : mapping of (str, str) to str
        Pairs that cannot be compared, and why: `different-scanners`, `gray-scan`, `bitonal`.

    Returns
    -------
    list of Observation
        One a pair, ``where.copies = (a, b)``. `detail`: median and p95 of the tiles' differences, the median signed
        shifts dL, dC, da, db (b minus a), which name the direction and do not grow with noise, and `paper`, the
        difference of the bare papers on its own.

    Notes
    -----
    Comparable only on the same scanner with the same settings. u is 0.35 dE00, about what a flatbed shows between two
    scans of one page. The mean of magnitudes is positive by construction: halftone and register leave up to about 0.3
    between copies that are alike. Dividing by the paper takes a difference of papers out, but not what ink on another
    paper looks like. Fooled by a driver that adjusts color page by page.
    """
    measure = MEASURES["copy-color-difference"]
    observations = []
    for a, b in combinations(colors, 2):
        where = Where(page=page, copies=(a, b))
        first, second = colors[a], colors[b]
        printed = np.minimum(first.tiles, second.tiles).min(axis=1) < PRINTED
        if (a, b) in flags or int(printed.sum()) < MIN_TILES:
            flag = flags.get((a, b), Flag.NOTHING_TO_COMPARE)
            observations.append(measure.observe(None, where=where, flags=(flag,)))
            continue
        lab_a, lab_b = linear_rgb_to_lab(first.tiles[printed]), linear_rgb_to_lab(second.tiles[printed])
        difference = ciede2000(lab_a, lab_b)
        chroma = np.hypot(*lab_b[:, 1:].T) - np.hypot(*lab_a[:, 1:].T)
        shift = np.median(lab_b - lab_a, axis=0)
        paper = ciede2000(linear_rgb_to_lab(first.paper), linear_rgb_to_lab(second.paper))
        detail = {
            "median": round(float(np.median(difference)), 3),
            "p95": round(float(np.quantile(difference, 0.95)), 3),
            "dL": round(float(shift[0]), 3),
            "dC": round(float(np.median(chroma)), 3),
            "da": round(float(shift[1]), 3),
            "db": round(float(shift[2]), 3),
            "paper": round(float(paper), 3),
            "tiles": int(printed.sum()),
        }
        observations.append(measure.observe(float(difference.mean()), U_REPEAT, where, detail=detail))
    return observations


def copy_color_difference_over_pages(
    pages: Sequence[Observation], pairs: Sequence[tuple[str, str]], flags: Mapping[tuple[str, str], str]
) -> list[Observation]:
    """Median over the pages of `copy_color_difference`, for each pair; u does not shrink with pages."""
    measure = MEASURES["copy-color-difference"]
    result = []
    for pair in pairs:
        measured = [o for o in pages if o.where.copies == pair and o.value is not None]
        where = Where(copies=pair)
        if not measured:
            flag = flags.get(pair, Flag.NOTHING_TO_COMPARE)
            result.append(measure.observe(None, where=where, flags=(flag,)))
            continue
        values = np.array([o.value for o in measured], float)
        keys = ("median", "p95", "dL", "dC", "da", "db", "paper")
        detail = {key: round(float(np.median([o.detail[key] for o in measured])), 3) for key in keys}
        detail |= {"pages": len(measured), "max": round(float(values.max()), 3)}
        result.append(measure.observe(float(np.median(values)), U_REPEAT, where, detail=detail))
    return result


@dataclass(frozen=True)
class PageShift:
    """Of one page: each copy's median signed L*a*b* shift against the median of all copies, and the middle color."""

    middle: NDArray[np.float64]
    shifts: Mapping[str, NDArray[np.float64]]


def page_shift(colors: Mapping[str, PageColor]) -> PageShift | None:
    """Shift of each copy on one page, tile by tile against the median of the copies; None with fewer than three."""
    if len(colors) < 3:
        return None
    tiles = np.array([c.tiles for c in colors.values()])
    printed = np.median(tiles, axis=0).min(axis=1) < PRINTED
    if int(printed.sum()) < MIN_TILES:
        return None
    lab = linear_rgb_to_lab(tiles[:, printed])
    middle = np.median(lab, axis=0)
    shifts = {copy: np.median(own - middle, axis=0) for copy, own in zip(colors, lab, strict=True)}
    return PageShift(np.median(middle, axis=0), shifts)


def copy_color_outlier(
    copies: Sequence[str], pages: Sequence[PageShift], flags: Mapping[str, str]
) -> list[Observation]:
    """How far the color of each copy lies from the median of all copies.

    Parameters
    ----------
    copies : sequence of str
        Three or more ids.
    pages : sequence of PageShift
    flags : mapping of str to str
        Copies that cannot be compared with the others, and why.

    Returns
    -------
    list of Observation
        One a copy, ``where.copy``: CIEDE2000 of the copy's median signed shift, applied to the middle color of its
        pages. `detail` holds the shift itself: dL, da, db.

    Notes
    -----
    Signed shifts cancel noise, so copies that are alike come out near 0. With three copies the median is one of them;
    with two odd ones of three, the sound one looks odd. A cast that shows in few tiles only (dark pictures in a book of
    text) hardly moves the median.
    """
    measure = MEASURES["copy-color-outlier"]
    result = []
    for copy in copies:
        own = [p for p in pages if copy in p.shifts]
        where = Where(copy=copy)
        if copy in flags or not own:
            result.append(measure.observe(None, where=where, flags=(flags.get(copy, Flag.NOTHING_TO_COMPARE),)))
            continue
        shift = np.median([p.shifts[copy] for p in own], axis=0)
        middle = np.median([p.middle for p in own], axis=0)
        value = float(ciede2000(middle, middle + shift))
        detail = {key: round(float(v), 3) for key, v in zip(("dL", "da", "db"), shift, strict=True)}
        result.append(measure.observe(value, U_REPEAT, where, detail={**detail, "pages": len(own)}))
    return result
