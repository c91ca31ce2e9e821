"""What is shown of a finding on the cover, beside the ordered one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qc.geometry import Affine, Box, Edge, Size
from qc.measure.cover_fold import cover_fold_offset, spine_centering, spine_width
from qc.measure.cover_identity import cover_upside_down
from qc.measure.cover_skew import cover_skew
from qc.measure.cover_trim_offset import cover_trim_offset
from qc.measure.details import Line, TrimOffsetDetail
from qc.measure.spine_text_clearance import spine_text_clearance
from qc.model import Finding, Inspection, PageRecord, Role
from qc.reference.cover import PANELS, CoverReference
from qc.reference.wrap import Panel
from qc.report.views import (
    ASPECT,
    LEAST_HEIGHT_MM,
    LOOK_DPI,
    FoldMark,
    Marks,
    NearestPrint,
    Part,
    Sight,
    across,
    page_of,
    view_of_cut,
    whole_scan,
)
from qc.scan.scan_reader import ScanReader
from qc.units import px_per_mm

INSIDE_MM, BEYOND_MM = 14.0, 8.0
"""Shown of a panel at its fold, and beyond it: more than any shift, and a hinge that is scored 6 to 8 mm inside."""
BESIDE_SPINE_MM, SPINE_ASPECT, RULER = 5.0, 5.0, 0.025
"""Shown beside a spine on its side, how long that is against its width, and the share of its length that is left for the ruler."""
SPINE_INSET = 0.15
"""Of the width of a spine, at either fold: what lies beyond shows there at a coarse resolution."""
AT_FOLD_MM = 3.5
"""To either side of a fold: what shows there shows a shift that a policy judges."""
NEARLY_MOST = 0.98
"""Of what a stretch shows, others show as much: the middle one of them has it in its middle."""
_NUMBERS = {panel: number for number, panel in PANELS.items()}
_AT_FOLDS = frozenset(m.id for m in (cover_fold_offset, spine_centering, spine_width))


@dataclass(frozen=True)
class _Edge:
    """An edge of a side as it was measured: its lines in panel mm, its offset, and the scan that shows it."""

    designed: Line
    seen: Line
    offset_mm: float
    record: PageRecord
    to_scan: Affine


class CoverSights:
    """Finds what to show of findings on the cover.

    Parameters
    ----------
    inspection : Inspection
    cover : CoverReference
        The ordered one.
    reader : ScanReader
        For the size of scans that were not registered.
    """

    def __init__(self, inspection: Inspection, cover: CoverReference, reader: ScanReader) -> None:
        self._inspection, self._cover, self._reader = inspection, cover, reader
        self._scans = {(s.name, s.frame): s for s in inspection.copy.scans}
        self._records = {(p.file, p.frame): p for p in inspection.pages}

    def of(self, finding: Finding) -> Sight | None:
        """What is shown of a finding; None where nothing was seen of it."""
        if finding.measure in _AT_FOLDS:
            return self._folds(finding)
        if finding.measure == spine_text_clearance.id:
            return self._spine(finding)
        if finding.measure in (cover_trim_offset.id, cover_skew.id) and finding.where.side:
            return self._cut(finding, Panel(finding.where.side))
        return self._sides(finding)

    def _cut(self, finding: Finding, panel: Panel) -> Sight | None:
        """A cut as of a page; of the turn of a side its head, else its tail."""
        edges = [finding.where.edge] if finding.where.edge else [Edge.HEAD, Edge.TAIL]
        seen = next((s for e in edges if (s := self._edge(panel, cover_trim_offset.id, e))), None)
        if seen is None:
            return None
        size = self._size(panel)
        box = view_of_cut(seen.designed, seen.seen, size, self._print_at(panel, seen.designed))
        said = seen.offset_mm if finding.measure == cover_trim_offset.id else None
        parts = (self._ordered(panel, box), self._printed(panel, seen.record, box, seen.to_scan))
        return Sight(finding, parts, Marks(seen.designed, seen.seen, offset_mm=said), True, size)

    def _folds(self, finding: Finding) -> Sight | None:
        """The fold of each side as scanned to the left and right of the ordered spine, at one scale and height."""
        seen = self._seen_folds()
        if not seen:
            return None
        beyond = BEYOND_MM + max(0.0, *(e.offset_mm for e in seen.values()))
        top, bottom = self._height_of_folds()
        x0, x1 = self._spine_mm()
        box = (x0 - INSIDE_MM, top, x1 + INSIDE_MM, bottom)
        lines = "dashed: designed folds; solid: folds of this copy"
        parts = [Part("As ordered", lines, "expected", box, number=1, ordered=self._cover, folds=self._both(seen))]
        for panel, edge in seen.items():
            fold, way = edge.designed[0][0], self._cover.wrap.toward_spine(panel)
            left, right = sorted((fold - way * INSIDE_MM, fold + way * beyond))
            mark = FoldMark(edge.designed, edge.seen, edge.offset_mm)
            strip = Part(
                f"{panel.capitalize()} as printed",
                in_words(panel, edge.offset_mm),
                "found",
                (left, top, right, bottom),
                self._scans[edge.record.file, edge.record.frame],
                edge.to_scan,
                folds=(mark,),
            )
            parts.insert(0 if way > 0 else len(parts), strip)
        return Sight(finding, tuple(parts))

    def _spine(self, finding: Finding) -> Sight | None:
        """The spine as designed, on its side, where it shows the most, with the folds of this copy."""
        seen = self._seen_folds()
        if not seen:
            return None
        x0, x1 = self._spine_mm()
        beside = BESIDE_SPINE_MM + max(0.0, *(-e.offset_mm for e in seen.values()))
        height = self._size(Panel.FRONT).height_mm
        length = min(height, SPINE_ASPECT * (x1 - x0 + 2 * beside))
        inset = SPINE_INSET * (x1 - x0)
        top = self._busiest(Panel.FRONT, (x0 + inset, 0.0, x1 - inset, height), length, upright=True)
        box = (x0 - beside - RULER * length, top, x1 + beside, top + length)
        above, below = sorted(PANELS.values(), key=self._cover.wrap.toward_spine)
        said = (
            f"spine, head at the left, {above} above, {below} below; dashed: designed folds; solid: folds of this copy"
        )
        part = Part(
            "As ordered", said, "expected", box, number=1, ordered=self._cover, folds=self._both(seen), turned=True
        )
        return Sight(finding, (part,))

    def _sides(self, finding: Finding) -> Sight | None:
        """Whole sides beside those that were ordered; those that lie upside down as they lie."""
        observed = [
            o for o in self._inspection.observations if o.measure == finding.measure and o.where == finding.where
        ]
        detail = observed[0].detail if observed else {}
        sides = detail.get("others") or detail.get("sides") or [finding.where.side]
        parts: list[Part] = []
        for evidence, side in zip(finding.evidence, sides, strict=False):
            record = self._records.get((evidence.file, evidence.frame))
            scan = self._scans.get((evidence.file, evidence.frame))
            if record is None or scan is None or side is None:
                continue
            panel, to_scan = Panel(side), record.to_scan
            whole = page_of(self._size(panel))
            parts.append(self._ordered(panel, whole))
            if to_scan is not None and finding.measure != cover_upside_down.id:
                parts.append(self._printed(panel, record, whole, self._to_scan(record, panel) or to_scan))
            else:
                header = self._reader.header(scan)
                as_it_lies = Affine.scaling(*(px_per_mm(d) for d in record.dpi or (LOOK_DPI, LOOK_DPI)))
                parts.append(self._printed(panel, record, whole_scan(header, as_it_lies), as_it_lies))
        return Sight(finding, tuple(parts)) if parts else None

    def _ordered(self, panel: Panel, box: Box) -> Part:
        return Part("As ordered", f"{panel} cover", "expected", box, number=_NUMBERS[panel], ordered=self._cover)

    def _printed(self, panel: Panel, record: PageRecord, box: Box, to_scan: Affine) -> Part:
        scan = self._scans[record.file, record.frame]
        return Part("As printed", f"{panel} cover", "found", box, scan, to_scan)

    def _size(self, panel: Panel) -> Size:
        x0, y0, x1, y1 = self._cover.wrap.panel(panel)
        return Size(x1 - x0, y1 - y0)

    def _spine_mm(self) -> tuple[float, float]:
        """Both designed folds in the frame of the front, from left to right."""
        x0, x1 = self._cover.wrap.spine[0::2]
        left = self._cover.wrap.panel(Panel.FRONT)[0]
        return x0 - left, x1 - left

    def _back_at(self) -> float:
        """Where the back begins in the frame of the front, mm."""
        return self._cover.wrap.panel(Panel.BACK)[0] - self._cover.wrap.panel(Panel.FRONT)[0]

    def _seen_folds(self) -> dict[Panel, _Edge]:
        """The fold of each side on which it was seen."""
        found = {panel: self._edge(panel, cover_fold_offset.id, None) for panel in Panel}
        return {panel: edge for panel, edge in found.items() if edge is not None}

    def _both(self, seen: dict[Panel, _Edge]) -> tuple[FoldMark, ...]:
        """Both folds in the frame of the front."""
        height = self._size(Panel.FRONT).height_mm
        marks = []
        for x, panel in zip(
            self._spine_mm(), sorted(PANELS.values(), key=self._cover.wrap.toward_spine, reverse=True), strict=True
        ):
            edge = seen.get(panel)
            shift = self._back_at() if panel is Panel.BACK else 0.0
            line = None if edge is None else [(p[0] + shift, p[1]) for p in edge.seen]
            marks.append(FoldMark([(x, 0.0), (x, height)], line, edge.offset_mm if edge is not None else None))
        return tuple(marks)

    def _edge(self, panel: Panel, measure: str, edge: Edge | None) -> _Edge | None:
        for o in self._inspection.observations:
            if (o.measure, o.where.side, o.where.edge) != (measure, panel, edge) or o.value is None or not o.evidence:
                continue
            lines = TrimOffsetDetail.of(o)
            record = self._records.get((o.evidence[0].file, o.evidence[0].frame))
            to_scan = self._to_scan(record, panel) if record is not None else None
            if record is not None and to_scan is not None and lines.trim_mm is not None and lines.cut_mm is not None:
                return _Edge(lines.trim_mm, lines.cut_mm, o.value, record, to_scan)
        return None

    def _to_scan(self, record: PageRecord, panel: Panel) -> Affine | None:
        """Panel mm to pixels; of a flat wrap that shows both panels, the record holds that of the front."""
        if record.to_scan is None or record.role is not Role.COVER_WRAP or panel is Panel.FRONT:
            return record.to_scan
        scan = record.file, record.frame
        shows_front = any(
            o.where.side == Panel.FRONT and scan in [(e.file, e.frame) for e in o.evidence]
            for o in self._inspection.observations
        )
        return record.to_scan.after(Affine.shift(self._back_at(), 0.0)) if shows_front else record.to_scan

    def _print_at(self, panel: Panel, trim: Line) -> NearestPrint:
        """Where along a cut the design shows the most, which reaches to the cut or nearly so."""
        size = self._size(panel)
        upright, low = across(trim, size)
        side = size.width_mm if upright else size.height_mm
        a, b = (0.0, INSIDE_MM) if low else (side - INSIDE_MM, side)
        box = (a, 0.0, b, size.height_mm) if upright else (0.0, a, size.width_mm, b)
        length = LEAST_HEIGHT_MM * (1.0 if upright else ASPECT * ASPECT)
        return NearestPrint(0.0, self._busiest(panel, box, length, upright) + length / 2, False)

    def _height_of_folds(self) -> tuple[float, float]:
        """From where to where along the folds the design shows the most: there one sees that it is off."""
        x0, x1 = self._spine_mm()
        box = (x0 - AT_FOLD_MM, 0.0, x1 + AT_FOLD_MM, self._size(Panel.FRONT).height_mm)
        top = self._busiest(Panel.FRONT, box, LEAST_HEIGHT_MM, upright=True)
        return top, top + LEAST_HEIGHT_MM

    def _busiest(self, panel: Panel, box: Box, length_mm: float, upright: bool) -> float:
        """Where, along a box of the design, the `length_mm` begin that show the most; in the middle where all is plain."""
        picture = self._cover.crop(_NUMBERS[panel], box, LOOK_DPI, exact=False).astype(np.int16)
        picture = picture if upright else picture.swapaxes(0, 1)
        change = np.abs(np.diff(picture, axis=1)).max(axis=2).sum(axis=1)
        rows = max(1, min(len(change), round(length_mm * px_per_mm(LOOK_DPI))))
        shown = np.convolve(change, np.ones(rows), "valid")
        if shown.max() == shown.min():
            return (len(change) / px_per_mm(LOOK_DPI) - length_mm) / 2
        most = np.flatnonzero(shown >= NEARLY_MOST * shown.max())
        return float(most[len(most) // 2]) / px_per_mm(LOOK_DPI)


def in_words(panel: Panel, offset_mm: float) -> str:
    """``"folded 2.2 mm inside the spine of the file"``: it may be more than the spine is wide."""
    return f"folded {abs(offset_mm):.1f} mm inside the {'spine' if offset_mm > 0 else panel} of the file"
