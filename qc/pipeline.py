"""From the scans of one copy to its inspection: examine pages, put them in order, measure the copy, judge, decide."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from qc import __version__
from qc.errors import ScanError
from qc.features.color_tiles import ColorTiles
from qc.geometry import mates
from qc.judge.claim import not_known
from qc.judge.judge import judge
from qc.judge.padding import with_unexplained_blanks
from qc.judge.policy import Policy
from qc.judge.refund import decide_refund
from qc.measure import MEASURES
from qc.measure.context.another_book import in_ordered_cover, other_block, without_chance
from qc.measure.context.copy_context import CopyContext
from qc.measure.context.glass_dirt import without_dirt_on_glass
from qc.measure.context.imprint_look import looks_like_imprint
from qc.measure.context.imprint_page import ImprintPage, read_copy
from qc.measure.context.observing import observe_copy
from qc.measure.context.page_sides import Sides
from qc.measure.context.sides import find_sides
from qc.model import (
    BookCopy,
    Inspection,
    PageKind,
    PageRecord,
    Provenance,
    ReferenceId,
    Rescan,
    Role,
    ScanFile,
)
from qc.page import examine_page
from qc.reference.base import direction_of
from qc.reference.find import Reference
from qc.register.alignment import whole
from qc.register.collate import Places, find_places, last_content, put_in_order, usual_turns
from qc.register.covers_among_pages import take_out_covers
from qc.register.page_result import PageJob, PageResult
from qc.register.painted_rim import without_painted_rims
from qc.register.print_shape import APART, AS_ORDERED, Shape, shared
from qc.register.recognize import Glance, expected_pages, look_at, mirrored_pages, shape_of
from qc.register.register import Prior
from qc.register.repeats import repeats_in_place, without_repeats
from qc.register.scan_order import AS_SCANNED, find_order, reading_order
from qc.register.thumbnail_index import index_of
from qc.register.thumbnails import has_content
from qc.scan.image_file import sha256

Progress = Callable[[int, int], None]
Look = Callable[[PageJob, Reference | None], PageResult]
MIN_TEACHERS = 3
"""Well registered pages needed before they tell the others what scale this scanner and press have."""
ASKED = 4
"""Scans of a copy whose print is searched at other scales and angles, seconds each: one picture or one table may look like
nothing, of four pages one is text or looks like itself."""


def inspect_copy(
    copy: BookCopy,
    reference: Reference | None,
    policy: Policy,
    *,
    note: str = "",
    threads: int = 1,
    progress: Progress | None = None,
) -> Inspection:
    """Inspect one copy.

    Parameters
    ----------
    copy : BookCopy
    reference : Reference or None
        The ordered book; None where there is none, `note` then says why.
    policy : Policy
    threads : int
        Pages examined at the same time.
    progress : callable, optional
        Called with pages done and pages in all.

    Raises
    ------
    ScanError
        No scan of the copy could be used.
    """
    return inspect_with_colors(copy, reference, policy, note=note, threads=threads, progress=progress)[0]


def inspect_with_colors(
    copy: BookCopy,
    reference: Reference | None,
    policy: Policy,
    *,
    note: str = "",
    threads: int = 1,
    progress: Progress | None = None,
) -> tuple[Inspection, dict[int, ColorTiles]]:
    """As `inspect_copy`, and the colors of the registered pages by their position."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    copy, order, glances, pages = arranged(copy, reference, threads, progress)
    _require_some(copy, pages)
    pages = with_shared_scale(repeats_in_place(put_in_order(pages, reference)))
    pages = without_dirt_on_glass(without_painted_rims(pages))
    imprint = read_copy(copy, [p for p in pages if p.job.same_as is None], reference)
    block, mirrored = None, mirrored_pages(glances)
    placed = _placed(copy, pages, reference, imprint)
    interior = [r for r in placed.records if r.role is Role.PAGE]
    if reference is not None and (block := other_block(interior)):
        block, mirrored = in_ordered_cover(block, copy, reference, imprint.isbns), {}
        pages = without_chance(pages, block)
        placed = _placed(copy, pages, reference, imprint)
        interior = [r for r in placed.records if r.role is Role.PAGE]
    sides, records = placed.sides, placed.records
    context = CopyContext(
        copy, tuple(pages), tuple(interior), reference, sides, imprint, placed.doubtful, order, mirrored, block
    )
    observe_copy(context)
    observations = context.observations
    rescan = _rescan(copy, pages, records, reference, sides)
    if block is not None:
        # Pages of the ordered book that another block lacks would change nothing.
        rescan = [r for r in rescan if r.file is not None]
    observations = [*with_unexplained_blanks(observations, policy.padding)]
    identity = reference.id if reference else ReferenceId("none", note=note)
    unread = not_known(copy, observations)
    findings, verdict = judge(observations, policy, copy, records, identity, rescan, unread)
    inspection = Inspection(
        copy=copy,
        reference=identity,
        policy=policy.identity,
        verdict=verdict,
        refund=decide_refund(verdict, findings, copy, policy, observations),
        findings=findings,
        observations=tuple(observations),
        pages=records,
        provenance=Provenance(
            qc=__version__,
            measures={m: MEASURES[m].version for m in sorted({o.measure for o in observations})},
            scanner={"profile": None, "note": "no scanner profile: the wider uncertainty is carried"},
            scans=_hashes(copy.scans),
            started=started,
        ),
        pictures={(p.job.scan.name, p.job.scan.frame): p.picture for p in pages if p.picture},
    )
    return inspection, context.colors


