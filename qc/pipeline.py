"""From the scans of one copy to its inspection: recognize and register pages, measure them and the copy, judge, decide."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np

from qc import __version__
from qc.errors import ScanError
from qc.features.color_tiles import ColorTiles
from qc.features.tile_file import TileFile
from qc.features.tiles import PageTiles
from qc.geometry import WORKING_DPI
from qc.judge.claim import not_known
from qc.judge.judge import judge
from qc.judge.padding import with_unexplained_blanks
from qc.judge.policy import Policy
from qc.judge.refund import decide_refund
from qc.measure import MEASURES
from qc.measure.context.another_book import in_ordered_cover, other_block, without_chance
from qc.measure.context.copy_context import CopyContext
from qc.measure.context.cover_sides import cover_sides, with_sides
from qc.measure.context.glass_dirt import without_dirt_on_glass
from qc.measure.context.imprint_page import ImprintPage, read_copy
from qc.measure.context.not_seen import not_seen
from qc.measure.context.observing import observe_copy
from qc.measure.context.page_records import place_pages
from qc.model import BookCopy, Inspection, PageKind, PageRecord, Provenance, ReferenceId, Role, ScanFile
from qc.normalize.calibrated import AppliedProfile
from qc.normalize.empty_glass import with_glass
from qc.page import measure_ahead, measure_page, recognize_page, register_page, shape_of_print
from qc.reference.base import direction_of
from qc.reference.cover import CoverReference
from qc.reference.find import Reference
from qc.register.closed_cover import cover_pictures, cover_scans, measure_cover
from qc.register.collate import better_in_order, in_reading_order, jobs_out_of_order
from qc.register.covers_among_pages import take_out_covers
from qc.register.page_result import PageJob, PageResult
from qc.register.painted_rim import without_painted_rims
from qc.register.print_shape import APART, AS_ORDERED, Shape, shared
from qc.register.recognize import expected_pages, mirrored_pages
from qc.register.repeats import find_repeats, find_repeats_in_place
from qc.register.scan_order import find_order
from qc.register.shared_scale import shared_scale, teachers, with_shared_scale
from qc.register.thumbnail_index import index_of
from qc.scan.allocator import give_back
from qc.scan.image_file import sha256
from qc.scan.same_capture import same_bytes
from qc.scan.scan_reader import LATER_BYTES, ScanReader
from qc.scan.scanner_profile import ScannerProfile

Progress = Callable[[int, int], None]
T = TypeVar("T", PageJob, PageResult)
Act = Callable[[T, Reference | None, ScanReader], PageResult]
ASKED = 4
"""Scans of a copy whose print is searched at other scales and angles, seconds each: one picture or one table may look like
nothing, of four pages one is text or looks like itself."""


def inspect_copy(
    copy: BookCopy,
    reference: Reference | None,
    policy: Policy,
    *,
    note: str = "",
    scanner: AppliedProfile = AppliedProfile(),  # noqa: B008 - frozen
    threads: int = 1,
    progress: Progress | None = None,
    reader: ScanReader | None = None,
    cover: CoverReference | None = None,
    cover_note: str = "",
) -> Inspection:
    """Inspect one copy.

    Parameters
    ----------
    copy : BookCopy
    reference : Reference or None
        The ordered book; None where there is none, `note` then says why.
    policy : Policy
    scanner : AppliedProfile
        That its scans were made on.
    threads : int
        Pages inspected at the same time.
    progress : callable, optional
        Called with pages done and pages in all.
    reader : ScanReader, optional
        Of its scans, where something else will look at them, too.
    cover : CoverReference, optional
        The ordered cover; `cover_note` says why it is not known.

    Raises
    ------
    ScanError
        No scan of the copy could be used.
    """
    inspection, _ = inspect_with_colors(
        copy,
        reference,
        policy,
        note=note,
        scanner=scanner,
        threads=threads,
        progress=progress,
        reader=reader,
        cover=cover,
        cover_note=cover_note,
    )
    return inspection


def inspect_with_colors(
    copy: BookCopy,
    reference: Reference | None,
    policy: Policy,
    *,
    note: str = "",
    scanner: AppliedProfile = AppliedProfile(),  # noqa: B008 - frozen
    threads: int = 1,
    progress: Progress | None = None,
    reader: ScanReader | None = None,
    cover: CoverReference | None = None,
    cover_note: str = "",
) -> tuple[Inspection, dict[int, ColorTiles]]:
    """As `inspect_copy`, and the colors of the registered pages by their position."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    reader = reader or ScanReader()
    steps = 1 if reference is None else 2
    work = PageWork(reference, scanner.profile, threads, progress, reader=reader, steps=steps)
    copy, order, pages = collate_copy(copy, work)
    _require_some(copy, pages)
    pages = measure_pages(register_in_order(pages, work), work)
    give_back()
    glasses = [s for s in copy.scans if s.role is Role.GLASS]
    pages = without_dirt_on_glass(without_painted_rims(pages), reader, glasses)
    imprint = read_copy(copy, [p for p in pages if p.job.same_as is None], reference, reader)
    context, records = _place_copy(copy, pages, reference, imprint, order)
    context.cover_note = cover_note if cover_scans(copy) else ""
    if cover is not None and (sides := measure_cover(copy, cover, scanner.profile, reader)):
        context.cover = cover_sides(copy, cover, sides)
        records = with_sides(records, context.cover)
        covers = {side.scan: side.page.picture for side in context.cover.sides.values()}
    else:
        covers = cover_pictures(copy, scanner.profile, reader)
    observe_copy(context)
    provenance = Provenance(
        qc=__version__,
        measures={m: MEASURES[m].version for m in sorted({o.measure for o in context.observations})},
        scanner=scanner.record,
        scans=_hashes(copy.scans),
        started=started,
    )
    inspection = _judge_copy(context, records, policy, note, provenance)
    pictures = {**inspection.pictures, **{scan: picture for scan, picture in covers.items() if picture}}
    return replace(inspection, pictures=pictures), context.colors


