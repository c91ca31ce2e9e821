"""From the scans of one copy to its inspection: examine pages, put them in order, measure the copy, judge, decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from qc import __version__
from qc.catalog import MEASURES
from qc.errors import ScanError
from qc.examine import PageJob, PageResult, examine_page
from qc.flags import Flag
from qc.geometry import Affine, edge_names, side_of
from qc.judge import judge
from qc.match import darkness, has_content, in_order
from qc.measure.blank_pages import blank_pages_at_end, blank_pages_inside
from qc.measure.color_difference import color_difference_copy, paper_difference
from qc.measure.foreign_pages import pages_foreign
from qc.measure.missing_print import lost_page, lost_print
from qc.measure.own_pages import recto_verso_of_offsets
from qc.measure.page_size import page_size
from qc.measure.print_position_jitter import print_position_jitter
from qc.measure.trim_offset import trim_offset
from qc.measure.trim_offset_block import trim_offset_block
from qc.measure.trim_offset_page import trim_offset_page
from qc.measure.trim_size_block import trim_size_block
from qc.measure.trim_skew import trim_skew
from qc.model import (
    BookCopy,
    Inspection,
    Observation,
    PageKind,
    PageRecord,
    Provenance,
    ReferenceId,
    Rescan,
    Resolution,
    Role,
    ScanFile,
    Where,
)
from qc.own_page import observe_alone
from qc.policy import Policy
from qc.reference import Reference
from qc.refund import decide_refund
from qc.register import Prior
from qc.scan import sha256
from qc.units import px_per_mm

Progress = Callable[[int, int], None]
SPARSE = 0.004
"""Ink coverage below which a page says too little of where it belongs."""
ALIKE = 0.65
"""Correlation of small pictures that lets a page keep its place; text of another book reaches 0.6."""
FULL = 0.01
"""Darkness of a reference page that carries more than a folio."""
SAME_FRAMES = 3
MIN_TEACHERS = 3
"""Well registered pages needed before they tell the others what scale this scanner and press have."""


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
    started = datetime.now(UTC).isoformat(timespec="seconds")
    pages = with_proven_resolution(examine_pages(copy, reference, threads, progress))
    _require_some(copy, pages)
    pages = with_shared_scale(put_in_order(pages, reference))
    places = find_places(copy, pages, reference)
    records = page_records(copy, pages, reference, places)
    observations = observe(copy, pages, records, reference, places.doubtful)
    identity = reference.id if reference else ReferenceId("none", note=note)
    rescan = _rescan(copy, pages, records, reference)
    findings, verdict = judge(observations, policy, copy, records, identity, rescan)
    return Inspection(
        copy=copy,
        reference=identity,
        policy=policy.identity,
        verdict=verdict,
        refund=decide_refund(verdict, findings, copy, policy),
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


def run_jobs(jobs: Sequence[PageJob], reference: Reference | None, threads: int) -> Iterator[PageResult]:
    """Results as they come; never more than two pages a thread under way, so that memory does not grow with the
    copy."""
    if threads <= 1:
        yield from (examine_page(job, reference) for job in jobs)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: set[Future[PageResult]] = set()
        for job in jobs:
            waiting.add(pool.submit(examine_page, job, reference))
            if len(waiting) >= 2 * threads:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (f.result() for f in done)
        yield from (f.result() for f in waiting)


def examine_pages(
    copy: BookCopy, reference: Reference | None, threads: int, progress: Progress | None = None
) -> list[PageResult]:
    """Every interior page of the copy, by position."""
    jobs = [PageJob(i, scan, copy.scan) for i, scan in enumerate(copy.pages, 1)]
    results: dict[int, PageResult] = {}
    for result in run_jobs(jobs, reference, threads):
        results[result.job.position] = result
        if progress:
            progress(len(results), len(jobs))
    return [results[i] for i in sorted(results)]


def with_proven_resolution(pages: Sequence[PageResult]) -> list[PageResult]:
    """Pages whose size speaks against their resolution are in error, unless print on a page of the same resolution
    proves it: a copy cut much too deep has blank pages of the wrong size, too."""
    proven = {p.resolution for p in pages if p.registration is not None}
    return [replace(p, error=p.doubt, credible=False) if p.doubt and p.resolution not in proven else p for p in pages]


def _require_some(copy: BookCopy, pages: Sequence[PageResult]) -> None:
    """Stop with the first fault where no page can be used."""
    bad = [p for p in pages if p.error]
    if copy.claim.reason == "lost":
        return
    if pages and len(bad) == len(pages):
        more = f" ({len(bad)} pages, none usable)" if len(bad) > 1 else ""
        raise ScanError(f"{copy.id}: {bad[0].error}{more}")


def put_in_order(pages: Sequence[PageResult], reference: Reference | None) -> list[PageResult]:
    """Align the pages with the reference in order, and examine again those that look like several reference pages."""
    if reference is None:
        return list(pages)
    scores = [[(c.page, c.score) for c in p.options] if p.registration is not None else [] for p in pages]
    chain = in_order(scores)
    usual = usual_turns(pages)
    result = []
    for page, wanted in zip(pages, chain, strict=True):
        either_way = page.registration is not None and len({c.turns for c in page.options}) > 1
        out_of_place = wanted is not None and wanted != page.reference_page
        if out_of_place or (either_way and usual is not None):
            again = examine_page(replace(page.job, forced_page=wanted, forced_turns=usual), reference)
            page = again if again.registration is not None else page
        result.append(page)
    return result


def usual_turns(pages: Sequence[PageResult]) -> int | None:
    """Quarter turns that most pages needed, by the pages that fit one way only; None where each fits either way."""
    turns = [p.turns for p in pages if p.registration is not None and len({c.turns for c in p.options}) == 1]
    return max(sorted(set(turns)), key=turns.count) if turns else None


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
    copy: BookCopy, pages: Sequence[PageResult], reference: Reference | None, places: Places
) -> tuple[PageRecord, ...]:
    """What each scan of the copy was taken for, covers first as they lie in the folder."""
    usual = usual_turns(pages) or 0
    last_content = _last_content(reference)
    by_scan = {}
    for page, place in zip(pages, places.pages, strict=True):
        ink, registration = page.ink, page.registration
        kind = PageKind.UNREADABLE if page.error or ink is None else ink.kind
        reason = page.error or (ink.reason if ink else "")
        if registration is not None and kind is PageKind.BLANK:
            kind, reason = PageKind.CONTENT, "its print matches the reference page"
        beyond = reference is not None and place is None and kind in (PageKind.CONTENT, PageKind.FOLIO_ONLY)
        if beyond and _is_imprint(page, pages, last_content):
            kind, reason = PageKind.IMPRINT, "a few lines on the last page, after the content of the reference"
        to_scan = None
        if registration is not None and page.to_scan is not None:
            to_scan = page.to_scan.after(registration.to_px)
        number = place if reference is not None else page.job.expected_page
        by_scan[page.job.scan] = PageRecord(
            file=page.job.scan.name,
            frame=page.job.scan.frame,
            role=Role.PAGE,
            reference_page=place,
            side=side_of(number if number is not None else page.job.expected_page),
            kind=kind,
            reason=reason,
            dpi=(page.resolution.x_dpi, page.resolution.y_dpi) if page.resolution and page.credible else None,
            skew_deg=registration.to_px.skew_deg if registration is not None else None,
            upside_down=registration is not None and (page.turns - usual) % 4 == 2,
            to_scan=to_scan,
        )
    return tuple(by_scan.get(scan) or _other_record(scan) for scan in copy.scans)


def _other_record(scan: ScanFile) -> PageRecord:
    return PageRecord(scan.name, scan.frame, scan.role, None, None, None, "not measured yet", None, None, False)


@dataclass(frozen=True)
class Places:
    """Reference page of each scanned page, and the positions (1-based) of blank pages whose place is only likely."""

    pages: tuple[int | None, ...]
    doubtful: frozenset[int] = frozenset()


def find_places(copy: BookCopy, pages: Sequence[PageResult], reference: Reference | None) -> Places:
    """Reference page of each scanned page; blank and sparse pages take the place between their neighbors."""
    if reference is None:
        return Places((None,) * len(pages))
    written = np.array(has_content(reference.thumbnails()))
    full = darkness(reference.thumbnails()) > FULL
    places = [p.reference_page for p in pages]
    known = [(i, place) for i, place in enumerate(places) if place is not None]
    doubtful = set()
    for i, page in enumerate(pages):
        if places[i] is not None:
            continue
        before = max((k for k in known if k[0] < i), default=None)
        after = min((k for k in known if k[0] > i), default=None)
        if before is not None:
            guess = before[1] + i - before[0]
        elif after is not None:
            guess = after[1] - (after[0] - i)
        else:
            guess = page.job.expected_page
        low, high = before[1] if before else 0, after[1] if after else reference.pages + 1
        if guess in places or not low < guess < high or not (page.error or _keeps_place(page, guess)):
            continue
        empty = {PageKind.BLANK: ~written, PageKind.FOLIO_ONLY: ~full}.get(_kind(page))
        if empty is not None and not empty[guess - 1] and not copy.scan.complete:
            in_step = before and after and after[1] - before[1] == after[0] - before[0]
            elsewhere = [n for n in range(low + 1, high) if empty[n - 1] and n not in places]
            blanks = before is not None and all(_kind(p) is PageKind.BLANK for p in pages[before[0] + 1 : i + 1])
            if elsewhere and not in_step:
                # A part was scanned, and the book has such a page there, too.
                if not blanks:
                    guess = elsewhere[0]
                else:
                    doubtful.add(i + 1)
            elif not in_step and _kind(page) is PageKind.FOLIO_ONLY:
                doubtful.add(i + 1)
        places[i] = guess
    return Places(tuple(places), frozenset(doubtful))


def _kind(page: PageResult) -> PageKind:
    return page.ink.kind if page.ink is not None else PageKind.UNREADABLE


def _keeps_place(page: PageResult, place: int) -> bool:
    """Whether a page that no registration confirms may still be the one that its neighbors suggest: blank, sparse, of a
    look that fits, or lying such that it could not be looked up."""
    if page.ink is None or page.ink.kind in (PageKind.BLANK, PageKind.FOLIO_ONLY) or page.ink.coverage < SPARSE:
        return True
    alike = any(c.page == place and c.score >= ALIKE for c in page.options)
    return alike or not page.fits or page.backing in ("white", "none")


def _last_content(reference: Reference | None) -> int:
    if reference is None:
        return 0
    return max((i for i, has in enumerate(has_content(reference.thumbnails()), 1) if has), default=0)


def _is_imprint(page: PageResult, pages: Sequence[PageResult], last_content: int) -> bool:
    """Little print in the lower part of the last written page, beyond everything the reference prints."""
    later = [p for p in pages if p.job.position > page.job.position]
    if any(p.ink is not None and p.ink.kind is not PageKind.BLANK for p in later):
        return False
    if last_content and any(p.reference_page and p.reference_page >= last_content for p in later):
        return False
    return page.ink is not None and page.ink.coverage < 0.03


def observe(
    copy: BookCopy,
    pages: Sequence[PageResult],
    records: Sequence[PageRecord],
    reference: Reference | None,
    doubtful: frozenset[int] = frozenset(),
) -> list[Observation]:
    """All observations of the copy: page by page, then of the whole."""
    interior = [r for r in records if r.role is Role.PAGE]
    observations: list[Observation] = []
    for page, record in zip(pages, interior, strict=True):
        observations += _of_page(page, record, reference)
    if _same_frame(pages):
        observations = [_in_driver_format(o) for o in observations]
    offsets = [o for o in observations if o.measure == "trim-offset"]
    common = None if reference else Flag.NO_REFERENCE
    observations += trim_offset_block(offsets, common)
    if reference is not None:
        bench_cut = copy.scan.spine == "bench"
        sides = {p.job.position: r.side for p, r in zip(pages, interior, strict=True) if r.side is not None}
        observations += trim_offset_page(offsets, bench_cut)
        observations += trim_size_block(offsets, bench_cut)
        observations += trim_skew(offsets, sides)
        observations += print_position_jitter(offsets, bench_cut)
    written = has_content(reference.thumbnails()) if reference else None
    observations.append(blank_pages_at_end(interior, _end_seen(copy, interior, reference)))
    blank = blank_pages_inside(interior, written, doubtful)
    observations += blank
    observations += [lost_page(o) for o in blank if o.value]
    observations += _lost_prints(pages, interior, reference, doubtful)
    observations += pages_foreign(interior, reference is not None)
    if reference is not None:
        observations.append(color_difference_copy([o for o in observations if o.measure == "color-difference"]))
        papers = [p.paper for p in pages if p.paper is not None]
        observations.append(paper_difference(papers, reference.paper))
        observations += recto_verso_of_offsets(offsets, sides)
    else:
        observations += observe_alone(copy, [p.own for p in pages if p.own is not None])
    return observations


def _lost_prints(
    pages: Sequence[PageResult], records: Sequence[PageRecord], reference: Reference | None, doubtful: frozenset[int]
) -> Iterator[Observation]:
    """Pages that lost nearly all of their print, so that no registration tells."""
    if reference is None:
        return
    ordered = darkness(reference.thumbnails())
    for page, record in zip(pages, records, strict=True):
        if page.registration is None and page.ink and record.kind in (PageKind.FOLIO_ONLY, PageKind.CONTENT):
            place, position = record.reference_page, page.job.position
            sure = record.kind is PageKind.FOLIO_ONLY and position not in doubtful
            if place and (lost := lost_print(record, position, page.ink.coverage, float(ordered[place - 1]), sure)):
                yield lost


def _same_frame(pages: Sequence[PageResult]) -> bool:
    """Whether all scans have the very same pixel size: a driver's format, not the size of the paper."""
    sizes = [p.size_px for p in pages if p.size_px is not None]
    return len(sizes) >= SAME_FRAMES and len(set(sizes)) == 1