def run_jobs(
    jobs: Sequence[PageJob], reference: Reference | None, threads: int, look: Look = examine_page
) -> Iterator[PageResult]:
    """Results as they come; never more than two pages a thread under way, so that memory does not grow with the
    copy."""
    if threads <= 1:
        yield from (look(job, reference) for job in jobs)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: set[Future[PageResult]] = set()
        for job in jobs:
            waiting.add(pool.submit(look, job, reference))
            if len(waiting) >= 2 * threads:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (f.result() for f in done)
        yield from (f.result() for f in waiting)


def examine_pages(
    copy: BookCopy,
    reference: Reference | None,
    threads: int,
    progress: Progress | None = None,
    expected: Sequence[int] | None = None,
    look: Look = examine_page,
    repeats: Sequence[ScanFile | None] | None = None,
    shapes: tuple[Shape, ...] = (),
) -> list[PageResult]:
    """Every interior page of the copy, by position; `expected` is the reference page at which each is looked up first,
    `repeats` the scan that it repeats, where it is not examined."""
    seen_as: Sequence[int | None] = expected or [None] * len(copy.pages)
    same_as: Sequence[ScanFile | None] = repeats or [None] * len(copy.pages)
    direction = direction_of(copy, reference)
    jobs = [
        PageJob(i, scan, copy.scan, seen_as=n, direction=direction, same_as=other, shapes=shapes)
        for i, (scan, n, other) in enumerate(zip(copy.pages, seen_as, same_as, strict=True), 1)
    ]
    results = {job.position: PageResult(job) for job in jobs if job.same_as is not None}
    for result in run_jobs([job for job in jobs if job.same_as is None], reference, threads, look):
        results[result.job.position] = result
        if progress:
            progress(len(results), len(jobs))
    return [results[i] for i in sorted(results)]


def arranged(
    copy: BookCopy, reference: Reference | None, threads: int, progress: Progress | None = None
) -> tuple[BookCopy, str, list[Glance], list[PageResult]]:
    """The copy in reading order, the order in which it was scanned, a look at every page, and what each gave.

    Covers that came along among the pages are named so and are no pages any more.
    Where pages stay unknown because the print is scaled or turned on its sheets, all that is done once more, knowing how.
    """
    found = _arranged(copy, reference, threads, progress)
    if reference is None:
        return found
    shapes = print_shapes(found[-1], reference, threads)
    return _arranged(copy, reference, threads, progress, shapes) if shapes else found