def _place_copy(
    copy: BookCopy, pages: Sequence[PageResult], reference: Reference | None, imprint: ImprintPage, order: str
) -> tuple[CopyContext, tuple[PageRecord, ...]]:
    """What measures of the copy are taken from, once every page has its place; and what each scan was taken for."""
    block, mirrored = None, mirrored_pages(pages)
    placed = place_pages(copy, pages, reference, imprint)
    if reference is not None and (block := other_block(placed.interior)):
        block, mirrored = in_ordered_cover(block, copy, reference, imprint.isbns), {}
        pages = without_chance(pages, block)
        placed = place_pages(copy, pages, reference, imprint)
    context = CopyContext(
        copy,
        tuple(pages),
        tuple(placed.interior),
        reference,
        placed.sides,
        imprint,
        placed.doubtful,
        order,
        mirrored,
        block,
    )
    return context, placed.records


def _judge_copy(
    context: CopyContext, records: tuple[PageRecord, ...], policy: Policy, note: str, provenance: Provenance
) -> Inspection:
    copy, reference = context.copy, context.reference
    observations = tuple(with_unexplained_blanks(context.observations, policy.padding))
    unseen = not_seen(copy, context.pages, records, reference, context.sides)
    if context.block is not None:
        # Pages of the ordered book that another block lacks would change nothing.
        unseen = [u for u in unseen if u.file is not None]
    identity = reference.id if reference else ReferenceId("none", note=note)
    unread = not_known(copy, observations)
    findings, verdict = judge(observations, policy, copy, records, identity, unseen, unread)
    return Inspection(
        copy=copy,
        reference=identity,
        policy=policy.identity,
        verdict=verdict,
        refund=decide_refund(verdict, findings, copy, policy, observations),
        findings=findings,
        observations=observations,
        pages=records,
        provenance=provenance,
        not_seen=tuple(unseen),
        pictures={(p.job.scan.name, p.job.scan.frame): p.picture for p in context.pages if p.picture},
    )