def _in_driver_format(observation: Observation) -> Observation:
    if observation.measure != "trim-offset" or Flag.CROPPED not in observation.flags:
        return observation
    return replace(observation, detail={**observation.detail, "frame": "driver format"})


def _of_page(page: PageResult, record: PageRecord, reference: Reference | None) -> Iterable[Observation]:
    position, scan = page.job.position, (page.job.scan.name, page.job.scan.frame)
    reason = None
    if record.kind is PageKind.UNREADABLE:
        reason = Flag.UNREADABLE
    elif reference is None:
        reason = Flag.NO_REFERENCE
    elif record.kind is PageKind.BLANK:
        reason = Flag.BLANK
    elif page.registration is None and record.kind is PageKind.CONTENT and record.reference_page is None:
        reason = Flag.FOREIGN
    if page.ink is not None and not page.error:
        yield MEASURES["ink-coverage"].observe(
            page.ink.coverage, page.ink.u, Where(page=position), detail={"kind": str(record.kind)}
        )
    else:
        yield MEASURES["ink-coverage"].observe(None, where=Where(page=position), flags=(Flag.UNREADABLE,))
    assert record.side is not None
    if page.trim is not None and page.to_scan is not None:
        yield from trim_offset(
            page.lines,
            edge_names(record.side),
            page.registration,
            page.trim,
            position,
            reason,
            scan,
            page.to_scan,
            reference.u_trim_mm if reference else 0.0,
        )
    else:
        for edge in edge_names(record.side):
            yield MEASURES["trim-offset"].observe(
                None, where=Where(page=position, edge=edge), flags=(reason or Flag.UNREADABLE,)
            )
    if page.resolution is not None and page.to_scan is not None and not page.error:
        yield from page_size(
            page.lines, _working_scale(page.resolution, page.to_scan, page.turns), position, max(page.u_scale)
        )
    if reference is None:
        return
    unmeasured = (reason or Flag.NOT_REGISTERED,)
    yield page.color or MEASURES["color-difference"].observe(None, where=Where(page=position), flags=unmeasured)
    if page.missing is not None:
        yield page.missing


