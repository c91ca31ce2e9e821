"""Copies of one title against each other, without a print file: the copy with most usable pages is the common ruler.

Pages find each other by what is printed on them, not by their position, so a page that one copy lacks does not shift
the rest. Pixels are held a page at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from qc.compare_color import CopyPages, Shown, compare_colors, shown
from qc.copy_reference import CopyReference
from qc.errors import ReferenceFault, ScanError, UsageError
from qc.geometry import Edge, edge_names, side_of
from qc.judge import judge_between
from qc.measure.between_copies import CutPlace, copy_position_difference
from qc.measure.trim_offset import trim_offset
from qc.model import BookCopy, Finding, Observation, PageKind
from qc.odd_one import conclusion
from qc.order import put_in_order
from qc.page_result import PageResult
from qc.pipeline import examine_pages, with_shared_scale
from qc.policy import Policy
from qc.wording import listed, ranges
from qc.worst_pair import PairTiles, WorstPair

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Comparison:
    """What `compare_copies` found.

    Attributes
    ----------
    copies : tuple of str
        Ids of the copies that were compared.
    base : str
        The copy whose pages count in ``where.page``, and whose millimeters are used.
    observations : tuple of Observation
    findings : tuple of Finding
        Of the observations over all pages; a single page says too little of a copy to be judged.
    notes : tuple of str
        What was not compared and why.
    conclusion : str
        Which copy differs, or that they agree.
    left_out : mapping of str to str
        Copies that could not be used, and why.
    worst : PairTiles or None
        The pair and page whose colors differ most, for a picture.
    """

    copies: tuple[str, ...]
    base: str
    observations: tuple[Observation, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    conclusion: str
    left_out: Mapping[str, str] = field(default_factory=dict)
    worst: PairTiles | None = field(default=None, repr=False, compare=False)


def compare_copies(
    copies: Sequence[BookCopy], policy: Policy, threads: int = 1, progress: Progress | None = None
) -> Comparison:
    """Compare copies of one title with each other.

    Parameters
    ----------
    copies : sequence of BookCopy
        Two or more, of different ids.
    policy : Policy
        Its rules between copies make the findings.
    threads : int
        Pages examined at the same time.
    progress : callable, optional
        Called with pages done and pages in all.

    Raises
    ------
    UsageError
        Fewer than two copies, or one id twice.
    ScanError
        Fewer than two copies can be used.

    Notes
    -----
    The base must be scanned upright on black or gray backing. Where the other copies were not, their colors are
    compared and their cuts are not.
    """
    _check(copies)
    references, faults = _references(copies, threads)
    if not references:
        raise ScanError(f"None of {listed(c.id for c in copies)} can be compared. {next(iter(faults.values()))}")
    base = max(references.values(), key=lambda r: len(r.usable))
    others = [c for c in copies if c.id != base.copy.id]
    work = _Progress(progress, sum(len(c.pages) for c in others) + len(base.usable))
    found: dict[str, dict[int, PageResult]] = {}
    left_out: dict[str, str] = {}
    for copy in others:
        pages = _examined(copy, base, threads, work)
        if pages:
            found[copy.id] = pages
        else:
            left_out[copy.id] = _why_unusable(copy, base, faults)
    used = [c for c in copies if c.id not in left_out]
    if len(used) < 2:
        raise ScanError(next(iter(left_out.values())))
    cuts = {c.id: _base_cuts(base) if c.id == base.copy.id else _cuts(found[c.id], base) for c in used}
    observations = copy_position_difference(cuts, any(c.scan.spine != "printer" for c in used))
    sizes = {base.position(n): outline.size for n in base.usable if (outline := base.outline(n)) is not None}
    laid = [_base_pages(base) if c.id == base.copy.id else _pages(c, found[c.id], base, references) for c in used]
    worst = WorstPair()
    observations += compare_colors(laid, sizes, threads, work.step, worst)
    overall = [o for o in observations if o.where.page is None]
    findings = judge_between(overall, policy)
    return Comparison(
        copies=tuple(c.id for c in used),
        base=base.copy.id,
        observations=tuple(observations),
        findings=findings,
        notes=(*left_out.values(), *_notes(used, base, found)),
        conclusion=conclusion([c.id for c in used], observations, [f.outcome for f in findings], policy),
        left_out=left_out,
        worst=worst.found,
    )


class _Progress:
    def __init__(self, report: Progress | None, total: int) -> None:
        self._report, self._total, self._done = report, total, 0

    def step(self) -> None:
        self._done += 1
        if self._report:
            self._report(self._done, self._total)


def _check(copies: Sequence[BookCopy]) -> None:
    ids = [c.id for c in copies]
    if len(ids) < 2:
        raise UsageError("A comparison needs two copies or more; name the folders of at least two.")
    twice = next((i for i in ids if ids.count(i) > 1), None)
    if twice is not None:
        raise UsageError(
            f"Two of the copies have the id {twice}, so results could not be told apart. Name each copy once, or state "
            "different ids in copy.toml."
        )


def _references(copies: Sequence[BookCopy], threads: int) -> tuple[dict[str, CopyReference], dict[str, str]]:
    references, faults = {}, {}
    for copy in copies:
        try:
            references[copy.id] = CopyReference(copy, threads=threads)
        except ReferenceFault as fault:
            faults[copy.id] = str(fault)
    return references, faults


def _examined(copy: BookCopy, base: CopyReference, threads: int, work: _Progress) -> dict[int, PageResult]:
    """Registered pages of a copy by page number of the base; of two that show the same, the one that fits better."""
    results = examine_pages(copy, base, threads, lambda done, total: work.step())
    pages: dict[int, PageResult] = {}
    for page in with_shared_scale(put_in_order(results, base)):
        number, registration = page.reference_page, page.registration
        if number is None or registration is None or number not in base.usable:
            continue
        before = pages.get(number)
        if before is None or before.registration is None or before.registration.correlation < registration.correlation:
            pages[number] = page
    return pages


def _why_unusable(copy: BookCopy, base: CopyReference, faults: Mapping[str, str]) -> str:
    why = faults.get(copy.id, "Check that they are copies of one title.")
    return f"{copy.id} was not compared: none of its pages shows a page of {base.copy.id}. {why}"


def _base_cuts(base: CopyReference) -> dict[tuple[int, Edge], CutPlace]:
    cuts = {}
    for number in base.usable:
        outline = base.outline(number)
        if outline is None or outline.kind is PageKind.BLANK:
            continue
        for edge, u in zip(edge_names(side_of(number)), outline.u_mm, strict=True):
            cuts[base.position(number), edge] = CutPlace(0.0, u)
    return cuts


def _cuts(pages: Mapping[int, PageResult], base: CopyReference) -> dict[tuple[int, Edge], CutPlace]:
    cuts = {}
    for number, page in pages.items():
        assert page.trim is not None and page.to_scan is not None
        position, scan = base.position(number), (page.job.scan.name, page.job.scan.frame)
        left, top, right, bottom = page.lines
        lines, names = (left, top, right, bottom), edge_names(side_of(number))
        for o in trim_offset(lines, names, page.registration, page.trim, position, None, scan, page.to_scan):
            assert o.where.edge is not None
            u = float(np.hypot(o.detail["u_edge"], o.detail["u_registration"])) if o.value is not None else 0.0
            cuts[position, o.where.edge] = CutPlace(o.value, u, o.flags[0] if o.flags else "")
    return cuts


def _base_pages(base: CopyReference) -> CopyPages:
    found = {}
    for number in base.usable:
        outline = base.outline(number)
        if outline is not None and outline.kind is not PageKind.BLANK:
            position = base.position(number)
            found[position] = Shown(base.copy.pages[position - 1], outline.to_scan)
    return CopyPages(base.copy, found, base.seen_paper)


def _pages(
    copy: BookCopy, pages: Mapping[int, PageResult], base: CopyReference, references: Mapping[str, CopyReference]
) -> CopyPages:
    found = {}
    for number, page in pages.items():
        if page.registration is not None and page.to_scan is not None:
            to_scan = page.to_scan.after(page.registration.to_px)
            found[base.position(number)] = shown(page.job.scan, to_scan, copy, number, base.trim)
    if copy.id in references:
        return CopyPages(copy, found, references[copy.id].seen_paper)
    papers = [page.paper for page in pages.values() if page.paper is not None]
    return CopyPages(copy, found, np.median(papers, axis=0) if papers else None)


def _notes(copies: Sequence[BookCopy], base: CopyReference, found: Mapping[str, Mapping[int, PageResult]]) -> list[str]:
    notes = [f"pages are counted as in {base.copy.id}, the copy with most usable pages"]
    if base.id.note:
        notes.append(f"{base.copy.id}: {base.id.note}")
    printed = [n for n in base.usable if (o := base.outline(n)) is not None and o.kind is not PageKind.BLANK]
    for copy in copies:
        if copy.id == base.copy.id:
            continue
        lacking = [base.position(n) for n in printed if n not in found[copy.id]]
        if lacking:
            plural = "page" if len(lacking) == 1 else "pages"
            notes.append(f"{copy.id}: {plural} {ranges(lacking)} of {base.copy.id} not found")
        if 2 * len(found[copy.id]) < len(copy.pages):
            notes.append(
                f"{copy.id}: only {len(found[copy.id])} of its {len(copy.pages)} pages show a page of {base.copy.id}; "
                "check that they are copies of one title"
            )
    return notes
