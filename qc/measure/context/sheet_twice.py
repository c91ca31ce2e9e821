"""A leaf that was seen twice: one sheet scanned again, or a second print of it bound in.

A sheet bears its print where the press and the knife have put it, against its cuts, for good. Scanned again it shows the
same four distances, across and down on both sides, to within the measuring; another sheet shows others, as far as print
jitters in this copy. Where that is too little to tell sheets apart, nothing is said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from qc.geometry import USUAL, Side, mates
from qc.measure.context.opposite_edges import OppositeEdges, opposite_edges, placements
from qc.measure.details import TrimOffsetDetail
from qc.model import Observation, PageRecord
from qc.register.alignment import Alignment
from qc.stats import huber_mean, mad

LOCAL_AGAIN = 0.5
"""Share of the local distortion that comes anew with each pass; the rest is the print's, and the scanner's own. Drawn sheets
scanned twice differ by 0.4 of what all of it would give, on a flatbed and by a feeder whose rows wobble."""
ONE_SHEET = 13.3
"""Chi-squared of the four differences that a sheet scanned again exceeds in 1 % of cases."""
PASSES = 0.05
"""Share of second prints that may pass for one sheet at this copy's jitter; where more would, nobody can tell."""
APART = 6.0
"""Distance, in u, from which both sides say that it is another sheet: far in the tails of any error that is known."""
MIN_OTHERS = 6
"""Other pages from which the jitter of a copy is known to a third."""
CLIP = 2.5
"""Deviations, in robust spreads, beyond which a page is misprinted and says nothing of the jitter."""
LEAVES_OF_DOUBT = 4
"""Leaves whose fronts and backs are believed to move together half as much as they seem to: chance does that to few."""
MOST_LEAVES = 0.5
"""Share of the leaves that no binder doubles: beyond it two copies lie in one folder."""
FEW_LEAVES = 3
DRAWN = 20_000


class SheetIdentity(StrEnum):
    """What a leaf seen again is."""

    SAME = "same sheet"
    OTHER = "second print"
    OPEN = "open"


@dataclass(frozen=True)
class Again:
    """A page seen again, with its leaf.

    Attributes
    ----------
    sheet : SheetIdentity
    both_sides : bool
        The other side of the leaf was seen again, too.
    differences : tuple of (mm, mm)
        Front or back across and down, then the other side: how far the print lies elsewhere on the sheet, with its standard
        uncertainty, without what both scans share. Empty where one of them is not known.
    chi2 : float or None
    passes : float or None
        Share of second prints that would pass for the same sheet at this copy's jitter.
    jitter_mm : tuple of float
        Of the print against the cut across and down, from the other pages of the copy; empty where too few tell.
    """

    sheet: SheetIdentity
    both_sides: bool
    differences: tuple[tuple[float, float], ...] = ()
    chi2: float | None = None
    passes: float | None = None
    jitter_mm: tuple[float, ...] = ()


def seen_again(
    alignment: Alignment,
    pages: Sequence[PageRecord],
    offsets: Sequence[Observation],
    bench_cut: bool,
    odd: Collection[Side] = USUAL,
) -> dict[int, Again]:
    """What each doubled page is, by its position (1-based).

    Parameters
    ----------
    alignment : Alignment
        Of the copy with its reference.
    pages : sequence of PageRecord
        By position.
    offsets : sequence of Observation
        `trim-offset` of the pages.
    bench_cut : bool
        The spine edge was cut by the bench, perhaps between two scans: the fore-edge alone tells the place across.
    odd : collection of Side
        On which sides odd pages may lie; where that is open, no page's other side is known.
    """
    offsets = [o if o.value is None else replace(o, u=_u_again(o)) for o in offsets]
    axes = {axis: {p.page: p for p in placements(offsets, axis, bench_cut)} for axis in ("x", "y")}
    rough = _roughness(offsets, bench_cut)
    captures: dict[int, list[int]] = {}
    for at, first in alignment.doubled:
        captures.setdefault(alignment.places[at - 1] or 0, [first]).append(at)
    later = {at for at, _ in alignment.doubled}
    once = {n: i for i, n in enumerate(alignment.places, 1) if n is not None and i not in later}
    found = {}
    for number, positions in captures.items():
        backs = mates(number, odd)
        other = captures.get(backs[0], []) if len(backs) == 1 else []
        for k, at in enumerate(positions[1:], 1):
            if k >= len(other):
                found[at] = Again(SheetIdentity.OPEN, both_sides=False)
                continue
            pairs = ((positions[0], at), (other[0], other[k]))
            differences = _differences(pairs, axes, pages, rough)
            jitter, together = _jitter(axes, {n: i for n, i in once.items() if n not in (number, *backs)})
            found[at] = _told(differences, jitter, together)
    return found


def _u_again(offset: Observation) -> float:
    """Standard uncertainty of an offset against what the same sheet gives in another pass; `u_system` is in it still."""
    d = TrimOffsetDetail.of(offset)
    own = d.u_edge**2 + d.u_registration**2 + (LOCAL_AGAIN * d.u_local) ** 2 + d.u_system**2
    return min(float(np.sqrt(own)), offset.u or 0.0) if d.u_local else offset.u or 0.0