def print_shapes(pages: Sequence[PageResult], reference: Reference, threads: int) -> tuple[Shape, ...]:
    """How the print of a copy is scaled and turned, where that is why pages were not recognized; empty where they all were,
    or where most were and their print is as ordered, so that the others show something else."""
    # A resolution is not believed where the sheet has another size and nothing is recognized: a stretched scan has both.
    usable = [p for p in pages if p.error in ("", p.doubt) and p.ink is not None]
    printed = [p for p in usable if p.ink is not None and p.ink.kind is PageKind.CONTENT]
    lost = [p for p in printed if p.reference_page is None]
    known = [p.shape for p in printed if p.shape is not None]
    other = [s for s in known if not s.like(AS_ORDERED, APART)]
    if not lost or (2 * len(lost) < len(printed) and 2 * len(other) < max(len(known), 1)):
        return ()
    asked = [lost[i] for i in sorted({int(k) for k in np.linspace(0, len(lost) - 1, ASKED)})]
    with ThreadPoolExecutor(max(threads, 1)) as pool:
        found = [s for s in pool.map(lambda p: shape_of(p.job, reference), asked) if s is not None]
    # A sparse page is registered to print of another scale, too, but says little of that.
    return shared(s for s in found if not s.like(AS_ORDERED, APART)) or shared(other)


def _arranged(
    copy: BookCopy,
    reference: Reference | None,
    threads: int,
    progress: Progress | None,
    shapes: tuple[Shape, ...] = (),
) -> tuple[BookCopy, str, list[Glance], list[PageResult]]:
    glances = without_repeats(copy.pages, look_at(copy, reference, threads, shapes))
    looks = index_of(reference).looks if reference is not None else ()
    once = [g for g in glances if g.same_as is None]
    order = find_order([g.page for g in once], [g.look for g in once], looks)
    copy, glances = in_reading_order(copy, glances, order)
    expected = expected_pages(glances, copy.scan.first_page) if any(g.page for g in glances) else None
    repeats = [g.same_as for g in glances]
    pages = with_proven_resolution(
        examine_pages(copy, reference, threads, progress, expected, repeats=repeats, shapes=shapes)
    )
    copy, glances, pages = take_out_covers(copy, glances, pages, reference)
    return copy, order, glances, pages


def in_reading_order(copy: BookCopy, glances: Sequence[Glance], order: str) -> tuple[BookCopy, list[Glance]]:
    """The copy with its interior scans as the pages follow each other in the book; covers keep their place. Scans that repeat
    another follow it."""
    if order == AS_SCANNED:
        return copy, list(glances)
    once = [i for i, g in enumerate(glances) if g.same_as is None]
    behind: dict[ScanFile | None, list[int]] = {}
    for i, glance in enumerate(glances):
        behind.setdefault(glance.same_as, []).append(i)
    in_order = [once[k] for k in reading_order([glances[i].page for i in once], order)]
    at = [k for i in in_order for k in (i, *behind.get(copy.pages[i], ()))]
    pages = iter([copy.pages[i] for i in at])
    scans = tuple(next(pages) if s.role is Role.PAGE else s for s in copy.scans)
    return replace(copy, scans=scans), [glances[i] for i in at]


def with_proven_resolution(pages: Sequence[PageResult]) -> list[PageResult]:
    """Pages whose size speaks against their resolution are in error, unless print on a page of the same resolution
    proves it: a copy cut much too deep has blank pages of the wrong size, too."""
    proven = {p.resolution for p in pages if p.reference_page is not None}
    return [replace(p, error=p.doubt, credible=False) if p.doubt and p.resolution not in proven else p for p in pages]


def _require_some(copy: BookCopy, pages: Sequence[PageResult]) -> None:
    """Stop with the first fault where no page can be used."""
    bad = [p for p in pages if p.error]
    if copy.claim.reason == "lost":
        return
    if bad and all(p.error or p.job.same_as for p in pages):
        more = f" ({len(pages)} pages, none usable)" if len(pages) > 1 else ""
        raise ScanError(f"{copy.id}: {bad[0].error}{more}")


