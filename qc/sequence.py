"""The pages of a copy against those of its reference: which are missing, doubled, out of place or turned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qc.match import in_order

Alike = Callable[[int, int], bool]
NEAR = 4
"""How far from a missing or doubled page a look-alike is searched for."""


@dataclass(frozen=True)
class Gap:
    """Reference pages that no scan shows; `position` is that of the next page there. `alike`: other pages beside them look
    the same, so that the gap may as well be elsewhere among these."""

    position: int
    pages: tuple[int, ...]
    alike: bool = False

    @property
    def leaf(self) -> bool:
        """Whether they are whole leaves: front and back of the sheets that a feeder draws in together."""
        return self.pages[0] % 2 == 1 and self.pages[-1] % 2 == 0 and len(self.pages) % 2 == 0


@dataclass(frozen=True)
class Alignment:
    """Positions are 1-based among the scanned pages. `doubled` maps the position of a page that was there before to the
    first one; `alike` are the doubled and misplaced ones that are not told from the pages beside them."""

    gaps: tuple[Gap, ...] = ()
    doubled: tuple[tuple[int, int], ...] = ()
    misplaced: tuple[int, ...] = ()
    alike: frozenset[int] = frozenset()


def align(places: Sequence[int | None], expected: Sequence[bool], alike: Alike) -> Alignment:
    """Hold the pages of a copy against its reference.

    Parameters
    ----------
    places : sequence of int or None
        Reference page (1-based) of each scanned page in reading order; None where it shows none.
    expected : sequence of bool
        For each reference page, whether its absence counts: a blank one may have been skipped by the scanner.
    alike : callable
        Whether two reference pages (1-based) cannot be told from each other.

    Returns
    -------
    Alignment

    Notes
    -----
    Pages on the longest rising sequence lie right, and the others are doubled or out of place; of two pages that changed
    places next to each other either one may be named. A page out of place is not missing where it belongs.
    """
    chain = in_order([[] if p is None else [(p, 1.0)] for p in places])
    first: dict[int, int] = {}
    for position, page in enumerate(places, 1):
        if page is not None:
            first.setdefault(page, position)
    doubled = tuple((i, first[p]) for i, p in enumerate(places, 1) if p is not None and first[p] != i)
    again = {i for i, _ in doubled} | {f for _, f in doubled}
    misplaced = tuple(
        i
        for i, (p, c) in enumerate(zip(places, chain, strict=True), 1)
        if p is not None and c is None and i not in again
    )
    unsure = frozenset(
        i for i in (*(d for d, _ in doubled), *misplaced) if _has_twin(places[i - 1], len(expected), alike)
    )
    return Alignment(_gaps(places, chain, expected, alike), doubled, misplaced, unsure)


def _has_twin(page: int | None, count: int, alike: Alike) -> bool:
    if page is None:
        return False
    near = range(max(page - NEAR, 1), min(page + NEAR, count) + 1)
    return any(alike(page, other) for other in near if other != page)


def _gaps(
    places: Sequence[int | None], chain: Sequence[int | None], expected: Sequence[bool], alike: Alike
) -> tuple[Gap, ...]:
    seen = {p for p in places if p is not None}
    positions = {c: i for i, c in enumerate(chain, 1) if c is not None}
    gaps: list[Gap] = []
    run: list[int] = []
    for page in range(1, len(expected) + 2):
        if page <= len(expected) and page not in seen:
            run.append(page)
            continue
        counted = tuple(p for p in run if expected[p - 1])
        if counted:
            after = next((positions[p] for p in range(page, len(expected) + 1) if p in positions), len(places) + 1)
            gaps.append(Gap(after, counted, any(_has_twin(p, len(expected), alike) for p in (run[0], run[-1]))))
        run = []
    return tuple(gaps)
