"""Copies of a title against each other: color of the print by page and over the pages, paper, and the one that is off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from qc.colorimetry import carries_print, ciede2000
from qc.features.tile_differences import COLORED, MIN_TILES, page_differences
from qc.flags import Flag
from qc.measure.context.copies_context import MIN_COPIES, CopiesContext, Pair
from qc.measure.registry import measure, part
from qc.measure.words import Said
from qc.model import Detail, Observation, Where

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from qc.features.color_tiles import ColorTiles, Lab
    from qc.measure.color_repeatability import Repeatability


U_EXPOSURE = 0.4
"""dE00: lamp and exposure of two scans move lightness by about 1 %, which is L* 0.4. Relative to paper on the same page it
drops out."""
U_LEAST = 0.3
"""dE00: what screen and register leave in a mean of magnitudes, up to 0.6 between two scans of one drawn print that lie
a pixel apart, does not shrink with the scanner's repeatability."""


@dataclass(frozen=True, kw_only=True)
class CopyColorDetail(Detail):
    """Of copies over the pages: medians of the tiles' differences and of signed shifts (`dh` in degrees; None where little is
    colored); the page that differs most (`max_region`: as `MostShifted`); how much the other copies differ among themselves, two
    scans of one page, and all pairs."""

    median: float = 0.0
    p95: float = 0.0
    dL: float = 0.0
    dC: float = 0.0
    dh: float | None
    da: float = 0.0
    db: float = 0.0
    shift: float | None
    pages: int = 0
    max: float = 0.0
    max_page: int | None
    max_region: Mapping[str, Any] | None
    colors: str | None = None
    population: float | None = None
    repeatability: float = 0.0
    repeatability_from: str = ""
    population_median: float | None = None
    population_max: float | None = None


@dataclass(frozen=True, kw_only=True)
class MostShifted(Detail):
    """The square of a page that differs most: its dE00, its box x0, y0, x1, y1 in page-frame mm, its place in words."""

    dE00: float = 0.0
    dL: float = 0.0
    dC: float = 0.0
    dh: float | None
    box_mm: Sequence[float] = (0.0, 0.0, 0.0, 0.0)
    place: str = ""


@measure("copy-color-difference", "dE00", "copies", 3, name="color difference", subject="copies")
def copy_color_difference(
    page: int, colors: Mapping[str, ColorTiles], flags: Mapping[Pair, str], repeatability: Repeatability
) -> list[Observation]:
    """Mean CIEDE2000 of the printed tiles of one page, each copy relative to its own paper, for each pair of copies.

    Parameters
    ----------
    page : int
        Position in the base copy, 1-based.
    colors : mapping of str to ColorTiles
        The copies that have this page, by id, on the same tiles, each relative to its paper; `paper` None says that it is
        relative to the scanner's white, as no page of any copy shows paper.
    flags : mapping of (str, str) to str
        Pairs that cannot be compared, and why: a flag, such as `different-scanners` or `gray-scan`.
    repeatability : Repeatability
        Of the scanner; it is u, unless it is below `U_LEAST`, or the RGB of the two scans does not mean the same.

    Returns
    -------
    list of Observation
        One a pair, ``where.copies = (a, b)``. `detail`: median and p95 of the tiles' differences; the median signed
        shifts dL, dC, dh, da, db (b minus a; dh in degrees), which name the direction and do not grow with noise, and
        `shift`, their CIEDE2000; `region`: the 14 mm square that differs most, with its own dE00, dL, dC, dh, its box in
        page-frame mm and its place in words.

    Notes
    -----
    Tiles of 3.6 mm average the halftone away in linear light. Comparable on the same scanner with the same settings, or
    where the scanners of both have a color profile (`colors` in the detail): what the two profiles are uncertain by is then
    in u. Else u is what two scans of one page differ by: that of the scanner profile, else 0.35 dE00, which is usual for
    a flatbed, and 0.3 at least; `repeatability_from` in the detail of the value over all pages says which. The mean of
    magnitudes is positive by construction: halftone and register leave 0.2 to 0.6 between copies that are alike.
    Dividing by the paper takes a difference of papers and of exposure out, but not what ink on another paper looks like.
    A page that shows no paper is divided by that of its copy, and 1 % of exposure is then in u; where no copy shows any, the
    flag `no-paper` says so. Fooled by a driver that adjusts color page by page, and by a copy cut more than 4 mm deeper
    than the other.
    """
    observations = []
    for a, b in combinations(colors, 2):
        where = Where(page=page, copies=(a, b))
        pair = colors[a], colors[b]
        usable = _usable(pair)
        printed = np.any([_prints(c) for c in pair], axis=0) & usable
        if (a, b) in flags or int(printed.sum()) < MIN_TILES:
            flag = flags.get((a, b), Flag.NOTHING_TO_COMPARE)
            observations.append(copy_color_difference.observe(None, where=where, flags=(flag,)))
            continue
        value, detail = page_differences(_lab(pair[0]), _lab(pair[1]), printed, usable, pair[0].to_mm)
        detail["colors"] = " and ".join(sorted({c.kind for c in pair}))
        u = _u(repeatability, pair, _apart(*pair))
        observations.append(copy_color_difference.observe(value, u, where, _doubts(pair), detail))
    return observations