def with_shared_scale(pages: Sequence[PageResult]) -> list[PageResult]:
    """Give every registration what the well registered pages say of the scale and shear of this scanner and press."""
    result = list(pages)
    for across in (0, 1):
        group = [i for i, p in enumerate(pages) if p.registration is not None and p.turns % 2 == across]
        teachers = []
        for i in group:
            registration = pages[i].registration
            assert registration is not None
            if max(registration.linear_sd()) < 1e-3:
                teachers.append(registration.linear())
        if len(teachers) < MIN_TEACHERS:
            continue
        taught = np.array(teachers)
        center = np.median(taught, axis=0)
        derived = np.column_stack([taught[:, :2].mean(axis=1), taught[:, 0] - taught[:, 1], taught[:, 2]])
        spread = 1.4826 * np.median(np.abs(derived - np.median(derived, axis=0)), axis=0)
        spread = np.maximum(1.5 * spread, 2e-4)
        prior = Prior(*(float(v) for v in center), *(float(v) for v in spread))
        for i in group:
            registration = pages[i].registration
            assert registration is not None
            result[i] = replace(pages[i], registration=registration.given(prior))
    return result


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
class _Placed:
    """Where the scans of a copy belong: their records, sides, and the positions of pages whose place is only likely."""

    records: tuple[PageRecord, ...]
    sides: Sides
    doubtful: frozenset[int]


def _placed(copy: BookCopy, pages: Sequence[PageResult], reference: Reference | None, imprint: ImprintPage) -> _Placed:
    places = find_places(copy, pages, reference, imprint.where.page)
    sides = find_sides(copy, pages, places.pages, reference)
    records = page_records(copy, pages, reference, places, sides)
    if (seen := imprint.evidence) is not None:
        why = "it says where, when or in which job it was printed"
        records = tuple(
            replace(r, kind=PageKind.IMPRINT, reason=why) if (r.file, r.frame) == (seen.file, seen.frame) else r
            for r in records
        )
    return _Placed(records, sides, places.doubtful)


def _repeat(scan: ScanFile, first: ScanFile) -> PageRecord:
    why = f"the same scan as {first.name}" + (f", page {first.frame + 1}" if first.frame else "")
    return PageRecord(scan.name, scan.frame, scan.role, None, None, None, why, None, None, False, first)


def _other_record(scan: ScanFile) -> PageRecord:
    kind = PageKind.BLANK if scan.inside else None
    return PageRecord(
        scan.name, scan.frame, scan.role, None, None, kind, scan.found or "not measured yet", None, None, False
    )


def _rescan(
    copy: BookCopy,
    pages: Sequence[PageResult],
    records: Sequence[PageRecord],
    reference: Reference | None,
    sides: Sides,
) -> list[Rescan]:
    """Files that could not be used, and, where a copy should be complete, reference pages that were not seen."""
    interior = [r for r in records if r.role is Role.PAGE]
    wanted = [
        Rescan(page.error, file=record.file, reference_page=record.reference_page)
        for page, record in zip(pages, interior, strict=True)
        if page.error
    ]
    if reference is None:
        return wanted
    seen = {r.reference_page for r in interior}
    written = has_content(reference.thumbnails())
    unseen = [n for n in range(1, last_content(reference) + 1) if n not in seen and written[n - 1]]
    return wanted + [
        Rescan(_why_unseen(n, frozenset(unseen), seen, copy.scan.complete, sides), reference_page=n) for n in unseen
    ]


def _why_unseen(page: int, unseen: frozenset[int], seen: Collection[int | None], complete: bool, sides: Sides) -> str:
    """Why a page that was not seen is asked for."""
    beside = [n for n in mates(page, sides.odd) if n in seen]
    if beside and not any(whole((page,), seen, side) for side in sides.odd):
        return f"only the other side of its leaf was scanned (page {beside[0]} of the book)"
    why = "the copy is stated complete, but no scan shows this page" if complete else "not among the scans"
    leaf = sorted((page, *mates(page, sides.odd)))
    drawn_in = len(leaf) == 2 and set(leaf) <= unseen and leaf[0] - 1 in seen and leaf[1] + 1 in seen
    fed = "; front and back of a leaf between pages that were scanned, as when a feeder draws in two leaves at once"
    return why + (fed if drawn_in else "")


def _hashes(scans: Sequence[ScanFile]) -> dict[str, str]:
    result = {}
    for scan in scans:
        if scan.name not in result:
            try:
                result[scan.name] = sha256(scan.path)
            except ScanError:
                result[scan.name] = "unreadable"
    return result
