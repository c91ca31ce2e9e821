"""The pages of a copy against those of its reference: which are missing, doubled, or out of place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from qc.geometry import Side, mate


@dataclass(frozen=True)
class Gap:
    """Reference pages that no scan shows; `position` is that of the next page there. `among` are the pages between which
    it is not told which these are, as they look the same or one that is not recognized stands there; else empty. `beside`
    says that a scan stands there of which nobody knows what page it is."""

    position: int
    pages: tuple[int, ...]
    among: tuple[int, ...] = ()
    beside: bool = False


@dataclass(frozen=True)
class Alignment:
    """Positions are 1-based among the scanned pages. `places` is the reference page of each, look-alikes told by their
    order; `doubled` maps the position of a page that was there before to the first one; `alike` are the positions of
    pages of which another one of the reference looks the same."""

    places: tuple[int | None, ...] = ()
    gaps: tuple[Gap, ...] = ()
    doubled: tuple[tuple[int, int], ...] = ()
    misplaced: tuple[int, ...] = ()
    alike: frozenset[int] = frozenset()

    def whole(self, gap: Gap, odd: Side) -> bool:
        """Whether a gap may be whole leaves where odd pages lie on that side; only such can be missing."""
        return not gap.beside and (bool(gap.among) or whole(gap.pages, self.places, odd))


def align(
    places: Sequence[int | None],
    expected: Sequence[bool],
    looks: Sequence[int] | None = None,
    unknown: Collection[int] = (),
    not_known: Collection[int] = (),
) -> Alignment:
    """Hold the pages of a copy against its reference.

    Parameters
    ----------
    places : sequence of int or None
        Reference page (1-based) of each scanned page in reading order; None where it shows none.
    expected : sequence of bool
        For each reference page, whether its absence counts: a blank one may have been skipped by the scanner.
    looks : sequence of int, optional
        For each reference page, the first page that looks the same; all differ by default.
    unknown : collection of int
        Positions (1-based) of pages with print that is not recognized: each may be one of the pages that it stands for.
    not_known : collection of int
        Positions of scans that may stand for any page, as a file that cannot be read or repeats another.

    Returns
    -------
    Alignment

    Notes
    -----
    Pages on the longest rising sequence lie right, and the others are doubled or out of place; of two stretches as long as
    each other that changed places either one may be named. A page out of place is not missing where it belongs. Pages that
    look the same are taken in the order in which they come: as many as there are of them, none is doubled or out of place.
    """
    looks = looks or list(range(1, len(expected) + 1))
    places = _in_turn(places, looks)
    chain = in_order([[] if p is None else [(p, 1.0)] for p in places])
    seen: dict[int, list[int]] = {}
    for position, page in enumerate(places, 1):
        if page is not None:
            seen.setdefault(page, []).append(position)
    own = _own(seen, chain)
    in_line = {own[p] for p in chain if p is not None}
    doubled = tuple((i, own[p]) for i, p in enumerate(places, 1) if p is not None and own[p] != i)
    misplaced = tuple(sorted(i for i in own.values() if i not in in_line))
    many = Counter(looks)
    alike = frozenset(i for i, p in enumerate(places, 1) if p is not None and many[looks[p - 1]] > 1)
    positions = {p: own[p] for p in chain if p is not None}
    found = [_left(g, positions, unknown, not_known) for g in _gaps(set(seen), positions, len(places), expected, looks)]
    gaps = tuple(g for g in found if g is not None)
    return Alignment(tuple(places), gaps, doubled, misplaced, alike)


def _own(seen: dict[int, list[int]], chain: Sequence[int | None]) -> dict[int, int]:
    """Position of each page: of several scans of it the first that lies in order, else the first."""
    chain = list(chain)
    own = {}
    for page in sorted(seen):
        first = seen[page][0]
        at = next((i for i in seen[page] if chain[i - 1] is not None), first)
        if at != first and all(p is None for p in chain[first - 1 : at - 1]):
            chain[first - 1], chain[at - 1] = page, None
            at = first
        own[page] = at
    return own


def _in_turn(places: Sequence[int | None], looks: Sequence[int]) -> list[int | None]:
    """Places, pages that look the same in rising order and one scan each, as far as there are scans and pages."""
    result = list(places)
    members: dict[int, list[int]] = {}
    for page, first in enumerate(looks, 1):
        members.setdefault(first, []).append(page)
    for group in (g for g in members.values() if len(g) > 1):
        scans = [(i, page) for i, page in enumerate(places) if page is not None and page in group]
        free, told = set(group), list[int]()
        for _, page in scans:
            told.append(_nearest(page, free))
            free.discard(told[-1])
        for (i, _), page in zip(scans, sorted(told), strict=True):
            result[i] = page
    return result


def _nearest(page: int, free: set[int]) -> int:
    return min(free, key=lambda other: (abs(other - page), other)) if free else page


def _gaps(
    seen: set[int], positions: dict[int, int], count: int, expected: Sequence[bool], looks: Sequence[int]
) -> tuple[Gap, ...]:
    after = count + 1
    next_there = {}
    for page in range(len(expected) + 1, 0, -1):
        after = positions.get(page, after)
        next_there[page] = after
    gaps: list[Gap] = []
    run: list[int] = []
    for page in range(1, len(expected) + 2):
        if page <= len(expected) and page not in seen:
            run.append(page)
            continue
        counted = tuple(p for p in run if expected[p - 1])
        if counted:
            gaps.append(Gap(next_there[page], counted, _among(run, looks)))
        run = []
    return tuple(gaps)


def _left(gap: Gap, positions: dict[int, int], unknown: Collection[int], not_known: Collection[int]) -> Gap | None:
    """A gap without as many pages as there are unrecognized ones in their place; None where none is left."""
    before = max((i for p, i in positions.items() if p < gap.pages[0]), default=0)
    there = sum(before < i < gap.position for i in unknown)
    beside = any(before < i < gap.position for i in not_known)
    if not there:
        return replace(gap, beside=beside)
    among = gap.among or gap.pages
    return Gap(gap.position, gap.pages[there:], among, beside) if there < len(gap.pages) else None


def _among(run: Sequence[int], looks: Sequence[int]) -> tuple[int, ...]:
    """The pages over which a run of missing ones may be moved without a change of what is seen; empty where it may not."""
    low, high = run[0], run[-1]
    while low > 1 and looks[low - 2] == looks[low - 2 + len(run)]:
        low -= 1
    while high < len(looks) and looks[high] == looks[high - len(run)]:
        high += 1
    return tuple(range(low, high + 1)) if (low, high) != (run[0], run[-1]) else ()


def whole(pages: Collection[int], seen: Collection[int | None], odd: Side) -> bool:
    """Whether pages that were not seen are whole leaves: of none of them the other side was seen."""
    return not any(mate(n, odd) in seen for n in pages)


def in_order(scores: Sequence[Sequence[tuple[int, float]]], skip_cost: float = 0.05) -> list[int | None]:
    """Best increasing assignment of scanned pages to reference pages.

    Parameters
    ----------
    scores : sequence of sequence of (int, float)
        For each scanned page, reference pages it matches with their scores; empty for a page that matches none.
    skip_cost : float
        Cost of a jump against the running difference between position and reference page, so that look-alike pages
        stay in step.

    Returns
    -------
    list of (int or None)
        Reference page of each scanned page; None where it fits none in order.

    Notes
    -----
    The cost grows with the number of options times the logarithm of the number of pages.
    """
    if not scores:
        return []
    pages = sorted({page for options in scores for page, _ in options})
    rank = {page: k for k, page in enumerate(pages, 1)}
    # Best chain that ends on a page of at most this rank, in a binary indexed tree; and the best that ends in step.
    tree: list[tuple[float, int]] = [(0.0, -1)] * (len(pages) + 1)
    in_step: dict[int, tuple[float, int, int]] = {}
    ends: list[tuple[int, int, int]] = []
    best_end = (0.0, -1)
    for i, options in enumerate(scores):
        found = []
        for page, score in options:
            total, back = score, -1
            k = rank[page] - 1
            while k > 0:
                if tree[k][1] >= 0 and tree[k][0] + score - skip_cost > total:
                    total, back = tree[k][0] + score - skip_cost, tree[k][1]
                k -= k & -k
            step = in_step.get(page - i)
            if step is not None and step[2] < page and step[0] + score > total:
                total, back = step[0] + score, step[1]
            found.append((page, total, back))
        for page, total, back in found:
            ends.append((i, page, back))
            at = len(ends) - 1
            if total > best_end[0]:
                best_end = total, at
            if page - i not in in_step or total > in_step[page - i][0]:
                in_step[page - i] = total, at, page
            k = rank[page]
            while k <= len(pages):
                if total > tree[k][0]:
                    tree[k] = total, at
                k += k & -k
    result: list[int | None] = [None] * len(scores)
    at = best_end[1]
    while at >= 0:
        i, page, at = ends[at]
        result[i] = page
    return result
