"""Which of several copies stands apart, where it shows most, and how far, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from qc.flags import Flag
from qc.geometry import Box, Edge
from qc.judge.messages import ranges
from qc.measure.copy_color import CopyColorDetail, MostShifted, copy_color_difference, copy_color_outlier
from qc.measure.copy_position import copy_position_difference
from qc.model import Observation, Where
from qc.number_format import spoken

Pair = tuple[str, str]


@dataclass(frozen=True)
class Place:
    """Where `copy` differs most from `beside`: on the common page `page`, at an edge or in a box of its frame, in mm.

    `how` says it in words, such as ``"cut 4.4 mm (0.17 in) deeper"``.
    """

    copy: str
    beside: str
    page: int
    how: str
    edge: Edge | None = None
    box_mm: Box | None = None


@dataclass(frozen=True)
class Apart:
    """A copy that differs from the others, or from another one, by `value` ± `u` (k = 1); `sentence` has no period."""

    copy: str
    value: float
    u: float
    sentence: str
    place: Place | None = field(default=None, compare=False)


def odd_in_position(copies: Sequence[str], observations: Sequence[Observation], k: float) -> Apart | None:
    """The one copy of three or more whose cut lies farthest from the median of the copies.

    Parameters
    ----------
    copies : sequence of str
    observations : sequence of Observation
        `copy-position-difference`; those over all pages count. Edges cut by the bench do not.
    k : float
        Coverage factor of the policy.

    Returns
    -------
    Apart or None
        None where no copy is off by more than U = k·u, or another is off as far within U: then none stands apart.

    Notes
    -----
    It is held against the copy beside which it is known best, of the half that lies nearest to the median.
    """
    best: Apart | None = None
    for edge in Edge:
        pairs = _pairs(observations, edge)
        known = _all_measured(copies, pairs)
        if len(known) < 3:
            continue
        place = {c: 0.0 if c == known[0] else _of(pairs, known[0], c)[0] for c in known}
        middle = place[sorted(known, key=lambda c: place[c])[(len(known) - 1) // 2]]
        *usual, far = sorted(known, key=lambda c: abs(place[c] - middle))
        beside = min(usual[: len(known) // 2], key=lambda c: _of(pairs, c, far)[1])
        value, u = _of(pairs, beside, far)
        rest = max(abs(place[c] - place[beside]) for c in usual)
        if abs(value) - rest <= k * u or (best is not None and abs(value) <= abs(best.value)):
            continue
        sentence = f"{far} is the odd one in position: at the {edge} cut {_cut(value)} than {beside}"
        best = Apart(far, value, u, sentence, cut_place(far, beside, edge, observations, k))
    return best


def odd_in_color(observations: Sequence[Observation], k: float) -> Apart | None:
    """The one copy of three or more whose color lies farthest from the median of the copies, over all pages or, where
    none stands apart there, on some of them.

    Notes
    -----
    It must lead the second farthest by more than U = k·u, on single pages by more than twice that, as there are many.
    """
    measured = [o for o in observations if o.measure == copy_color_outlier.id and o.value is not None]
    overall = {str(o.where.copy): o for o in measured if o.where.page is None}
    first = _leader(list(overall.values()), k)
    if first is not None:
        most, where, how = first, "", f"{_dE00(first)} from the median, {direction(first)}"
        if page := CopyColorDetail.of(first).max_page:
            how += f", most on page {page}"
    else:
        pages: dict[int, list[Observation]] = {}
        for o in measured:
            if o.where.page is not None:
                pages.setdefault(o.where.page, []).append(o)
        leaders = [found for on_page in pages.values() if (found := _leader(on_page, 2 * k))]
        if not leaders:
            return None
        most = max(leaders, key=lambda o: o.value or 0.0)
        own = sorted({o.where.page or 0 for o in leaders if o.where.copy == most.where.copy})
        where = f" on page {own[0]}" if len(own) == 1 else f" on pages {ranges(own)}"
        how = f"up to {_dE00(most)}, {direction(most)}"
    copy = str(most.where.copy)
    place = _beside_a_usual_one(overall[copy], measured) if copy in overall else None
    sentence = f"{copy} is the odd one in color{where}: {how}"
    return Apart(copy, most.value or 0.0, most.u or 0.0, sentence, place)


def _beside_a_usual_one(odd: Observation, outliers: Sequence[Observation]) -> Place | None:
    """Where a copy differs most from the median, beside the copy that is nearest to it there."""
    page = CopyColorDetail.of(odd).max_page
    there = [o for o in outliers if page is not None and o.where.page == page and o.where.copy != odd.where.copy]
    if not there:
        return None
    usual = min(there, key=lambda o: o.value or 0.0)
    return _color_place(str(odd.where.copy), str(usual.where.copy), odd)


def _leader(outliers: Sequence[Observation], k: float) -> Observation | None:
    """The observation that leads the second largest of three or more by more than k·u."""
    ranked = sorted(outliers, key=lambda o: -(o.value or 0.0))
    if len(ranked) < 3:
        return None
    lead = (ranked[0].value or 0.0) - (ranked[1].value or 0.0)
    return ranked[0] if lead > k * (ranked[0].u or 0.0) else None


def direction(color: Observation) -> str:
    """The shift in L*a*b* of a copy or a pair in words, such as ``"darker, redder"``; the larger parts only."""
    shift = CopyColorDetail.of(color)
    parts = ((shift.dL, "lighter", "darker"), (shift.da, "redder", "greener"), (shift.db, "yellower", "bluer"))
    largest = max(abs(part) for part, _, _ in parts)
    said = [up if part > 0 else down for part, up, down in parts if abs(part) >= 0.5 * largest > 0]
    return ", ".join(said) or "no direction"


def pair_in_position(observations: Sequence[Observation], k: float) -> Apart | None:
    """The pair whose cuts differ most, said of its second copy; None where none differs by more than U = k·u."""
    cuts = [
        o
        for o in observations
        if o.measure == copy_position_difference.id and o.where.page is None and o.value is not None
        if Flag.BENCH_CUT not in o.flags and abs(o.value) > k * (o.u or 0.0)
    ]
    if not cuts:
        return None
    o = max(cuts, key=lambda o: abs(o.value or 0.0))
    a, b = o.where.copies or ("", "")
    value = o.value or 0.0
    sentence = f"{b} was cut {_cut(value)} than {a} at the {o.where.edge}"
    return Apart(b, value, o.u or 0.0, sentence, place_between(o.measure, o.where, observations, k))


def pair_in_color(observations: Sequence[Observation], k: float) -> Apart | None:
    """The pair whose colors differ most, said of its second copy; None where none differs by more than U = k·u."""
    colors = [
        o
        for o in observations
        if o.measure == copy_color_difference.id and o.where.page is None and o.value is not None
        if o.value > k * (o.u or 0.0)
    ]
    if not colors:
        return None
    o = max(colors, key=lambda o: o.value or 0.0)
    a, b = o.where.copies or ("", "")
    sentence = f"{b} differs in color from {a} by {_dE00(o)}, {direction(o)}"
    return Apart(b, o.value or 0.0, o.u or 0.0, sentence, place_between(o.measure, o.where, observations, k))


def place_between(measure: str, where: Where, observations: Sequence[Observation], k: float) -> Place | None:
    """Where two copies differ most in what a measure says of the pair over all pages; None where that is not known."""
    if where.copies is None:
        return None
    a, b = where.copies
    if measure == copy_position_difference.id and where.edge is not None:
        return cut_place(b, a, where.edge, observations, k)
    own = [o for o in observations if o.measure == measure == copy_color_difference.id and o.where == where]
    return _color_place(b, a, own[0]) if own else None


def cut_place(copy: str, beside: str, edge: Edge, observations: Sequence[Observation], k: float) -> Place | None:
    """The page on which two copies were cut farthest apart at an edge, beyond U = k·u as far as it is measured.

    Of the half of the pages that agree best with all of them: on another the two may show different things.
    """
    seen = [
        (o, (o.value or 0.0) * (1 if o.where.copies == (beside, copy) else -1))
        for o in observations
        if o.measure == copy_position_difference.id and o.where.page is not None and o.where.edge is edge
        if o.value is not None and {copy, beside} == set(o.where.copies or ())
    ]
    if not seen:
        return None
    usual = median(value for _, value in seen)
    alike = sorted(seen, key=lambda s: abs(s[1] - usual))[: (len(seen) + 1) // 2]
    o, value = max(alike, key=lambda s: abs(s[1]) - k * (s[0].u or 0.0))
    return Place(copy, beside, o.where.page or 0, f"cut {_cut(value)}", edge=edge)


def _color_place(copy: str, beside: str, color: Observation) -> Place | None:
    detail = CopyColorDetail.of(color)
    if detail.max_page is None or detail.max_region is None:
        return None
    region = MostShifted.read(detail.max_region)
    left, top, right, bottom = region.box_mm
    return Place(copy, beside, detail.max_page, region.place, box_mm=(left, top, right, bottom))


def _dE00(color: Observation) -> str:
    return spoken(color.value or 0.0, "dE00")


def _cut(value: float) -> str:
    return f"{spoken(value, 'mm')} {'further out' if value > 0 else 'deeper'}"


def _pairs(observations: Sequence[Observation], edge: Edge) -> dict[Pair, Observation]:
    return {
        (o.where.copies[0], o.where.copies[1]): o
        for o in observations
        if o.measure == copy_position_difference.id and o.where.page is None and o.where.edge is edge
        if o.where.copies and o.value is not None and Flag.BENCH_CUT not in o.flags
    }


def _all_measured(copies: Sequence[str], pairs: Mapping[Pair, Observation]) -> list[str]:
    """Copies of which each was held against each; those that lack most of the others are left out first."""
    known = list(copies)
    while known:
        lacking = {c: sum(c != o and not _difference(pairs, c, o) for o in known) for c in known}
        worst = max(known, key=lambda c: lacking[c])
        if not lacking[worst]:
            break
        known.remove(worst)
    return known


def _difference(pairs: Mapping[Pair, Observation], a: str, b: str) -> bool:
    return (a, b) in pairs or (b, a) in pairs


def _of(pairs: Mapping[Pair, Observation], a: str, b: str) -> tuple[float, float]:
    """How much further out `b` was cut than `a`, and u."""
    sign, o = (1, pairs[a, b]) if (a, b) in pairs else (-1, pairs[b, a])
    return sign * (o.value or 0.0), o.u or 0.0