@copy_color_difference.full_sentence
def _between_in_words(found: Observation, said: Said) -> str:
    return f"The color difference between {' and '.join(found.where.copies or ())}{said.on_page} is {said.size}"


@copy_color_difference.on_copies
def _between(copies: CopiesContext) -> list[Observation]:
    flags, repeatability = copies.incomparable, copies.repeatability
    pages = [o for n, colors in copies.each_page() for o in copy_color_difference(n, colors, flags, repeatability)]
    return [*pages, *copy_color_difference_over_pages(pages, copies.pairs, flags, repeatability)]


def copy_color_difference_over_pages(
    pages: Sequence[Observation], pairs: Sequence[Pair], flags: Mapping[Pair, str], repeatability: Repeatability
) -> list[Observation]:
    """Median of `copy_color_difference` over the pages printed in color, or over all where none is, for each pair.

    Returns
    -------
    list of Observation
        ``where.page`` None; u is the median, too: it does not shrink with pages. `detail`: medians over those pages; the page
        that differs most (`max`, `max_page`, `max_region`); `repeatability` of the scanner and where it comes from; and with
        three copies or more `population_median` and `population_max` of all pairs, which say how much these copies vary anyway.
    """
    result: list[Observation] = []
    for pair in pairs:
        measured = [o for o in pages if o.where.copies == pair and o.value is not None]
        where = Where(copies=pair)
        if not measured:
            flag = flags.get(pair, Flag.NOTHING_TO_COMPARE)
            result.append(copy_color_difference.observe(None, where=where, flags=(flag,)))
            continue
        value, u, doubts, detail = _over_pages(measured, repeatability)
        detail = replace(detail, colors=measured[0].detail["colors"])
        result.append(copy_color_difference.observe(value, u, where, doubts, detail))
    values = [o.value for o in result if o.value is not None]
    if len(values) < MIN_COPIES:
        return result
    population = {
        "population_median": round(float(np.median(values)), 3),
        "population_max": round(float(max(values)), 3),
    }
    return [o if o.value is None else replace(o, detail={**o.detail, **population}) for o in result]


@part("paper-difference")
def paper_between(
    pages: Mapping[str, Sequence[ColorTiles]],
    pairs: Sequence[Pair],
    flags: Mapping[Pair, str],
    repeatability: Repeatability,
) -> list[Observation]:
    """CIEDE2000 between the bare papers of each pair of copies, as scanned, apart from the print.

    Parameters
    ----------
    pages : mapping of str to sequence of ColorTiles
        The pages of each copy that show their paper; its paper is the median over them.

    Returns
    -------
    list of Observation
        `paper-difference` with ``where.copies = (a, b)``; `detail`: dL, da, db (b minus a).

    Notes
    -----
    A lamp that warms up and a driver that sets its own white move both papers' lightness: u joins the repeatability of
    the scanner and 1 % of exposure. A driver that whitens the background hides the difference.
    """
    result = []
    for a, b in pairs:
        where = Where(copies=(a, b))
        if (a, b) in flags or not pages[a] or not pages[b]:
            flag = flags.get((a, b), Flag.NO_PAPER)
            result.append(paper_between.observe(None, where=where, flags=(flag,)))
            continue
        first, second = (np.median([p.paper for p in pages[c] if p.paper is not None], axis=0) for c in (a, b))
        detail = dict(zip(("dL", "da", "db"), np.round(second - first, 3).tolist(), strict=True))
        u = float(np.linalg.norm([repeatability.value, U_EXPOSURE, _apart(pages[a][0], pages[b][0])]))
        result.append(paper_between.observe(float(ciede2000(first, second)), u, where, detail=detail))
    return result


@paper_between.on_copies
def _of_paper(copies: CopiesContext) -> list[Observation]:
    return paper_between(copies.bare, copies.pairs, copies.incomparable, copies.repeatability)


def copy_color_outlier_of_page(
    page: int, colors: Mapping[str, ColorTiles], repeatability: Repeatability
) -> list[Observation]:
    """`copy_color_outlier` on one page; nothing where fewer than three copies have it, or it carries too little print."""
    if len(colors) < MIN_COPIES:
        return []
    usable = _usable(colors.values())
    printed = (np.mean([_prints(c) for c in colors.values()], axis=0) >= 0.5) & usable
    if int(printed.sum()) < MIN_TILES:
        return []
    lab = {copy: _lab(c) for copy, c in colors.items()}
    middle = np.median(list(lab.values()), axis=0)
    result = []
    for copy, own in lab.items():
        value, detail = page_differences(middle, own, printed, usable, colors[copy].to_mm)
        apart = max(_apart(colors[copy], c) for c in colors.values())
        u = _u(repeatability, colors.values(), apart)
        result.append(
            copy_color_outlier.observe(value, u, Where(page=page, copy=copy), _doubts(colors.values()), detail)
        )
    return result