def two_copies(alignment: Alignment, again: Mapping[int, Again]) -> bool:
    """Whether so many leaves are there in two prints that another copy of the title lies in the folder."""
    leaves = {(n + 1) // 2 for n in alignment.places if n is not None}
    second = {
        (n + 1) // 2 for i, a in again.items() if a.sheet is SheetIdentity.OTHER and (n := alignment.places[i - 1])
    }
    return len(second) >= FEW_LEAVES and len(second) > MOST_LEAVES * len(leaves)


def _differences(
    pairs: Sequence[tuple[int, int]],
    axes: Mapping[str, Mapping[int, OppositeEdges]],
    pages: Sequence[PageRecord],
    rough: Mapping[str, float],
) -> tuple[tuple[float, float], ...]:
    """Place of the print on the one scan less that on the other, with its u, across and down for each pair of scans."""
    result = []
    for one, other in pairs:
        for axis in ("x", "y"):
            a, b = axes[axis].get(one), axes[axis].get(other)
            if a is None or b is None:
                return ()
            u = rough[axis] * float(np.hypot(a.u_placement, b.u_placement))
            if not _lay_alike(pages[one - 1], pages[other - 1]):
                u = float(np.hypot(u, np.hypot(a.u_system, b.u_system)))
            result.append((a.placement - b.placement, u))
    return tuple(result)


def _lay_alike(one: PageRecord, other: PageRecord) -> bool:
    """Whether two scans were made the same way, so that what the shadows at the edges do is in both."""
    return one.upside_down == other.upside_down and one.dpi == other.dpi


def _roughness(offsets: Sequence[Observation], bench_cut: bool) -> dict[str, float]:
    """How many times larger than their u the errors of this scanner are along each axis, at least 1.

    The leaves of a block were cut as one, so that what their sizes scatter is error. Across, this is not known where the
    bench cut the spine.
    """
    result = {}
    for axis in ("x", "y"):
        sheets = [p for p in opposite_edges(offsets, axis) if p.sure]
        result[axis] = 1.0
        if len(sheets) >= MIN_OTHERS:
            spread = huber_mean(np.array([p.size for p in sheets]))[1]
            result[axis] = max(spread / float(np.median([p.u_size for p in sheets])), 1.0)
    return {"x": result["y"] if bench_cut else max(result.values()), "y": result["y"]}


def _jitter(
    axes: Mapping[str, Mapping[int, OppositeEdges]], positions: Mapping[int, int]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Standard deviation of the place of the print from sheet to sheet across and down, the measuring taken out, and how
    far fronts and backs move together (0 to 1); empty where too few pages tell.

    Notes
    -----
    Each side is taken about its own median: backs printed off the fronts as a whole are no jitter. A drift over the book is
    none either, as a second print was made beside the first: what neighbors differ by counts where it is less.
    """
    jitter, together = [], []
    for axis in ("x", "y"):
        by_page = {n: axes[axis][i] for n, i in sorted(positions.items()) if i in axes[axis]}
        if len(by_page) < MIN_OTHERS:
            return (), ()
        off: dict[int, float] = {}
        steps: list[float] = []
        for side in (0, 1):
            mine = {n: p.placement for n, p in by_page.items() if n % 2 == side}
            middle = float(np.median([*mine.values()])) if mine else 0.0
            off |= {n: v - middle for n, v in mine.items()}
            steps += list(np.diff([*mine.values()]) / np.sqrt(2))
        spread = min(_spread(list(off.values()), 2), _spread(steps, 0))
        noise = float(np.median([p.u_placement for p in by_page.values()]))
        jitter.append(float(np.sqrt(max(spread**2 - noise**2, 0.0))))
        limit = CLIP * max(spread, noise)
        leaves = [(off[n], off[n + 1]) for n in off if n % 2 and n + 1 in off]
        fronts, backs = np.clip(np.array(leaves).reshape(-1, 2).T, -limit, limit)
        power = float(np.sqrt((fronts @ fronts) * (backs @ backs)))
        share = len(leaves) / (len(leaves) + LEAVES_OF_DOUBT)
        together.append(share * abs(float(fronts @ backs)) / power if power else 0.0)
    return tuple(jitter), tuple(together)


def _spread(values: Sequence[float], lost: int) -> float:
    """Standard deviation about 0 of values of which a few are far off, with `lost` degrees of freedom."""
    size = np.abs(values)
    if len(size) <= lost:
        return 0.0
    limit = CLIP * mad(size)
    return float(np.sqrt((np.minimum(size, limit) ** 2).sum() / (len(size) - lost)))


def _told(
    differences: tuple[tuple[float, float], ...], jitter: tuple[float, ...], together: tuple[float, ...]
) -> Again:
    """What a leaf of which both sides were seen again is."""
    if not (differences and jitter):
        return Again(SheetIdentity.OPEN, True, differences)
    z = np.array([d / u for d, u in differences])
    chi2 = float(z @ z)
    passes = _passes([u for _, u in differences], jitter, together)
    sheet = SheetIdentity.OPEN
    if min(np.hypot(*z[:2]), np.hypot(*z[2:])) > APART:
        sheet = SheetIdentity.OTHER
    elif chi2 <= ONE_SHEET and passes < PASSES:
        sheet = SheetIdentity.SAME
    return Again(sheet, True, differences, chi2, passes, jitter)


def _passes(u_mm: Sequence[float], jitter: Sequence[float], together: Sequence[float]) -> float:
    """Share of second prints whose four differences would pass for those of one sheet.

    The measuring is left out, which makes it the larger: second prints differ by at least what the print jitters.
    """
    z: NDArray[np.float64] = np.random.default_rng(0).standard_normal((4, DRAWN))
    chi2 = np.zeros(DRAWN)
    for k, (sd, r) in enumerate(zip(jitter, together, strict=True)):
        front = z[k]
        back = r * front + np.sqrt(1 - r**2) * z[k + 2]
        chi2 += 2 * sd**2 * (front**2 / u_mm[k] ** 2 + back**2 / u_mm[k + 2] ** 2)
    return float((chi2 <= ONE_SHEET).mean())
