"""Trim offsets drawn: a page with its four cuts, and each edge over the pages; geometry only, the template draws it."""

from __future__ import annotations

from dataclasses import dataclass

from qc.geometry import Edge
from qc.judge.ranking import by_gravity
from qc.measure.trim_offset import trim_offset
from qc.measure.trim_offset_block import trim_offset_block
from qc.model import Finding, FindingOutcome, Inspection, Observation
from qc.report.bullet_graph import limit_of
from qc.units import parse_trim

DRAWING = (360.0, 330.0)
PANEL = (300.0, 120.0)
_ROOM = (124.0, 190.0)
_PAD = 10.0


@dataclass(frozen=True)
class Cut:
    """One edge of the drawing: where the trim line and the (exaggerated) cut lie, and what is said of it."""

    edge: Edge
    trim: float
    at: float
    value: float
    u: float | None
    outcome: FindingOutcome
    limit: str


@dataclass(frozen=True)
class PageDrawing:
    """A recto, spine at the left, in a drawing of size `DRAWING`; offsets are `times` too large beside the page."""

    left: float
    top: float
    width: float
    height: float
    times: int
    band: float
    cuts: tuple[Cut, ...]


@dataclass(frozen=True)
class Point:
    """A value in a panel: its center and the ends of its bar ± U."""

    page: int
    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Panel:
    """One edge over the pages in a drawing of size `PANEL`; `missing` are the x of pages without a value."""

    edge: Edge
    points: tuple[Point, ...]
    missing: tuple[float, ...]
    zero: float
    band: tuple[float, float] | None
    block: float | None
    block_text: tuple[float, float | None] | None
    limit_mm: float | None
    span_mm: float
    first: int
    last: int


def page_drawing(inspection: Inspection) -> PageDrawing | None:
    """The block's offsets at the four edges, or None where no edge was measured."""
    judged = _block_findings(inspection)
    measured = _block(inspection)
    values: dict[Edge, tuple[float, float | None, FindingOutcome, str]] = {}
    for edge in Edge:
        f, o = judged.get(edge), measured.get(edge)
        if f and f.value is not None:
            outcome = FindingOutcome.NOT_JUDGED if f.severity == "note" else f.outcome
            values[edge] = (f.value, f.u, outcome, _said(f))
        elif o and o.value is not None:
            values[edge] = (o.value, o.u, FindingOutcome.NOT_JUDGED, "")
    if not values:
        return None
    width_mm, height_mm = _trim_size(inspection)
    scale = min(_ROOM[0] / width_mm, _ROOM[1] / height_mm)
    limit = next((m for f in judged.values() if (m := _limit_mm(f))), 0.0)
    largest = max([limit, *(abs(v[0]) for v in values.values())]) or 1.0
    times = max((n for n in (1, 2, 5, 10, 20, 50, 100) if n * scale * largest <= 20), default=1)
    width, height = width_mm * scale, height_mm * scale
    left, top = (DRAWING[0] - width) / 2, (DRAWING[1] - height) / 2
    lines = {
        Edge.SPINE: (left, -1),
        Edge.FORE_EDGE: (left + width, 1),
        Edge.HEAD: (top, -1),
        Edge.TAIL: (top + height, 1),
    }
    cuts = tuple(
        Cut(edge, lines[edge][0], lines[edge][0] + lines[edge][1] * value * times * scale, value, u, outcome, text)
        for edge, (value, u, outcome, text) in values.items()
    )
    return PageDrawing(left, top, width, height, times, limit * times * scale, cuts)


def panels(inspection: Inspection, k: float) -> tuple[Panel, ...]:
    """Each edge that was measured on a page, all to the same scale, so that jitter and drift can be compared."""
    observed = [o for o in inspection.observations if o.measure == trim_offset.id and o.where.page and o.where.edge]
    reached = [abs(o.value) + k * (o.u or 0) for o in observed if o.value is not None]
    if not reached:
        return ()
    judged, block = _block_findings(inspection), _block(inspection)
    limits = [m for f in judged.values() if (m := _limit_mm(f))]
    span = 1.12 * max([*reached, *limits])
    numbers = [o.where.page or 0 for o in observed]
    first, last = min(numbers), max(numbers)

    def x(page: int) -> float:
        return _PAD + (page - first + 0.5) / (last - first + 1) * (PANEL[0] - 2 * _PAD)

    def y(mm: float) -> float:
        return PANEL[1] / 2 * (1 - mm / span)

    made = []
    for edge in (Edge.HEAD, Edge.FORE_EDGE, Edge.TAIL, Edge.SPINE):
        of_edge = [o for o in observed if o.where.edge == edge]
        points = tuple(
            Point(o.where.page or 0, x(o.where.page or 0), y(o.value), y(o.value - half), y(o.value + half))
            for o in of_edge
            if o.value is not None
            for half in [k * (o.u or 0.0)]
        )
        if not points:
            continue
        finding = judged.get(edge)
        limit = _limit_mm(finding) if finding and _said(finding) else None
        b = block.get(edge)
        known = b is not None and b.value is not None
        made.append(
            Panel(
                edge=edge,
                points=points,
                missing=tuple(x(o.where.page or 0) for o in of_edge if o.value is None),
                zero=y(0),
                band=(y(limit), y(-limit)) if limit else None,
                block=y(b.value) if b and b.value is not None else None,
                block_text=(b.value, b.u) if known and b and b.value is not None else None,
                limit_mm=limit,
                span_mm=span,
                first=first,
                last=last,
            )
        )
    return tuple(made)


def _block_findings(inspection: Inspection) -> dict[Edge, Finding]:
    """By edge; where several rules judge an edge, the gravest finding."""
    found: dict[Edge, Finding] = {}
    for f in by_gravity(inspection.findings):
        if f.measure == trim_offset_block.id and f.where.edge:
            found.setdefault(f.where.edge, f)
    return found


def _block(inspection: Inspection) -> dict[Edge, Observation]:
    return {o.where.edge: o for o in inspection.observations if o.measure == trim_offset_block.id and o.where.edge}


def _said(f: Finding) -> str:
    """The limit that explains the outcome; nothing where the printer's limit does not bind, as on a bench cut."""
    if f.outcome is FindingOutcome.NOT_JUDGED or f.severity == "note":
        return ""
    return f.outside if f.outcome is FindingOutcome.OUTSIDE else f.within


def _limit_mm(finding: Finding) -> float | None:
    limit = limit_of(finding.outside) or limit_of(finding.within)
    return abs(limit.value) if limit else None


def _trim_size(inspection: Inspection) -> tuple[float, float]:
    """Only the proportions of the drawing depend on it."""
    try:
        return parse_trim(inspection.copy.reference.trim or "6 x 9 in")
    except ValueError:
        return parse_trim("6 x 9 in")