def _working_scale(resolution: Resolution, to_scan: Affine, turns: int) -> tuple[float, float]:
    """Pixels per mm of the working image of a page, along its x and y."""
    x, y = (resolution.y_dpi, resolution.x_dpi) if turns % 2 else (resolution.x_dpi, resolution.y_dpi)
    return px_per_mm(x) / to_scan.scale[0], px_per_mm(y) / to_scan.scale[1]


def _end_seen(copy: BookCopy, pages: Sequence[PageRecord], reference: Reference | None) -> bool:
    if copy.scan.complete or any(p.kind is PageKind.IMPRINT for p in pages):
        return True
    last = _last_content(reference)
    return bool(last) and any(p.reference_page is not None and p.reference_page >= last for p in pages)


def _rescan(
    copy: BookCopy, pages: Sequence[PageResult], records: Sequence[PageRecord], reference: Reference | None
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
    unseen = [n for n in range(1, reference.pages + 1) if n not in seen and written[n - 1]]
    why = "the copy is stated complete, but no scan shows this page" if copy.scan.complete else "not among the scans"
    return wanted + [Rescan(why, reference_page=n) for n in unseen]


def _hashes(scans: Sequence[ScanFile]) -> dict[str, str]:
    result = {}
    for scan in scans:
        if scan.name not in result:
            try:
                result[scan.name] = sha256(scan.path)
            except OSError:
                result[scan.name] = "unreadable"
    return result
