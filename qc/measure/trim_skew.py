"""Turn of the cut against the print: whether the block is square, and which pages were printed aslant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qc.flags import Flag
from qc.geometry import Edge, Side
from qc.measure.context.opposite_edges import surely_placed
from qc.measure.details import TrimOffsetDetail
from qc.measure.registry import measure
from qc.measure.words import Said
from qc.model import Observation, Where
from qc.stats import mad, mean_over_pages, students_factor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from qc.measure.context.copy_context import CopyContext

MIN_PAGES = 3
U_COMMON_DEG = 0.01
"""Smooth distortion of a scanner that no affine map follows: 0.02 mm over half a page."""
U_PAGE_DEG = 0.025
"""Turn of the registration on one page; chosen on drawn pages of seeds below 5000."""
FEW_PAGES = 20
TIMES_SPREAD = (8.0, 6.0)
"""Of the robust spread of the pages' turns, below and from `FEW_PAGES` pages on."""
LEAST_DEG = 0.3
MIN_PAGES_ASLANT = 6
AGREE_DEG = 0.2
"""Between edges of one page: its turn is one fact."""
_TURN = {Edge.FORE_EDGE: 1.0, Edge.HEAD: 1.0, Edge.TAIL: -1.0}
"""How the angles of the judged edges follow where the print of a page is turned as a whole."""


@dataclass(frozen=True)
class _Turn:
    """Turn of a page against its block by each of its edges, in degrees, and the offset and angle of the first."""

    page: int
    side: Side
    by_edge: NDArray[np.float64]
    shown: Observation
    angle: float

    @property
    def deg(self) -> float:
        return float(self.by_edge.mean())


@measure("trim-skew", "deg", "copy", 2, name="squareness of the cut", subject="cut", by_edge=True)
def trim_skew(offsets: Sequence[Observation], sides: Mapping[int, Side]) -> list[Observation]:
    """Angle of each cut against the print: of the block, over the pages, and of single pages printed aslant.

    Parameters
    ----------
    offsets : sequence of Observation
        `trim-offset` of the pages; `detail` holds the ends of the cut and of the trim line.
    sides : mapping of int to Side
        Of the scanned pages by position.

    Returns
    -------
    list of Observation
        One an edge of the block, in degrees, then one a page that is turned otherwise than the block, at one of its
        edges. > 0: the cut leaves more paper toward the fore-edge (head, tail) or toward the tail (spine, fore-edge);
        so rectos and versos of a block agree.

    Notes
    -----
    Print and cut are read in the same pixels, and the registration carries the scanner's shear, so a scanner that is not
    square does not show. `trim-offset` is averaged along the whole edge: a cut turned about its middle leaves it alone and
    shows only here. Where print is scaled otherwise along x than along y, its millimeters bend the angle of a turned cut,
    and those of a scan that was stretched do not: u covers both. A page printed aslant turns all four edges the same way;
    in the block its scatter enters u. It is named where at least two of head, tail and fore-edge show the same turn within
    0.2 degrees, beyond six times the spread of the pages (eight below 20 pages) and 0.3 degrees. A press that turns every
    page the same way as one looks at it turns rectos and versos oppositely against the block, where the mean would hide it:
    beyond 0.3 degrees the value of the block is that of the side that is turned more (`sides` in the detail has both). The
    turn of a page is taken from the median of its side, and where that median itself exceeds 0.3 degrees, the page nearest
    to it is named for its side. Never named are pages that nearly repeat themselves or are registered worse than 0.9.
    """
    result = []
    blocks: dict[Edge | None, float | None] = dict.fromkeys(Edge)
    for edge in Edge:
        here = [o for o in offsets if o.where.edge is edge and o.value is not None and o.where.page in sides]
        where = Where(edge=edge)
        if len(here) < MIN_PAGES:
            result.append(trim_skew.observe(None, where=where, flags=(Flag.FEW_PAGES,), detail={"pages": len(here)}))
            continue
        angles = np.array([_angle(o, sides[o.where.page or 0]) for o in here])
        recto = np.array([sides[o.where.page or 0] is Side.RECTO for o in here])
        value, u, spread = mean_over_pages(angles, np.zeros(len(angles)), U_COMMON_DEG)
        blocks[edge] = value
        detail: dict[str, Any] = {"pages": len(here), "spread": round(spread, 4)}
        if apart := _sides_apart(angles, recto):
            value, u, spread = apart.deg, apart.u, apart.spread
            medians = {"recto": round(apart.recto, 4), "verso": round(apart.verso, 4)}
            detail = {"pages": len(here), "spread": round(spread, 4), "sides": medians}
        u = float(np.hypot(u, value * max(abs(TrimOffsetDetail.of(o).anisotropy or 0.0) for o in here)))
        result.append(trim_skew.observe(value, u, where, detail=detail))
    return result + _aslant(_turns(offsets, sides, blocks))


@trim_skew.on_copy
def _of_copy(copy: CopyContext) -> list[Observation]:
    return trim_skew(copy.offsets, copy.facing) if copy.reference else []


