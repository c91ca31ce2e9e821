"""Copies of one title against each other, without a print file: the copy with most usable pages is the common ruler.

Pages find each other by what is printed on them, not by their position, so a page that one copy lacks does not shift
the rest. Pixels are held a page at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from qc.compare.color import CopyPages, PairTiles, capture_of, observe_between, worst_pair
from qc.compare.conclusions import Conclusion, conclude
from qc.compare.shared_pages import NOTHING, CommonPage, Found, Ruler, base_ruler, common_pages, second_ruler
from qc.errors import ReferenceFault, ScanError, UsageError
from qc.features.color_tiles import ColorTiles, copy_colors
from qc.features.tiles import ScannedPage
from qc.geometry import Edge, Side
from qc.judge.judge import judge_between
from qc.judge.messages import listed, ranges
from qc.judge.policy import Policy
from qc.measure.context.copies_context import CutPlace
from qc.model import BookCopy, Finding, Observation, ScanFile
from qc.page import register_page
from qc.pipeline import PageWork, measure_pages, register_in_order
from qc.reference.approved_copy import CopyReference
from qc.register.page_result import PageJob, PageResult
from qc.register.painted_rim import without_painted_rims
from qc.scan.scanner_profile import ScannerProfile

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
    conclusions : tuple of Conclusion
        Which copies differ in what, or that they agree, the gravest first.
    left_out : mapping of str to str
        Copies that could not be used, and why.
    worst : PairTiles or None
        The pair and page whose colors differ most, for a picture.
    pages : mapping of int to CommonPage
        By ``where.page``: where the scans show each page, for pictures.
    """

    copies: tuple[str, ...]
    base: str
    observations: tuple[Observation, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    conclusions: tuple[Conclusion, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    worst: PairTiles | None = field(default=None, repr=False, compare=False)
    pages: Mapping[int, CommonPage] = field(default_factory=dict, repr=False, compare=False)


def compare_copies(
    copies: Sequence[BookCopy],
    policy: Policy,
    threads: int = 1,
    progress: Progress | None = None,
    profiles: Mapping[str, ScannerProfile | None] = MappingProxyType({}),
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
    profiles : mapping of str to ScannerProfile or None
        By id of the copy.

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
    base = base_ruler(max(references.values(), key=lambda r: len(r.usable)))
    others = [c for c in copies if c.id != base.copy.id]
    work = _Progress(progress, sum(len(c.pages) for c in others) + 2 * len(base.printed))
    found: dict[str, Found] = {}
    left_out: dict[str, str] = {}
    for copy in others:
        seen = _examined(copy, base, threads, work.step, profile=profiles.get(copy.id))
        if seen.pages:
            found[copy.id] = seen
        else:
            left_out[copy.id] = _why_unusable(copy, base, faults)
    used = [c for c in copies if c.id not in left_out]
    if len(used) < 2:
        raise ScanError(next(iter(left_out.values())))
    found = {c.id: found[c.id] for c in used if c.id != base.copy.id}
    laid_on = [(base, found)]
    if len(used) > 2:
        laid_on += _beyond_base(base, [c for c in used if c.id in found], references, found, threads, profiles)
    cuts = {c.id: _cuts(c, laid_on) for c in used}
    laid = [_laid(c, laid_on, profiles.get(c.id)) for c in used]
    bench_cut = any(c.scan.spine != "printer" for c in used)
    observations = observe_between(laid, cuts, bench_cut, step=work.step)
    overall = [o for o in observations if o.where.page is None]
    findings = judge_between(overall, policy)
    return Comparison(
        copies=tuple(c.id for c in used),
        base=base.copy.id,
        observations=tuple(observations),
        findings=findings,
        notes=(*left_out.values(), *_notes(used, base, found), *_notes_beyond(laid_on), *_note_of_two(used)),
        conclusions=conclude([c.id for c in used], observations, findings, policy.k),
        left_out=left_out,
        worst=worst_pair(observations, laid),
        pages=common_pages(laid_on, cuts),
    )


class _Progress:
    def __init__(self, report: Progress | None, total: int) -> None:
        self._report, self._total, self._done = report, total, 0

    def step(self) -> None:
        self._done = min(self._done + 1, self._total)
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


def _examined(
    copy: BookCopy,
    ruler: Ruler,
    threads: int,
    step: Callable[[], None],
    without: Collection[ScanFile] = (),
    profile: ScannerProfile | None = None,
) -> Found:
    """Registered pages of a copy by page number of the ruler; of two that show the same, the one that fits better."""
    work = PageWork(ruler.reference, profile, threads)
    jobs = [PageJob(i, scan, copy.scan, profile) for i, scan in enumerate(copy.pages, 1) if scan not in without]
    results = []
    for result in measure_pages(register_in_order(work.each(register_page, jobs), work), work):
        results.append(result)
        step()
    pages: dict[int, PageResult] = {}
    for page in without_painted_rims(results):
        number, registration = page.reference_page, page.registration
        if number is None or registration is None or number not in ruler.places:
            continue
        before = pages.get(number)
        if before is None or before.registration is None or before.registration.correlation < registration.correlation:
            pages[number] = page
    scanned = [s for n, p in pages.items() if (s := _scanned(n, p, ruler.sides[n])) is not None]
    colors = copy_colors(scanned, {n: p.trim for n, p in pages.items() if p.trim is not None})
    return Found({n: replace(p, tiles=None) for n, p in pages.items()}, colors)


def _scanned(number: int, page: PageResult, side: Side) -> ScannedPage | None:
    if page.tiles is None or page.to_scan is None or page.registration is None:
        return None
    scan, to_scan = (page.job.scan.name, page.job.scan.frame), page.to_scan.after(page.registration.to_px)
    return ScannedPage(number, scan, page.tiles, to_scan, side is not Side.VERSO)


def _beyond_base(
    base: Ruler,
    copies: Sequence[BookCopy],
    references: Mapping[str, CopyReference],
    found: Mapping[str, Found],
    threads: int,
    profiles: Mapping[str, ScannerProfile | None],
) -> list[tuple[Ruler, dict[str, Found]]]:
    """Pages that the base lacks and two of the other copies have, on one of those; none or one pair."""
    ruler = second_ruler(base, [references[c.id] for c in copies if c.id in references], found)
    if ruler is None:
        return []
    more: dict[str, Found] = {}
    for copy in copies:
        if copy.id != ruler.copy.id:
            paired = {page.job.scan for page in found[copy.id].pages.values()}
            more[copy.id] = _examined(copy, ruler, threads, lambda: None, paired, profiles.get(copy.id))
    shared = sorted({number for seen in more.values() for number in seen.pages})
    first = len(base.copy.pages) + 1
    return [(replace(ruler, places={n: first + i for i, n in enumerate(shared)}), more)] if shared else []


def _why_unusable(copy: BookCopy, base: Ruler, faults: Mapping[str, str]) -> str:
    why = faults.get(copy.id, "Check that they are copies of one title.")
    return f"{copy.id} was not compared: none of its pages shows a page of {base.copy.id}. {why}"


def _cuts(copy: BookCopy, laid_on: Sequence[tuple[Ruler, Mapping[str, Found]]]) -> dict[tuple[int, Edge], CutPlace]:
    cuts: dict[tuple[int, Edge], CutPlace] = {}
    for ruler, found in laid_on:
        cuts |= ruler.own_cuts() if copy.id == ruler.copy.id else ruler.cuts(found.get(copy.id, NOTHING))
    return cuts


def _laid(
    copy: BookCopy, laid_on: Sequence[tuple[Ruler, Mapping[str, Found]]], profile: ScannerProfile | None
) -> CopyPages:
    colors: dict[int, ColorTiles] = {}
    for ruler, found in laid_on:
        own = ruler.own_colors(profile) if copy.id == ruler.copy.id else found.get(copy.id, NOTHING).colors
        colors |= {ruler.places[n]: tiles for n, tiles in own.items() if n in ruler.places}
    return CopyPages(copy.id, colors, capture_of(copy, profile))


def _notes(copies: Sequence[BookCopy], base: Ruler, found: Mapping[str, Found]) -> list[str]:
    notes = [f"pages are counted as in {base.copy.id}, the copy with most usable pages"]
    if base.reference.id.note:
        notes.append(f"{base.copy.id}: {base.reference.id.note}")
    for copy in copies:
        if copy.id == base.copy.id:
            continue
        lacking = [base.places[n] for n in base.printed if n not in found[copy.id].pages]
        if lacking:
            plural = "page" if len(lacking) == 1 else "pages"
            notes.append(f"{copy.id}: {plural} {ranges(lacking)} of {base.copy.id} not found")
        if 2 * len(found[copy.id].pages) < len(copy.pages):
            notes.append(
                f"{copy.id}: only {len(found[copy.id].pages)} of its {len(copy.pages)} pages show a page of {base.copy.id}; "
                "check that they are copies of one title"
            )
    return notes


def _notes_beyond(laid_on: Sequence[tuple[Ruler, Mapping[str, Found]]]) -> list[str]:
    (base, _), *more = laid_on
    notes = []
    for ruler, _found in more:
        positions = ruler.reference.position
        those, places = ranges(positions(n) for n in ruler.places), ranges(ruler.places.values())
        one = len(ruler.places) == 1
        notes.append(
            f"{'page' if one else 'pages'} {those} of {ruler.copy.id}, which {base.copy.id} lacks, "
            f"{'is' if one else 'are'} counted as {'page' if one else 'pages'} {places}"
        )
    return notes


def _note_of_two(copies: Sequence[BookCopy]) -> list[str]:
    return ["which of the two is off, two copies cannot say"] if len(copies) == 2 else []
