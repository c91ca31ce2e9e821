"""Which of several copies stands apart, and how far, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qc.flags import Flag
from qc.geometry import Edge
from qc.judge.messages import listed, ranges, reasons
from qc.judge.policy import Policy
from qc.measure.copy_color import CopyColorDetail, copy_color_difference, copy_color_outlier
from qc.measure.copy_position import copy_position_difference
from qc.model import FindingOutcome, Observation
from qc.number_format import spoken

Pair = tuple[str, str]


@dataclass(frozen=True)
class Odd:
    """A copy that differs from the others: in `what` ("position" or "color"), by `value` ± `u` (k = 1)."""

    copy: str
    what: str
    value: float
    u: float
    sentence: str


def odd_in_position(copies: Sequence[str], observations: Sequence[Observation], k: float) -> Odd | None:
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
    Odd or None
        None where no copy is off by more than U = k·u, or another is off as far within U: then none stands apart.
    """
    best: Odd | None = None
    for edge in Edge:
        pairs = _pairs(observations, edge)
        known = [c for c in copies if all(c == o or _difference(pairs, c, o) for o in copies)]
        if len(known) < 3:
            continue
        place = {c: 0.0 if c == known[0] else _of(pairs, known[0], c)[0] for c in known}
        middle = sorted(known, key=lambda c: place[c])[(len(known) - 1) // 2]
        far = sorted(known, key=lambda c: -abs(place[c] - place[middle]))
        value, u = _of(pairs, middle, far[0])
        rest = abs(place[far[1]] - place[middle])
        if abs(value) - rest <= k * u or (best is not None and abs(value) <= abs(best.value)):
            continue
        sentence = (
            f"{far[0]} is the odd one in position: at the {edge} it was cut {spoken(value, 'mm')} {_way(value)} than {middle}, "
            f"the others differ by {spoken(rest, 'mm')} at most"
        )
        best = Odd(far[0], "position", value, u, sentence)
    return best


def odd_in_color(observations: Sequence[Observation], k: float) -> Odd | None:
    """The one copy of three or more whose color lies farthest from the median of the copies, over all pages or, where
    none stands apart there, on some of them.

    Notes
    -----
    It must lead the second farthest by more than U = k·u, on single pages by more than twice that, as there are many.
    """
    measured = [o for o in observations if o.measure == copy_color_outlier.id and o.value is not None]
    first = _leader([o for o in measured if o.where.page is None], k)
    if first is not None:
        o, rest = first
        page = CopyColorDetail.of(o).max_page
        sentence = (
            f"{o.where.copy} is the odd one in color: {spoken(o.value or 0.0, 'dE00')} from the "
            f"median of the copies, {direction(o)}, most on page {page}; the others {rest:.0f} at most"
        )
        return Odd(str(o.where.copy), "color", o.value or 0.0, o.u or 0.0, sentence)
    pages: dict[int, list[Observation]] = {}
    for o in measured:
        if o.where.page is not None:
            pages.setdefault(o.where.page, []).append(o)
    leaders = [found[0] for on_page in pages.values() if (found := _leader(on_page, 2 * k))]
    if not leaders:
        return None
    most = max(leaders, key=lambda o: o.value or 0.0)
    own = sorted({o.where.page or 0 for o in leaders if o.where.copy == most.where.copy})
    where = f"page {own[0]}" if len(own) == 1 else f"pages {ranges(own)}"
    size = spoken(most.value or 0.0, "dE00")
    sentence = f"{most.where.copy} is the odd one in color on {where}: up to {size}, {direction(most)}"
    return Odd(str(most.where.copy), "color", most.value or 0.0, most.u or 0.0, sentence)


def _leader(outliers: Sequence[Observation], k: float) -> tuple[Observation, float] | None:
    """The observation that leads the second largest of three or more by more than k·u, and that second value."""
    ranked = sorted(outliers, key=lambda o: -(o.value or 0.0))
    if len(ranked) < 3:
        return None
    rest = ranked[1].value or 0.0
    return (ranked[0], rest) if (ranked[0].value or 0.0) - rest > k * (ranked[0].u or 0.0) else None


def direction(color: Observation) -> str:
    """The shift in L*a*b* of a copy or a pair in words, such as ``"darker, redder"``; the larger parts only."""
    shift = CopyColorDetail.of(color)
    parts = ((shift.dL, "lighter", "darker"), (shift.da, "redder", "greener"), (shift.db, "yellower", "bluer"))
    largest = max(abs(part) for part, _, _ in parts)
    said = [up if part > 0 else down for part, up, down in parts if abs(part) >= 0.5 * largest > 0]
    return ", ".join(said) or "no direction"


def pair_sentences(observations: Sequence[Observation], k: float) -> list[str]:
    """For the pair that differs most, how: in position if beyond U, and in color if beyond U."""
    said = []
    cuts = [
        o
        for o in observations
        if o.measure == copy_position_difference.id and o.where.page is None and o.value is not None
        if Flag.BENCH_CUT not in o.flags and abs(o.value) > k * (o.u or 0.0)
    ]
    if cuts:
        o = max(cuts, key=lambda o: abs(o.value or 0.0))
        a, b = o.where.copies or ("", "")
        size = spoken(o.value or 0.0, "mm")
        said.append(f"{b} was cut {size} {_way(o.value or 0.0)} than {a} at the {o.where.edge}")
    colors = [
        o
        for o in observations
        if o.measure == copy_color_difference.id and o.where.page is None and o.value is not None
        if o.value > k * (o.u or 0.0)
    ]
    if colors:
        o = max(colors, key=lambda o: o.value or 0.0)
        a, b = o.where.copies or ("", "")
        said.append(f"{b} differs in color from {a} by {spoken(o.value or 0.0, 'dE00')}, {direction(o)}")
    return said


def conclusion(
    copies: Sequence[str], observations: Sequence[Observation], outcomes: Sequence[FindingOutcome], policy: Policy
) -> str:
    """One sentence: which copy differs and in what, or that the copies agree; then what the policy says of it."""
    gaps = [
        f"{what} could not be compared ({flags})"
        for what, measure in (("position", copy_position_difference.id), ("color", copy_color_difference.id))
        if (flags := _unmeasured(observations, measure))
    ]
    if len(gaps) == 2:
        return f"{listed(copies)}: {'; '.join(gaps)}."
    said = _said(copies, observations, policy.k)
    if FindingOutcome.OUTSIDE in outcomes:
        judged = f"beyond what {policy.id} {policy.version} expects"
    elif FindingOutcome.UNDECIDED in outcomes:
        judged = f"not clearly within what {policy.id} {policy.version} expects"
    else:
        judged = f"within what {policy.id} {policy.version} expects"
    return f"{'; '.join([said, judged, *gaps])}."


def _said(copies: Sequence[str], observations: Sequence[Observation], k: float) -> str:
    odd = [o for o in (odd_in_position(copies, observations, k), odd_in_color(observations, k)) if o]
    if odd:
        return "; ".join(o.sentence for o in odd)
    pairs = pair_sentences(observations, k)
    if not pairs:
        return f"{listed(copies)} agree within the uncertainty of the measurement"
    if len(copies) > 2:
        return "; ".join(["no single copy stands apart", *pairs])
    return "; ".join([*pairs, "which of the two is off, two copies cannot say"])


def _unmeasured(observations: Sequence[Observation], measure: str) -> str:
    """The meanings of the flags, where nothing of `measure` was measured; else empty."""
    overall = [o for o in observations if o.measure == measure and o.where.page is None]
    overall = [o for o in overall if o.where.edge is not Edge.SPINE]
    if any(o.value is not None for o in overall):
        return ""
    return reasons(dict.fromkeys(f for o in overall for f in o.flags if f != Flag.FEW_PAGES) or (Flag.FEW_PAGES,))


def _way(value: float) -> str:
    return "further out" if value > 0 else "deeper"


def _pairs(observations: Sequence[Observation], edge: Edge) -> dict[Pair, Observation]:
    return {
        (o.where.copies[0], o.where.copies[1]): o
        for o in observations
        if o.measure == copy_position_difference.id and o.where.page is None and o.where.edge is edge
        if o.where.copies and o.value is not None and Flag.BENCH_CUT not in o.flags
    }


def _difference(pairs: Mapping[Pair, Observation], a: str, b: str) -> bool:
    return (a, b) in pairs or (b, a) in pairs


def _of(pairs: Mapping[Pair, Observation], a: str, b: str) -> tuple[float, float]:
    """How much further out `b` was cut than `a`, and u."""
    sign, o = (1, pairs[a, b]) if (a, b) in pairs else (-1, pairs[b, a])
    return sign * (o.value or 0.0), o.u or 0.0
