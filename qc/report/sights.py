"""What is shown of a finding: the place it was found at, or whole pages, beside what was ordered."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np

from qc.geometry import Affine, Box, Size
from qc.judge.ranking import by_gravity
from qc.measure import MEASURES
from qc.measure.copy_cover_outlier import copy_cover_outlier
from qc.measure.details import GapDetail, TrimOffsetDetail
from qc.measure.extra_pages import pages_extra_inside
from qc.measure.foreign_pages import pages_foreign
from qc.measure.page_sequence import pages_duplicated, pages_missing, pages_out_of_order, pages_upside_down
from qc.measure.trim_offset import trim_offset
from qc.measure.trim_offset_block import trim_offset_block
from qc.measure.words import place_in_book
from qc.model import Finding, FindingOutcome, Inspection, Observation, PageRecord, Resolution, ScanFile
from qc.reference.cover import CoverReference
from qc.report import words
from qc.report.cover_sights import CoverSights
from qc.report.views import (
    LOOK_DPI,
    Look,
    Marks,
    NearestPrint,
    Part,
    ReferenceCrops,
    Sight,
    nearest_print,
    page_of,
    view,
    view_of_cut,
    whole_scan,
)
from qc.scan.scan_reader import ScanReader
from qc.units import px_per_mm

MOST_LOOKED_AT = 4
"""Pages among which the one is chosen that shows a cut beside its text: each is drawn once more."""
ALIKE_MM = 0.3
"""A page shows the cut of its block if its own offset is no farther from it; the print of sound copies lies off by less."""
TOO = "Found here, too"
MOST_MISSING = 2
"""Missing pages that are shown: a leaf."""
_AMONG = frozenset(
    m.id for m in (pages_foreign, pages_duplicated, pages_out_of_order, pages_extra_inside, pages_upside_down)
)
"""Measures of pages that are wrong where they stand: shown between their neighbors."""


class Sights:
    """Finds what to show.

    Parameters
    ----------
    inspection : Inspection
    reference : ReferenceCrops or None
    reader : ScanReader
        For the size of scans that were not registered.
    cover : CoverReference or None
    beside : Inspection or None
        Of a copy of the title whose cover is as that of the most.
    """

    def __init__(
        self,
        inspection: Inspection,
        reference: ReferenceCrops | None,
        reader: ScanReader,
        cover: CoverReference | None = None,
        beside: Inspection | None = None,
    ) -> None:
        self._inspection, self._reference, self._reader = inspection, reference, reader
        self._beside_copy = beside
        self._covers = CoverSights(inspection, cover, reader) if cover is not None else None
        self._scans = {(s.name, s.frame): s for s in inspection.copy.scans}
        self._records = {(p.file, p.frame): p for p in inspection.pages}
        self._pages = [self._records.get((s.name, s.frame)) for s in inspection.copy.pages]

    def of_gravest(self, limit: int) -> list[Sight]:
        """Of at most `limit` findings that are not within, the gravest first; of those that can be seen somewhere."""
        found: dict[tuple[object, ...], Sight] = {}
        for finding in by_gravity(self._inspection.findings):
            if len(found) == limit:
                break
            if finding.outcome in (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED):
                seen = self._of(finding)
                if seen is not None:
                    # A page without print is missing print, too: the same pictures once.
                    found.setdefault(tuple((p.scan, p.number, p.box_mm) for p in seen.parts), seen)
        return list(found.values())

    def _of(self, finding: Finding) -> Sight | None:
        if self._covers is not None and MEASURES[finding.measure].subject == "cover":
            return self._covers.of(finding)
        if finding.measure == copy_cover_outlier.id:
            return self._odd_cover(finding)
        if finding.measure == pages_missing.id:
            return self._gap(finding)
        if finding.measure in _AMONG and finding.where.page is not None:
            return self._among(finding, finding.where.page)
        if finding.where.edge is not None and MEASURES[finding.measure].subject == "cut":
            return self._cut(finding)
        for evidence in finding.evidence:
            record = self._records.get((evidence.file, evidence.frame))
            if record is None:
                continue
            if evidence.box_mm is None:
                return self._alone(finding, record)
            if record.to_scan is not None:
                return self._closely(finding, record, view(evidence.box_mm), Marks(region=evidence.box_mm))
        return None

    def _cut(self, finding: Finding) -> Sight | None:
        """The cut on the page of those it was found on where print is nearest to it, text before pictures."""
        best: tuple[tuple[bool, float], PageRecord, Observation, NearestPrint | None] | None = None
        for offset in self._offsets(finding):
            record = self._pages[(offset.where.page or 1) - 1]
            trim = TrimOffsetDetail.of(offset).trim_mm
            if record is None or record.to_scan is None or trim is None:
                continue
            near = None
            if self._reference is not None and record.reference_page is not None:
                near = nearest_print(self._reference, record.reference_page, trim)
            rank = (not near.text, near.inside_mm) if near else (True, inf)
            if best is None or rank < best[0]:
                best = rank, record, offset, near
        if best is None:
            return None
        _, record, offset, near = best
        lines, said = TrimOffsetDetail.of(offset), finding.value if finding.unit == "mm" else offset.value
        assert lines.trim_mm is not None and lines.cut_mm is not None
        size = self._reference.trim if self._reference else Size(*np.max(lines.trim_mm, axis=0))
        box = view_of_cut(lines.trim_mm, lines.cut_mm, size, near)
        return self._closely(finding, record, box, Marks(lines.trim_mm, lines.cut_mm, offset_mm=said))

    def _offsets(self, finding: Finding) -> list[Observation]:
        """Offsets of single pages that show a cut: of a block, the pages that lie as it does."""
        edge, page, value = finding.where.edge, finding.where.page, finding.value
        here = [
            o
            for o in self._inspection.observations
            if o.measure == trim_offset.id and o.where.edge is edge and o.where.page
        ]
        here = [o for o in here if o.value is not None and page in (None, o.where.page)]
        if finding.measure == trim_offset_block.id and value is not None:
            here.sort(key=lambda o: abs((o.value or 0.0) - value))
            return [o for n, o in enumerate(here) if n == 0 or abs((o.value or 0.0) - value) < ALIKE_MM][
                :MOST_LOOKED_AT
            ]
        seen = {(e.file, e.frame) for e in finding.evidence}
        return [o for o in here if (r := self._pages[(o.where.page or 1) - 1]) and (r.file, r.frame) in seen][:1]

    def _closely(self, finding: Finding, record: PageRecord, box: Box, marks: Marks) -> Sight:
        key = record.file, record.frame
        parts = [Part("As printed", self._named(record), "found", box, self._scans.get(key), record.to_scan)]
        if self._reference is not None and record.reference_page is not None:
            number = record.reference_page
            ordered = Part("As ordered", f"page {number}", "expected", box, number=number, ordered=self._reference)
            parts.insert(0, ordered)
        return Sight(finding, tuple(parts), marks, True, self._reference.trim if self._reference else None)

    def _alone(self, finding: Finding, record: PageRecord) -> Sight | None:
        """A page as a whole, beside the one that was ordered."""
        printed = self._whole(record, "As printed", "found")
        if printed is None:
            return None
        ordered = self._expected(record.reference_page, "As ordered") if record.reference_page else []
        return Sight(finding, (*ordered, printed))

    def _odd_cover(self, finding: Finding) -> Sight | None:
        """The odd sides of a cover, each beside that of another copy."""
        others = {s.role: s for s in self._beside_copy.copy.scans} if self._beside_copy is not None else {}
        parts: list[Part] = []
        for evidence in finding.evidence:
            scan = self._scans.get((evidence.file, evidence.frame))
            if scan is None:
                continue
            if self._beside_copy is not None and scan.role in others:
                parts.append(self._as_it_lies(others[scan.role], self._beside_copy.copy.id, "expected"))
            parts.append(self._as_it_lies(scan, "This copy", "found"))
        return Sight(finding, tuple(parts)) if parts else None

    def _as_it_lies(self, scan: ScanFile, title: str, look: Look) -> Part:
        header = self._reader.header(scan)
        dpi = header.resolution or Resolution(LOOK_DPI, LOOK_DPI)
        to_scan = Affine.scaling(px_per_mm(dpi.x_dpi), px_per_mm(dpi.y_dpi))
        return Part(title, words.role(scan.role), look, whole_scan(header, to_scan), scan, to_scan)

    def _among(self, finding: Finding, position: int) -> Sight | None:
        """A page between its neighbors; of one that is foreign, the page that should stand there, too."""
        record = self._at(position)
        found = self._whole(record, "Found here", "found") if record is not None else None
        if found is None:
            return None
        expected: list[Part] = []
        book = {n: record.reference_page if record else None for n, record in enumerate(self._pages, 1)}
        if finding.measure == pages_foreign.id and (page := place_in_book(position, book)):
            expected = self._expected(page, "Should stand here")
        alike = {
            f.where.page for f in self._inspection.findings if f.rule == finding.rule and f.outcome is finding.outcome
        }
        before, after = self._beside(position - 1, "Before"), self._beside(position + 1, "After")
        if position - 1 in alike:
            before = [replace(p, title=TOO, look="found") for p in before]
        if position + 1 in alike:
            after = [replace(p, title=TOO, look="found") for p in after]
        return Sight(finding, (*before, found, *expected, *after))

    def _gap(self, finding: Finding) -> Sight | None:
        """Missing pages as they were ordered, between the pages that are there."""
        observed = (
            o for o in self._inspection.observations if o.measure == finding.measure and o.where == finding.where
        )
        pages = next((GapDetail.of(o).reference_pages for o in observed if o.value == finding.value), ())
        position = finding.where.page
        if position is None or not pages or self._reference is None:
            return None
        expected = [p for n in pages[:MOST_MISSING] for p in self._expected(n, "Missing")]
        missing = [replace(p, look="missing") for p in expected]
        return Sight(finding, (*self._beside(position - 1, "Before"), *missing, *self._beside(position, "After")))

    def _at(self, position: int) -> PageRecord | None:
        return self._pages[position - 1] if 1 <= position <= len(self._pages) else None

    def _beside(self, position: int, title: str) -> list[Part]:
        record = self._at(position)
        part = record and self._whole(record, title, "beside")
        return [part] if part else []

    def _expected(self, number: int, title: str) -> list[Part]:
        if self._reference is None or not 1 <= number <= self._reference.pages:
            return []
        box = page_of(self._reference.trim)
        return [Part(title, f"page {number}", "expected", box, number=number, ordered=self._reference)]

    def _whole(self, record: PageRecord, title: str, look: Look) -> Part | None:
        """A scanned page as a whole; of one that was never matched, the scan as it lies."""
        scan = self._scans.get((record.file, record.frame))
        to_scan = record.to_scan
        if scan is not None and to_scan is not None and self._reference is not None and record.reference_page:
            trim = self._reference.trim
            if record.upside_down:
                # As it lies among the others.
                to_scan = to_scan.after(Affine(np.array([[-1, 0, trim.width_mm], [0, -1, trim.height_mm]], float)))
            return Part(title, self._named(record), look, page_of(trim), scan, to_scan)
        if to_scan is None and record.dpi is not None:
            to_scan = Affine.scaling(px_per_mm(record.dpi[0]), px_per_mm(record.dpi[1]))
        if scan is None or to_scan is None:
            return None
        return Part(title, self._named(record), look, whole_scan(self._reader.header(scan), to_scan), scan, to_scan)

    def _named(self, record: PageRecord) -> str:
        if record not in self._pages:
            return str(record.role)
        number = self._pages.index(record) + 1
        if not record.reference_page:
            return f"scanned page {number}"
        return f"page {record.reference_page}" + (f" (scan {number})" if number != record.reference_page else "")