@measure(
    "copy-color-outlier",
    "dE00",
    "copies",
    3,
    name="color difference from the other copies",
    needs=("copy-color-difference",),
    subject="copies",
)
def copy_color_outlier(
    copies: Sequence[str],
    pages: Sequence[Observation],
    pairs: Sequence[Observation],
    flags: Mapping[str, str],
    repeatability: Repeatability,
) -> list[Observation]:
    """How far the color of each copy lies from the median of all copies, tile by tile.

    Parameters
    ----------
    copies : sequence of str
        Three or more ids.
    pages : sequence of Observation
        Those of `copy_color_outlier_of_page`.
    pairs : sequence of Observation
        `copy-color-difference` over all pages.
    flags : mapping of str to str
        Copies that cannot be compared with the others, and why.
    repeatability : Repeatability
        Of the scanner; u is this, or 0.3 if it is below.

    Returns
    -------
    list of Observation
        One a copy, ``where.copy``: the mean CIEDE2000 of its printed tiles against the median of the copies there, median
        over the pages printed in color, or over all where none is. `detail` as of `copy-color-difference`, signs: the
        copy minus the median; and `population`, the median difference of the other copies among themselves.

    Notes
    -----
    With three copies the median is one of them; with two of three off alike, the sound one looks odd. A fault on a few
    pages does not move the median over the pages: `max` and `max_page` show it. The mean of magnitudes leaves up to 0.3
    for copies that are alike.
    """

    result = []
    for copy in copies:
        own = [o for o in pages if o.where.copy == copy]
        where = Where(copy=copy)
        if copy in flags or not own:
            result.append(
                copy_color_outlier.observe(None, where=where, flags=(flags.get(copy, Flag.NOTHING_TO_COMPARE),))
            )
            continue
        value, u, doubts, detail = _over_pages(own, repeatability)
        others = [o.value for o in pairs if o.value is not None and copy not in (o.where.copies or ())]
        if others:
            detail = replace(detail, population=round(float(np.median(others)), 3))
        result.append(copy_color_outlier.observe(value, u, where, doubts, detail))
    return result


@copy_color_outlier.full_sentence
def _outlier_in_words(found: Observation, said: Said) -> str:
    return f"The color difference of {found.where.copy} from the other copies{said.on_page} is {said.size}"


@copy_color_outlier.on_copies
def _outliers(copies: CopiesContext) -> list[Observation]:
    pages: list[Observation] = []
    unlike, repeatability = copies.unlike, copies.repeatability
    for number, colors in copies.each_page():
        alike = {c: own for c, own in colors.items() if c not in unlike}
        pages += copy_color_outlier_of_page(number, alike, repeatability)
    if len(copies.colors) < MIN_COPIES:
        return []
    pairs = [o for o in copies.observed(copy_color_difference.id) if o.where.page is None]
    return [*pages, *copy_color_outlier([*copies.colors], pages, pairs, unlike, repeatability)]


def _lab(page: ColorTiles) -> Lab:
    return page.copy.astype(np.float64)


def _prints(page: ColorTiles) -> NDArray[np.bool_]:
    return carries_print(page.copy)


def _usable(pages: Iterable[ColorTiles]) -> NDArray[np.bool_]:
    return np.asarray(np.all([p.usable for p in pages], axis=0))


def _doubts(pages: Iterable[ColorTiles]) -> tuple[str, ...]:
    return (Flag.NO_PAPER,) if any(p.paper is None for p in pages) else ()


def _apart(first: ColorTiles, second: ColorTiles) -> float:
    """What is not known of one RGB against the other, dE00; 0 where they mean the same, which then drops out."""
    return 0.0 if first.meaning == second.meaning else float(np.hypot(first.u, second.u))


def _u(repeatability: Repeatability, pages: Iterable[ColorTiles], apart: float) -> float:
    own = all(p.paper is not None and not p.borrowed for p in pages)
    return float(np.linalg.norm([max(repeatability.value, U_LEAST), 0.0 if own else U_EXPOSURE, apart]))


def _over_pages(
    measured: Sequence[Observation], repeatability: Repeatability
) -> tuple[float, float, tuple[str, ...], CopyColorDetail]:
    """Median, u, flags and details of page observations, of those printed in color if there are any."""
    used = [o for o in measured if o.detail["chroma"] > COLORED] or list(measured)
    medians: dict[str, Any] = {}
    for key in ("median", "p95", "dL", "dC", "dh", "da", "db", "shift"):
        known = [o.detail[key] for o in used if o.detail[key] is not None]
        medians[key] = round(float(np.median(known)), 3) if known else None
    most = max(measured, key=lambda o: o.value or 0.0)
    detail = CopyColorDetail(
        **medians,
        pages=len(used),
        max=round(most.value or 0.0, 3),
        max_page=most.where.page,
        max_region=most.detail["region"],
        repeatability=repeatability.value,
        repeatability_from=repeatability.source,
    )
    flags = tuple(dict.fromkeys(f for o in used for f in o.flags))
    return float(np.median([o.value for o in used])), float(np.median([o.u for o in used])), flags, detail