@trim_skew.full_sentence
def _in_words(skew: Observation, said: Said) -> str:
    if skew.where.page:
        return f"The print{said.on_page} is turned {said.size} against the cut"
    return f"The cut at the {skew.where.edge} is turned {said.size} against the print"


@dataclass(frozen=True)
class _Apart:
    """Turn of the print of rectos and versos that a press turned the same way as one looks at it; `deg` is that of the side
    turned more, `u` its standard uncertainty."""

    recto: float
    verso: float
    deg: float
    u: float
    spread: float


def _sides_apart(angles: NDArray[np.float64], recto: NDArray[np.bool_]) -> _Apart | None:
    """The angles of each side where these differ far beyond the pages of a side; the mean of both would be nothing that any
    page shows."""
    if recto.all() or not recto.any():
        return None
    medians = [float(np.median(angles[side])) for side in (recto, ~recto)]
    rest = angles - np.where(recto, *medians)
    freedom = len(angles) - 2
    spread = mad(rest)
    if len(angles) < MIN_PAGES_ASLANT:
        spread = max(spread, float(np.sqrt((rest**2).sum() / freedom)))
    spread = max(spread, U_PAGE_DEG)
    half = abs(medians[0] - medians[1]) / 2
    if half < max(LEAST_DEG, TIMES_SPREAD[1] / 2 * spread):
        return None
    turned = int(abs(medians[1]) > abs(medians[0]))
    pages = int((recto if turned == 0 else ~recto).sum())
    u = float(np.hypot(spread * students_factor(freedom) / np.sqrt(pages), U_COMMON_DEG))
    return _Apart(medians[0], medians[1], medians[turned], u, spread)


def _turns(
    offsets: Sequence[Observation], sides: Mapping[int, Side], block: Mapping[Edge | None, float | None]
) -> list[_Turn]:
    """Turn of the print of each page on which at least two edges agree."""
    edges: dict[int, list[tuple[float, Observation, float]]] = {}
    for edge, sign in _TURN.items():
        mean = block[edge]
        for o in offsets:
            page = o.where.page
            if mean is None or o.where.edge is not edge or o.value is None or page is None or page not in sides:
                continue
            if surely_placed(o):
                angle = _angle(o, sides[page])
                edges.setdefault(page, []).append((sign * (angle - mean), o, angle))
    turns = [_Turn(page, sides[page], np.array([e[0] for e in here]), *here[0][1:]) for page, here in edges.items()]
    return sorted((t for t in turns if len(t.by_edge) > 1 and np.ptp(t.by_edge) < AGREE_DEG), key=lambda t: t.page)


def _aslant(turns: Sequence[_Turn]) -> list[Observation]:
    """Pages turned otherwise than their side of the block, and a page for each side that is turned as a whole."""
    away: list[tuple[float, _Turn]] = []
    named: list[tuple[float, _Turn]] = []
    for side in Side:
        here = [t for t in turns if t.side is side]
        if len(here) < MIN_PAGES:
            continue
        middle = float(np.median([t.deg for t in here]))
        from_side = [(t.deg - middle, t) for t in here]
        away += from_side
        if abs(middle) > LEAST_DEG:
            named.append(min(from_side, key=lambda a: abs(a[0])))
    if len(away) < MIN_PAGES_ASLANT:
        return []
    spread = mad([deg for deg, _ in away])
    limit = max(TIMES_SPREAD[len(away) >= FEW_PAGES] * max(spread, U_PAGE_DEG), LEAST_DEG)
    named += [(deg, t) for deg, t in away if abs(deg) > limit]
    return [_observed(deg, t, spread) for deg, t in sorted(named, key=lambda a: a[1].page)]


def _observed(from_side: float, turn: _Turn, spread: float) -> Observation:
    u = float(np.sqrt(U_COMMON_DEG**2 + U_PAGE_DEG**2 + (np.ptp(turn.by_edge) / 2) ** 2))
    detail = {"from_side": round(from_side, 4), "spread": round(spread, 4), "edges": len(turn.by_edge)}
    own = turn.shown
    return trim_skew.observe(turn.angle, u, own.where, detail=detail, evidence=own.evidence)


def _angle(offset: Observation, side: Side) -> float:
    """Degrees by which the cut opens toward the fore-edge or the tail."""
    detail = TrimOffsetDetail.of(offset)
    cut, trim = np.array(detail.cut_mm), np.array(detail.trim_mm)
    along, across = (0, 1) if offset.where.edge in (Edge.HEAD, Edge.TAIL) else (1, 0)
    # Toward smaller coordinates lies the outside of the left and the upper edge.
    outward = -1.0 if trim[:, across].mean() < 1.0 else 1.0
    run = cut[1, along] - cut[0, along]
    rise = outward * ((cut[1, across] - trim[1, across]) - (cut[0, across] - trim[0, across]))
    slope = float(np.rad2deg(np.arctan2(rise * np.sign(run), abs(run))))
    toward_spine = along == 0 and side is Side.VERSO
    return -slope if toward_spine else slope