@dataclass
class PageWork:
    """How the pages of one copy are worked on.

    Attributes
    ----------
    reference : Reference or None
    profile : ScannerProfile or None
        Of the scanner.
    threads : int
        Pages worked on at the same time.
    progress : callable, optional
        Called with pages done and pages in all.
    recognize : callable
        What is done to each page first.
    dpi : float
        Resolution that suffices.
    reader : ScanReader
        Its room holds the pages that are worked on; each scan is decoded once.
    steps : int
        That a page takes until it is done.
    tiles : TileFile
        Holds the tiles of its pages.
    """

    reference: Reference | None
    profile: ScannerProfile | None = None
    threads: int = 1
    progress: Progress | None = None
    recognize: Act[PageJob] = recognize_page
    dpi: float = WORKING_DPI
    reader: ScanReader = field(default_factory=ScanReader)
    steps: int = 2
    tiles: TileFile = field(default_factory=TileFile)
    _taken: int = 0

    def jobs(self, copy: BookCopy, shapes: tuple[Shape, ...] = ()) -> list[PageJob]:
        """The interior scans of a copy, those that repeat another byte by byte as repeats of it."""
        repeated = {i: copy.pages[first] for i, first in same_bytes(copy.pages).items()}
        direction = direction_of(copy, self.reference)
        return [
            PageJob(
                i + 1,
                scan,
                copy.scan,
                self.profile,
                self.dpi,
                direction=direction,
                same_as=repeated.get(i),
                shapes=shapes,
            )
            for i, scan in enumerate(copy.pages)
        ]

    def each(self, act: Act[T], items: Collection[T], of: int = 0) -> list[PageResult]:
        """What `act` gives for each item, in their order; progress is told of a copy of `of` pages."""
        results = []
        with ThreadPoolExecutor(max(self.threads, 1)) as pool:
            # One thread is this one: a second would have a heap of its own.
            ahead = map if self.threads <= 1 else pool.map
            for result in ahead(lambda item: self._done(act(item, self.reference, self.reader)), items):
                results.append(result)
                self._taken += 1
                if self.progress and of:
                    self.progress(min(self._taken // self.steps, of), of)
        return results

    def _done(self, result: PageResult) -> PageResult:
        """The result, its tiles no longer in memory."""
        tiles = result.tiles
        return replace(result, tiles=self.tiles.keep(tiles)) if isinstance(tiles, PageTiles) else result

    def each_taught(self, act: Act[PageJob], jobs: Sequence[PageJob], of: int = 0) -> list[PageResult]:
        """As `each`; a few pages from all over the copy come first, and what they say of its scale goes with the others, which
        are measured while they are at hand: no pixels are kept until all pages are registered."""
        first = teachers(len(jobs))
        found = dict(zip(first, self.each(act, [jobs[i] for i in first], of), strict=True))
        rest = [i for i in range(len(jobs)) if i not in found]
        if rest and self.reference is not None:
            scale = shared_scale(list(found.values()))
            ahead = [replace(found[i], job=replace(jobs[i], scale=scale)) for i in first]
            found = dict(zip(first, self.each(measure_ahead, ahead), strict=True))
            jobs = [replace(job, scale=scale) for job in jobs]
            self.reader.keep_less(LATER_BYTES)
        found |= zip(rest, self.each(act, [jobs[i] for i in rest], of), strict=True)
        return [found[i] for i in range(len(jobs))]


def collate_copy(copy: BookCopy, work: PageWork) -> tuple[BookCopy, str, list[PageResult]]:
    """The copy in reading order, the order in which it was scanned, and its pages, registered.

    Covers that came along among the pages are named so and are no pages any more. Where pages stay unknown because the print
    is scaled or turned on its sheets, all that is done once more, knowing how.
    """
    copy = with_glass(copy, work.reader)
    found = _collate(copy, work)
    shapes = print_shapes(found[-1], work)
    return _collate(copy, work, shapes) if shapes else found


def _collate(copy: BookCopy, work: PageWork, shapes: tuple[Shape, ...] = ()) -> tuple[BookCopy, str, list[PageResult]]:
    pages = work.each_taught(work.recognize, work.jobs(copy, shapes), len(copy.pages))
    pages = find_repeats(pages, work.reader)
    seen = [p.recognition for p in pages if p.job.same_as is None]
    looks = index_of(work.reference).looks if work.reference is not None else ()
    order = find_order([r.page for r in seen], [r.look for r in seen], looks)
    copy, pages = in_reading_order(copy, pages, order)
    pages = with_proven_resolution(_register_pending(copy, pages, work))
    copy, pages = take_out_covers(copy, pages, work.reference)
    return copy, order, pages


def _register_pending(copy: BookCopy, pages: Sequence[PageResult], work: PageWork) -> list[PageResult]:
    """The pages, those that were not recognized looked up where their neighbors suggest."""
    expected = expected_pages(pages, copy.scan.first_page)
    pending = {i: replace(p.job, seen_as=expected[i]) for i, p in enumerate(pages) if p.pending}
    found = dict(zip(pending, work.each_taught(register_page, list(pending.values()), len(pages)), strict=True))
    return [replace(found[i], recognition=p.recognition) if i in found else p for i, p in enumerate(pages)]


def register_in_order(pages: Sequence[PageResult], work: PageWork) -> list[PageResult]:
    """The pages in step with their neighbors: those that fit several places registered again at the one that is left."""
    if work.reference is None:
        return find_repeats_in_place(pages, work.reader)
    jobs = jobs_out_of_order(pages)
    again = dict(zip(jobs, work.each(register_page, jobs.values()), strict=True))
    in_order = [better_in_order(p, again[i]) if i in again else p for i, p in enumerate(pages)]
    return find_repeats_in_place(in_order, work.reader)


def measure_pages(pages: Sequence[PageResult], work: PageWork) -> list[PageResult]:
    """The pages with their edges and tiles, all measured with the scale and shear that they share."""
    if work.reference is None:
        return list(pages)
    return work.each(measure_page, with_shared_scale(pages), len(pages))


def print_shapes(pages: Sequence[PageResult], work: PageWork) -> tuple[Shape, ...]:
    """How the print of a copy is scaled and turned, where that is why pages were not recognized; empty where they all were,
    or where most were and their print is as ordered, so that the others show something else."""
    reference = work.reference
    if reference is None:
        return ()
    # A resolution is not believed where the sheet has another size and nothing is recognized: a stretched scan has both.
    usable = [p for p in pages if p.error in ("", p.doubt) and p.ink is not None]
    printed = [p for p in usable if p.ink is not None and p.ink.kind is PageKind.CONTENT]
    lost = [p for p in printed if p.reference_page is None]
    known = [p.shape for p in printed if p.shape is not None]
    other = [s for s in known if not s.like(AS_ORDERED, APART)]
    if not lost or (2 * len(lost) < len(printed) and 2 * len(other) < max(len(known), 1)):
        return ()
    asked = [lost[i] for i in sorted({int(k) for k in np.linspace(0, len(lost) - 1, ASKED)})]
    with ThreadPoolExecutor(max(work.threads, 1)) as pool:
        tried = pool.map(lambda p: shape_of_print(p.job, reference, work.reader), asked)
        found = [s for s in tried if s is not None]
    # A sparse page is registered to print of another scale, too, but says little of that.
    return shared(s for s in found if not s.like(AS_ORDERED, APART)) or shared(other)


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


def _hashes(scans: Sequence[ScanFile]) -> dict[str, str]:
    result = {}
    for scan in scans:
        if scan.name not in result:
            try:
                result[scan.name] = sha256(scan.path)
            except ScanError:
                result[scan.name] = "unreadable"
    return result
