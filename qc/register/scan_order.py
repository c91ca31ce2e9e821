"""In which order a feeder or an operator scanned the leaves: found from what the pages show, before any fault is claimed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

FEW = 4
"""Pages that must be known before another order than that of the names is considered."""
EXPLAINED = 0.8
"""Share of the known pages that an order must explain."""
TORN = 0.1
"""Share of the leaves whose front and back may be of different leaves."""

_FAR = 1_000_000
AS_SCANNED = "as scanned"
REVERSED = "the whole stack reversed"


def _verso(page: int) -> int:
    return 1 - page % 2


def _two_passes(first_verso: int, fronts: int, backs: int) -> Callable[[int], int]:
    def key(page: int) -> int:
        way = backs if _verso(page) else fronts
        return _FAR * (_verso(page) ^ first_verso) + way * page

    return key


ORDERS: dict[str, Callable[[int], int]] = {
    AS_SCANNED: lambda page: page,
    REVERSED: lambda page: -page,
    "the leaves reversed, fronts before backs": lambda page: -2 * ((page + 1) // 2) + _verso(page),
    "the back of each leaf before its front": lambda page: page - 1 if _verso(page) else page + 1,
    "all fronts, then all backs": _two_passes(0, 1, 1),
    "all fronts, then all backs in reverse": _two_passes(0, 1, -1),
    "all fronts in reverse, then all backs": _two_passes(0, -1, 1),
    "all fronts in reverse, then all backs in reverse": _two_passes(0, -1, -1),
    "all backs, then all fronts": _two_passes(1, 1, 1),
    "all backs, then all fronts in reverse": _two_passes(1, -1, 1),
    "all backs in reverse, then all fronts": _two_passes(1, 1, -1),
    "all backs in reverse, then all fronts in reverse": _two_passes(1, -1, -1),
}


def longest_rise(values: Sequence[int]) -> int:
    """Length of the longest strictly increasing subsequence."""
    ends: list[int] = []
    for value in values:
        at = bisect_left(ends, value)
        ends[at : at + 1] = [value]
    return len(ends)


def find_order(places: Sequence[int | None], seen: Sequence[int | None] = (), looks: Sequence[int] = ()) -> str:
    """Which of the orders that scanners produce explains the pages best.

    Parameters
    ----------
    places : sequence of int or None
        Reference page (1-based, odd = front) of each scan in the order of the names; None where it is not known.
    seen, looks : sequence of int, optional
        Look of each scan and of each reference page, for a title of which most pages look alike.

    Returns
    -------
    str
        In words; `AS_SCANNED` unless another order explains at least 80 % of the known pages and two more of them than
        the order of the names does (one more, where it explains all). Where none does, the order that puts every scan of a
        whole copy on a page of its look.

    Notes
    -----
    Single pages that are missing, doubled or out of place cost one page each and hide no order. Fewer than four known
    pages say nothing. Blank and look-alike pages must be None: they would be put wherever they fit.
    """
    known = [p for p in places if p is not None]
    explained = {name: longest_rise([key(p) for p in known]) for name, key in ORDERS.items()}
    best = max(explained, key=lambda name: explained[name])
    gain = explained[best] - explained[AS_SCANNED]
    enough = 1 if explained[best] == len(known) else 2
    if len(known) >= FEW and explained[best] >= EXPLAINED * len(known) and gain >= enough:
        return best
    return _order_of_whole(seen, looks)


def _order_of_whole(seen: Sequence[int | None], looks: Sequence[int]) -> str:
    """The order that puts every scan of a whole copy on a page of its look; `AS_SCANNED` if that fits, too, if none fits, if
    fewer than half of the looks are known, or if there are not as many scans as pages."""
    if len(seen) != len(looks) or 2 * sum(s is not None for s in seen) < len(seen):
        return AS_SCANNED

    def fits(order: str) -> bool:
        stack = sorted(range(len(looks)), key=lambda k: ORDERS[order](k + 1))
        return all(s is None or s == looks[k] for s, k in zip(seen, stack, strict=True))

    return next((order for order in ORDERS if fits(order)), AS_SCANNED)


def reading_order(places: Sequence[int | None], order: str) -> list[int]:
    """Indices of the scans as the pages follow each other in the book.

    Parameters
    ----------
    places : sequence of int or None
        As in `find_order`.
    order : str
        From `find_order`.

    Notes
    -----
    The order is undone scan by scan, so that a leaf bound in the wrong place stays where it was. Where front and back do
    not come together so, as after a leaf that one of two passes lost, the pages are put by their numbers instead: a leaf
    out of place then goes unseen.
    """
    if order == AS_SCANNED:
        return list(range(len(places)))
    stack = sorted(range(1, len(places) + 1), key=ORDERS[order])
    as_fed = sorted(range(len(places)), key=lambda i: stack[i])
    if order == REVERSED or _leaves_come_together([places[i] for i in as_fed]):
        return as_fed
    filled = _filled(places, order)
    return sorted(range(len(places)), key=lambda i: (filled[i], i))


def _leaves_come_together(places: Sequence[int | None]) -> bool:
    """Whether scans in reading order are front and back of one leaf after the other, but for a few."""
    leaves = [(a, b) for a, b in zip(places[::2], places[1::2], strict=False) if a is not None and b is not None]
    torn = sum(a % 2 == 0 or b != a + 1 for a, b in leaves)
    return torn == 0 or (len(places) % 2 == 0 and torn <= TORN * len(leaves))


def _filled(places: Sequence[int | None], order: str) -> list[int]:
    """Places with the unknown ones counted on from the nearest known one, as the order goes on from page to page."""
    known = {i: p for i, p in enumerate(places) if p is not None}
    beyond = len(places)
    scanned = sorted(range(1 - beyond, max(known.values()) + beyond + 1), key=ORDERS[order])
    at = {page: k for k, page in enumerate(scanned)}
    result: list[int] = []
    for i, place in enumerate(places):
        if place is None:
            near = min(known, key=lambda k: (abs(k - i), k))
            index = at[known[near]] + i - near
            place = scanned[min(max(index, 0), len(scanned) - 1)]
        result.append(place)
    return result
