"""On which side of its leaf each scanned page lies, and on which side its spine is: assumed, proven, or in doubt.

Odd pages of the reference are rectos, as a book is made. Sides that were bound and not ordered, and pages of the file that are no
part of the block, turn that around from there on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from qc.geometry import Direction, Edge, Side, edge_names, other_side, side_of, spine_at_left
from qc.measure.context.designed_sides import spine_of_odd
from qc.measure.context.leaf_pairs import backs, uneven_edge
from qc.measure.context.opposite_edges import surely_placed
from qc.measure.context.page_sides import Sides
from qc.measure.details import TrimOffsetDetail
from qc.measure.trim_offset import trim_offset
from qc.model import BookCopy
from qc.reference.base import Reference, direction_of
from qc.register.page_result import PageResult

A_BOOK = 6
"""Pages that must be scanned before the first one of them tells where the block begins: staff scan single spreads, too."""
SHARED_MM = 1.0
"""Either edge of the pages after an extra side must lie nearer to the cut of the fore-edge before it than the other by this."""
FEW = 3
EXTRA_SIDE = "an odd number of sides that were not ordered lies before a page"
FROM_BACK = "the scans begin with an even page"


@dataclass(frozen=True)
class _Cuts:
    """Offsets at the left and the right of each page, by position."""

    left: Mapping[int, float]
    right: Mapping[int, float]
    u: float


def find_sides(
    copy: BookCopy, pages: Sequence[PageResult], numbers: Sequence[int | None], reference: Reference | None
) -> Sides:
    """Sides of the interior pages of a copy.

    Parameters
    ----------
    copy : BookCopy
    pages : sequence of PageResult
        In reading order.
    numbers : sequence of int or None
        The reference page that each shows.
    reference : Reference or None
        Without one, the side follows the position.

    Notes
    -----
    Against the usual sides speak an odd number of sides that the reference has no room for before a page, a block that begins
    on the back of a leaf, and a layout designed the other way round. What proves sides are the leaves themselves: `backs` and
    `uneven_edge`; they overrule the usual sides only together with something else that speaks against them.
    """
    direction = direction_of(copy, reference)
    usual = [side_of(n if n is not None else p.job.expected_page) for n, p in zip(numbers, pages, strict=True)]
    at_left = [spine_at_left(side, direction) for side in usual]
    if reference is None or copy.scan.bound:
        return Sides(tuple(usual), tuple(at_left))
    after = after_extra_side(numbers, [i for i, p in enumerate(pages, 1) if p.job.same_as is not None])
    cuts = _cuts(pages)
    found = _Found(list(usual), at_left)
    design: tuple[str, ...] = ()
    if not reference.direction_by and spine_of_odd(reference) is (direction is Direction.RTL):
        design = ("its pages were designed with the spine at the other side",)
    for extra in (False, True):
        group = [i for i, _ in enumerate(numbers, 1) if (i in after) is extra]
        known = {i: n for i in group if (n := numbers[i - 1]) is not None}
        if not known:
            continue
        shift = (EXTRA_SIDE,) if extra else _block_from_back(known)
        witness = _witness(cuts, known, at_left)
        beside = _Witness()
        if extra and witness == _Witness():
            before = [i for i, n in enumerate(numbers, 1) if n is not None and i not in after]
            beside = _by_the_block(cuts, before, list(known), found.at_left)
        if found.doubtful and beside.leaf is False:
            # Neither is proven, but they are not alike: offsets of one edge must not be taken together with those of the other.
            found.turn(group)
        elif not found.doubtful and beside != _Witness():
            witness = beside
        found.settle(group, witness, shift, design, reference.lopsided)
    return found.sides()


def after_extra_side(numbers: Sequence[int | None], repeats: Collection[int] = ()) -> frozenset[int]:
    """Positions (1-based) behind an odd number of sides for which the reference has no room.

    Parameters
    ----------
    numbers : sequence of int or None
        The reference page that each scan shows.
    repeats : collection of int
        Positions of scans that repeat another one: each is a side, or only a file too many, so that nothing is counted there.
    """
    before, at = 0, 0
    for position, number in enumerate(numbers, 1):
        if number is None:
            continue
        extra = (position - at - 1) - (number - before - 1)
        open_count = any(at < i < position for i in repeats)
        if number > before and position - at > 1 and extra > 0 and extra % 2 and not open_count:
            return frozenset(range(position, len(numbers) + 1))
        before, at = number, position
    return frozenset()


@dataclass(frozen=True)
class _Witness:
    """What the leaves say: whether odd pages are rectos, and whether the spine is where it is assumed; None: nothing."""

    leaf: bool | None = None
    spine: bool | None = None
    how: str = ""


@dataclass
class _Found:
    names: list[Side]
    at_left: list[bool]
    doubtful: set[int] = field(default_factory=set)
    against: list[str] = field(default_factory=list)
    proof: list[str] = field(default_factory=list)
    odd: set[Side] = field(default_factory=set)

    def settle(
        self, group: Sequence[int], witness: _Witness, shift: Sequence[str], design: Sequence[str], lopsided: bool
    ) -> None:
        """Take the sides of a group of positions for usual, turned, or doubtful."""
        leaf, spine = witness.leaf, witness.spine
        self.against += [a for a in (*shift, *design) if a not in self.against]
        told = spine if spine is not None else leaf
        if told is None:
            sure = not (shift or design)
        elif told:
            # Leaves are the same in either direction of reading.
            sure = leaf is not False and (spine is True or not design)
        else:
            # A file with bleed at three sides was read by the usual sides: its trim lines are then wrong, too.
            sure = leaf is not True and bool(shift) and not lopsided
        if not sure:
            self.doubtful.update(group)
            self.odd.update(Side)
            if told is False and not (shift or design):
                self.against.append("its leaves were cut as if their other sides belonged together")
            return
        if told is not None:
            self.proof.append(witness.how)
        self.odd.add(Side.VERSO if told is False else Side.RECTO)
        if told is False:
            self.turn(group)

    def turn(self, group: Sequence[int]) -> None:
        for i in group:
            self.names[i - 1] = other_side(self.names[i - 1])
            self.at_left[i - 1] = not self.at_left[i - 1]

    def sides(self) -> Sides:
        return Sides(
            tuple(self.names),
            tuple(self.at_left),
            frozenset(self.doubtful),
            tuple(self.against),
            " and ".join(dict.fromkeys(self.proof)),
            frozenset(self.odd) or frozenset({Side.RECTO}),
        )


def _block_from_back(known: Mapping[int, int]) -> tuple[str, ...]:
    """Why the block may begin with an even page: a whole run of scans does, and no scan shows the page before."""
    first = next(iter(known.values()))
    run = [n for n in known.values() if first <= n < first + A_BOOK]
    return (FROM_BACK,) if first % 2 == 0 and first - 1 not in known.values() and len(run) == A_BOOK else ()


def _cuts(pages: Sequence[PageResult]) -> _Cuts:
    sides: dict[Edge, dict[int, float]] = {Edge.SPINE: {}, Edge.FORE_EDGE: {}}
    us: list[float] = []
    for page in pages:
        if page.registration is None or page.trim is None or page.to_scan is None or page.error:
            continue
        place, scan = page.job.position, (page.job.scan.name, page.job.scan.frame)
        names = edge_names(Side.RECTO)
        offsets = trim_offset(page.lines, names, page.registration, page.trim, place, None, scan, page.to_scan)
        for o in offsets:
            if o.value is not None and o.where.edge in sides and surely_placed(o):
                sides[o.where.edge][place] = o.value
                detail = TrimOffsetDetail.of(o)
                us.append(float(np.hypot(detail.u_edge, detail.u_local)))
    return _Cuts(sides[Edge.SPINE], sides[Edge.FORE_EDGE], float(np.median(us)) if us else 0.0)


def _witness(cuts: _Cuts, known: Mapping[int, int], at_left: Sequence[bool]) -> _Witness:
    both = [i for i in known if i in cuts.left and i in cuts.right]
    side = backs({known[i]: cuts.left[i] + cuts.right[i] for i in both})
    spine, fore = ({i: _edge(cuts, i, at_left[i - 1] is left) for i in both} for left in (True, False))
    uneven = uneven_edge(spine, fore, cuts.u)
    how = "the widths of the leaves" if side else "the uneven cut at the spine" if uneven is not None else ""
    return _Witness(None if side is None else side is Side.RECTO, None if uneven is None else uneven == 0, how)


def _by_the_block(cuts: _Cuts, before: Sequence[int], after: Sequence[int], at_left: Sequence[bool]) -> _Witness:
    """Whether the pages after an extra side have their fore-edge where those before it have: the block is cut as one."""
    first = [i for i in before if i in cuts.left and i in cuts.right]
    then = [i for i in after if i in cuts.left and i in cuts.right]
    if min(len(first), len(then)) < FEW:
        return _Witness()
    block = float(np.median([_edge(cuts, i, not at_left[i - 1]) for i in first]))
    usual, turned = (
        abs(float(np.median([_edge(cuts, i, at_left[i - 1] is left) for i in then])) - block) for left in (False, True)
    )
    if abs(usual - turned) < SHARED_MM:
        return _Witness()
    return _Witness(usual < turned, usual < turned, "the cut of the block, which all leaves share")


def _edge(cuts: _Cuts, position: int, left: bool) -> float:
    return cuts.left[position] if left else cuts.right[position]
