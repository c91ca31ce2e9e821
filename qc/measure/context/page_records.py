"""Where the scans of a copy belong, and what each was taken for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qc.measure.context.imprint_look import looks_like_imprint
from qc.measure.context.imprint_page import ImprintPage
from qc.measure.context.page_sides import Sides
from qc.measure.context.sides import find_sides
from qc.model import BookCopy, PageKind, PageRecord, Role, ScanFile
from qc.reference.find import Reference
from qc.register.collate import Places, find_places, last_content, usual_turns
from qc.register.page_result import PageResult


def page_records(
    copy: BookCopy, pages: Sequence[PageResult], reference: Reference | None, places: Places, sides: Sides
) -> tuple[PageRecord, ...]:
    """What each scan of the copy was taken for, covers first as they lie in the folder."""
    usual = usual_turns(pages) or 0
    last = last_content(reference) if reference is not None else None
    by_scan = {}
    for at, (page, place) in enumerate(zip(pages, places.pages, strict=True)):
        if (first := page.job.same_as) is not None:
            by_scan[page.job.scan] = _repeat(page.job.scan, first)
            continue
        ink, registration = page.ink, page.registration
        kind = PageKind.UNREADABLE if page.error or ink is None else ink.kind
        reason = page.error or (ink.reason if ink else "")
        if registration is not None and kind is PageKind.BLANK:
            kind, reason = PageKind.CONTENT, "its print matches the reference page"
        printed = registration is None and kind in (PageKind.CONTENT, PageKind.FOLIO_ONLY)
        if printed and (why := looks_like_imprint(page, place, pages, last)):
            kind, reason = PageKind.IMPRINT, why
        to_scan = None
        if registration is not None and page.to_scan is not None:
            to_scan = page.to_scan.after(registration.to_px)
        by_scan[page.job.scan] = PageRecord(
            file=page.job.scan.name,
            frame=page.job.scan.frame,
            role=Role.PAGE,
            reference_page=place,
            side=None if at + 1 in sides.doubtful else sides.names[at],
            kind=kind,
            reason=reason,
            dpi=(page.resolution.x_dpi, page.resolution.y_dpi) if page.resolution and page.credible else None,
            skew_deg=registration.to_px.skew_deg if registration is not None else None,
            upside_down=page.reference_page is not None and (page.turns - usual) % 4 == 2,
            to_scan=to_scan,
        )
    return tuple(by_scan.get(scan) or _other_record(scan) for scan in copy.scans)


@dataclass(frozen=True)
class PlacedPages:
    """Where the scans of a copy belong: their records, sides, and the positions of pages whose place is only likely."""

    records: tuple[PageRecord, ...]
    sides: Sides
    doubtful: frozenset[int]

    @property
    def interior(self) -> list[PageRecord]:
        """The records of interior pages."""
        return [r for r in self.records if r.role is Role.PAGE]


def place_pages(
    copy: BookCopy, pages: Sequence[PageResult], reference: Reference | None, imprint: ImprintPage
) -> PlacedPages:
    places = find_places(copy, pages, reference, imprint.where.page)
    sides = find_sides(copy, pages, places.pages, reference)
    records = page_records(copy, pages, reference, places, sides)
    if (seen := imprint.evidence) is not None:
        why = "it says where, when or in which job it was printed"
        records = tuple(
            replace(r, kind=PageKind.IMPRINT, reason=why) if (r.file, r.frame) == (seen.file, seen.frame) else r
            for r in records
        )
    return PlacedPages(records, sides, places.doubtful)


def _repeat(scan: ScanFile, first: ScanFile) -> PageRecord:
    why = f"the same scan as {first.name}" + (f", page {first.frame + 1}" if first.frame else "")
    return PageRecord(scan.name, scan.frame, scan.role, None, None, None, why, None, None, False, first)


def _other_record(scan: ScanFile) -> PageRecord:
    kind = PageKind.BLANK if scan.inside else None
    return PageRecord(
        scan.name, scan.frame, scan.role, None, None, kind, scan.found or "not looked at", None, None, False
    )
