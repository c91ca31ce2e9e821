"""The cover as it sits on its book, drawn to scale: its cuts and folds against those of the design; the template draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qc.geometry import Box, Edge
from qc.judge.ranking import by_gravity
from qc.measure.cover_fold import cover_fold_offset
from qc.measure.cover_trim_offset import cover_trim_offset
from qc.measure.details import TrimOffsetDetail
from qc.measure.spine_text_clearance import spine_text_clearance
from qc.model import Finding, FindingOutcome, Inspection, Observation
from qc.reference.wrap import Panel, Wrap
from qc.report.evidence_overlay import Line, Point

_LETTER = 0.034
"""Height of letters, in widths of the wrap: they are read on a phone, too."""
_MARGIN = (5.6, 2.4)
"""For what is said at the left and right of the wrap, and above and below, in letters."""


@dataclass(frozen=True)
class Mark:
    """A cut or fold of the copy: its line, what it is, by how much it is off, and where that is said."""

    line: Line
    side: str
    name: str
    offset_mm: float
    outcome: FindingOutcome
    said_at: Point
    anchor: str


@dataclass(frozen=True)
class WrapDrawing:
    """A wrap in a drawing `width` by `height`, in mm, with letters of that height.

    Boxes are x, y, width, height: `flat` and `spine` as designed, `lettering` between what the design leaves at both folds.
    `panels` are the names of back and front, and where these stand.
    """

    width: float
    height: float
    letter: float
    flat: Box
    spine: Box
    panels: tuple[tuple[str, Point], ...]
    marks: tuple[Mark, ...]
    lettering: Box | None


def wrap_drawing(inspection: Inspection, wrap: Wrap) -> WrapDrawing | None:
    """The wrap with every cut and fold that was measured; None where none was."""
    x0, y0, x1, y1 = wrap.trim
    letter = _LETTER * (x1 - x0)
    margin_x, margin_y = (m * letter for m in _MARGIN)
    dx, dy = margin_x - x0, margin_y - y0
    measured = (cover_trim_offset.id, cover_fold_offset.id)
    found = [o for o in inspection.observations if o.measure in measured and o.value is not None]
    marks = []
    for observation in found:
        side, edge, lines = observation.where.side, observation.where.edge, TrimOffsetDetail.of(observation)
        if side is None or lines.cut_mm is None:
            continue
        box, way = wrap.panel(Panel(side)), wrap.toward_spine(Panel(side))
        at = [(p[0] + box[0] + dx, p[1] + box[1] + dy) for p in lines.cut_mm]
        panel = (box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy)
        name = str(edge) if edge is not None else "fold"
        inward = max(0.0, -(observation.value or 0.0))
        place = _said_at(edge, panel, way, letter, inward)
        marks.append(
            Mark((at[0], at[1]), side, name, observation.value or 0.0, _outcome(inspection, observation), *place)
        )
    if not marks:
        return None
    fold0, fold1 = wrap.spine[0] + dx, wrap.spine[2] + dx
    names = tuple(
        (str(panel), ((wrap.panel(panel)[0] + wrap.panel(panel)[2]) / 2 + dx, y0 + dy + (y1 - y0) * 0.25))
        for panel in Panel
    )
    return WrapDrawing(
        x1 - x0 + 2 * margin_x,
        y1 - y0 + 2 * margin_y,
        letter,
        (x0 + dx, y0 + dy, x1 - x0, y1 - y0),
        (fold0, y0 + dy, fold1 - fold0, y1 - y0),
        names,
        tuple(marks),
        _lettering(inspection.observations, wrap, (fold0, y0 + dy, fold1, y1 + dy)),
    )


def _said_at(edge: Edge | None, panel: Box, way: int, letter: float, inward_mm: float) -> tuple[Point, str]:
    """Where a mark is named: beside the wrap, that of a fold on its panel, clear of a fold that lies there."""
    x0, y0, x1, y1 = panel
    middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
    if edge is Edge.HEAD:
        return (middle_x, y0 - letter), "middle"
    if edge is Edge.TAIL:
        return (middle_x, y1 + 1.7 * letter), "middle"
    if edge is Edge.FORE_EDGE:
        return ((x0 - letter, middle_y), "end") if way > 0 else ((x1 + letter, middle_y), "start")
    clear = 0.7 * letter + inward_mm
    return ((x1 - clear, middle_y), "end") if way > 0 else ((x0 + clear, middle_y), "start")


def _outcome(inspection: Inspection, observation: Observation) -> FindingOutcome:
    """That of the gravest finding on it, notes aside."""
    own: Sequence[Finding] = [
        f
        for f in inspection.findings
        if f.measure == observation.measure and f.where == observation.where and f.severity == "defect"
    ]
    return by_gravity(own)[0].outcome if own else FindingOutcome.NOT_JUDGED


def _lettering(observations: Sequence[Observation], wrap: Wrap, spine: Box) -> Box | None:
    """Where the design has lettering on the spine, as far as known: between what it leaves at both folds."""
    room = next((o.detail for o in observations if o.measure == spine_text_clearance.id), {})
    front, back = room.get("design_front_mm"), room.get("design_back_mm")
    if front is None or back is None or front + back >= wrap.spine_mm:
        return None
    left, right = (back, front) if wrap.toward_spine(Panel.BACK) > 0 else (front, back)
    x0, y0, x1, y1 = spine
    inset = 0.08 * (y1 - y0)
    return x0 + left, y0 + inset, x1 - right - x0 - left, y1 - y0 - 2 * inset
