"""Which scans are asked for: the fewest that could change a verdict, and how to make them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from qc.flags import Flag
from qc.geometry import Edge
from qc.judge.messages import listed, ranges
from qc.judge.rule import Rule
from qc.measure import MEASURES, readings
from qc.measure.page_sequence import pages_duplicated, pages_missing
from qc.measure.trim_offset import trim_offset
from qc.measure.trim_offset_block import MIN_PAGES
from qc.model import (
    BookCopy,
    Finding,
    FindingOutcome,
    NotSeen,
    Observation,
    PageKind,
    PageRecord,
    Rescan,
    Role,
    VerdictOutcome,
)
from qc.stats import students_factor

_BASE = (
    "with the whole sheet in the frame and a margin on all sides; scan at 300 dpi or more, the resolution in the file"
)
LOOSE = f"Lay the sheet flat on the glass, black paper behind it, {_BASE}."
BOUND = f"Open the book at the page, lay black paper behind the leaf and press it flat, {_BASE}."
DARK = f"Lay the sheet flat on the glass, white paper behind it, as it is printed dark, {_BASE}."
RIM = f"Switch off edge fill and cropping in the scanner's driver. {LOOSE}"
REPLACE = "Put the new scan in the place of the old file."
BACKS = f"Scan these sides, too. {LOOSE}"
COLOR = "Scan in color, not in black and white, at 300 dpi or more, the resolution in the file."
CLEAN = f"Clean the glass and wipe the sheet, then scan it again. {LOOSE}"
IN_PLACE = (
    "Look where the leaf lies in the book, scan it again there, and name the file so that it stands in that place."
)
SECOND = (
    "Look whether the copy has this sheet twice. If so, scan both sides of both flat on black paper, all edges visible, at "
    "300 dpi or more; else take the file out of the folder."
)
OTHER_SIDE = f"Turn the sheet of this file over and scan its other side, too. {LOOSE}"
IMPRINT = "Scan the page with the imprint again, flat and sharp, at 300 dpi or more."
AGAIN = {
    str(flag): how
    for flag, how in {
        Flag.WHITE_BACKING: LOOSE,
        Flag.CROPPED: LOOSE,
        Flag.EDGE_NOT_FOUND: LOOSE,
        Flag.OUTSIDE_NOT_BACKING: LOOSE,
        Flag.BOUND: LOOSE,
        Flag.U_TOO_LARGE: LOOSE,
        Flag.UNREADABLE: LOOSE,
        Flag.PAINTED_RIM: RIM,
        Flag.DARK_PAGE: DARK,
        Flag.BITONAL: COLOR,
        Flag.GRAY_SCAN: COLOR,
    }.items()
}
"""What a better scan of the same page mends, and how it is made."""
_MEANING = {str(f): f.meaning for f in Flag}
_EDGES_ALONG = {"height": (Edge.HEAD, Edge.TAIL), "width": (Edge.SPINE, Edge.FORE_EDGE)}


@dataclass(frozen=True)
class Case:
    """What scans are chosen by: what was found on a copy, how well, and what its scans do not show."""

    copy: BookCopy
    findings: Sequence[Finding]
    observations: Sequence[Observation]
    pages: Sequence[PageRecord]
    not_seen: Sequence[NotSeen]
    k: float

    @property
    def interior(self) -> list[PageRecord]:
        return [p for p in self.pages if p.role is Role.PAGE]

    @property
    def how(self) -> str:
        """How a page is scanned that tells all."""
        return BOUND if self.copy.scan.bound else LOOSE

    def unseen(self) -> list[Rescan]:
        """The pages that were not seen and would tell where they were cut; all, where none would."""
        unseen = [n for n in self.not_seen if n.file is None]
        return [_of(n) for n in unseen if n.tells_cut] or [_of(n) for n in unseen]

    def again(self, position: int, flag: str) -> Rescan:
        """The scan at a position once more, for what `flag` says of it."""
        page = self.interior[position - 1]
        lost = next((n for n in self.not_seen if (n.file, n.reference_page) == _key(page)), None)
        if flag == Flag.UNREADABLE and lost is not None:
            return replace(_of(lost), how=f"{self.how} {REPLACE}")
        how = self.how if AGAIN[flag] == LOOSE else AGAIN[flag]
        return Rescan(_MEANING[flag], page.file, page.reference_page, how=f"{how} {REPLACE}")


@dataclass(frozen=True)
class Group:
    """Scans of which `need` suffice."""

    entries: tuple[Rescan, ...]
    need: int

    @property
    def possible(self) -> bool:
        return 0 < self.need <= len(self.entries)


def rescan_list(case: Case, outcome: VerdictOutcome, lacking: Sequence[tuple[Rule, Edge | None]]) -> tuple[Rescan, ...]:
    """The fewest scans that could change a verdict.

    Parameters
    ----------
    case : Case
    outcome : VerdictOutcome
        What was judged.
    lacking : sequence of (Rule, Edge or None)
        Required rules that were not judged, and where.

    Returns
    -------
    tuple of Rescan
        Nothing for a lost copy or a defect that stands. Else files that could not be read; for insufficient evidence, the scans
        that required rules lack; for needs-review, those that could settle what is undecided. Empty where only a person can.
    """
    if outcome is VerdictOutcome.DEFECT or case.copy.claim.reason == "lost":
        return ()
    groups: list[Group] = []
    if outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE:
        groups = _for_rules(case, lacking)
    elif outcome is VerdictOutcome.NEEDS_REVIEW:
        groups = _for_doubts(case)
    groups = _distinct(g for g in groups if g.possible)
    asked = {(e.file, e.reference_page) for g in groups for e in g.entries}
    unreadable = [
        case.again(i, Flag.UNREADABLE)
        for i, page in enumerate(case.interior, 1)
        if page.kind is PageKind.UNREADABLE and _key(page) not in asked
    ]
    groups += [Group(tuple(unreadable), len(unreadable))] if unreadable else []
    return tuple(replace(e, group=n, need=g.need) for n, g in enumerate(groups, 1) for e in g.entries)


def in_groups(entries: Sequence[Rescan]) -> list[list[Rescan]]:
    """The entries of each group."""
    return [[e for e in entries if e.group == n] for n in dict.fromkeys(e.group for e in entries)]


def which(entries: Sequence[Rescan]) -> str:
    """The scans of some entries: ``"p-1.jpg and p-2.jpg (pages 3-4) and pages 7-9"``."""
    files = list(dict.fromkeys(e.file for e in entries if e.file))
    of_files = [e.reference_page for e in entries if e.reference_page and e.file]
    pages = [e.reference_page for e in entries if e.reference_page and not e.file]
    named = [f"{listed(files)}{f' ({_pages(of_files)})' if of_files else ''}"] if files else []
    named += [_pages(pages)] if pages else []
    return " and ".join([*named, *(str(e.role) for e in entries if e.role)])


def _pages(numbers: Sequence[int]) -> str:
    return f"page{'s' if len(numbers) > 1 else ''} {ranges(numbers)}"


def _key(page: PageRecord) -> tuple[str, int | None]:
    """What tells a scan from others, those of one file among them."""
    return page.file, page.reference_page


def _of(unseen: NotSeen) -> Rescan:
    return Rescan(unseen.why, unseen.file, unseen.reference_page)


def _distinct(groups: Iterable[Group]) -> list[Group]:
    """Groups of the same scans taken together, and those that are made alike and of which all are needed."""
    most: dict[tuple[Rescan, ...], int] = {}
    for group in groups:
        most[group.entries] = max(group.need, most.get(group.entries, 0))
    whole: dict[tuple[str, ...], dict[Rescan, None]] = {}
    some = []
    for entries, need in most.items():
        if need == len(entries):
            whole.setdefault(tuple({e.how: None for e in entries}), {}).update(dict.fromkeys(entries))
        else:
            some.append(Group(entries, need))
    return some + [Group(tuple(entries), len(entries)) for entries in whole.values()]


def _for_rules(case: Case, lacking: Sequence[tuple[Rule, Edge | None]]) -> list[Group]:
    """Scans that required rules lack; none where what was ordered is not known, as no scan tells."""
    edges, groups = [], []
    for rule, edge in lacking:
        nulls = [o for o in case.observations if o.measure == rule.measure and o.value is None]
        nulls = [o for o in nulls if edge is None or o.where.edge is edge]
        flags = {f for o in nulls for f in o.flags}
        if flags & {Flag.TRIM_NOT_STATED, Flag.NO_REFERENCE}:
            return []
        if Flag.HALF_LEAVES in flags or Flag.NOT_COMPLETE in flags:
            groups.append(_sides_not_scanned(case))
        elif MEASURES[rule.measure].subject == "cut":
            edges += [edge] if edge else [e for o in nulls for e in _EDGES_ALONG.get(o.where.axis or "", ())]
        elif flags & {Flag.END_NOT_SEEN, Flag.LAST_CONTENT_NOT_SEEN}:
            groups.append(_end(case))
        else:
            groups.append(_any_page(case, nulls))
    return groups + _cuts(case, edges)


def _cuts(case: Case, edges: Sequence[Edge]) -> list[Group]:
    """Scans by which each of `edges` is seen on enough pages."""
    better: dict[Edge, dict[int, str]] = {}
    need: dict[Edge, int] = {}
    for edge in dict.fromkeys(edges):
        here = [o for o in case.observations if o.measure == trim_offset.id and o.where.edge is edge]
        better[edge] = {o.where.page: f for o in here if o.value is None and o.where.page and (f := _mendable(o))}
        need[edge] = max(MIN_PAGES - sum(o.value is not None for o in here), 1)
    if not better:
        return []
    first = next(iter(better.values()))
    together = {page: flag for page, flag in first.items() if all(page in b for b in better.values())}
    group = _enough(case, together, max(need.values()))
    if group.possible:
        return [group]
    return [_enough(case, pages, need[edge]) for edge, pages in better.items()]


def _mendable(observation: Observation) -> str | None:
    """Why a better scan of the page would show what was not measured; None where it would not."""
    return next((f for f in observation.flags if f in AGAIN), None)


def _enough(case: Case, better: Mapping[int, str], need: int) -> Group:
    """`need` of the scans that can be mended; where these are too few, of all pages that were not seen as well."""
    files = [case.again(page, flag) for page, flag in sorted(better.items())]
    if len(files) >= need:
        return Group(tuple(files), need)
    known = {f.reference_page for f in files}
    more = [replace(e, how=case.how) for e in case.unseen() if e.reference_page not in known]
    return Group((*files, *more), need)


def _sides_not_scanned(case: Case) -> Group:
    """All sides of leaves that were not seen, as a leaf with one of them is there."""
    found = [o for o in case.observations if o.measure == pages_missing.id and o.value is None]
    pages = {page for o in found for page in o.detail.get("not_seen", ())}
    entries = tuple(
        replace(_of(n), how=BACKS) for n in case.not_seen if n.file is None and (n.reference_page in pages or not pages)
    )
    return Group(entries, len(entries))


def _end(case: Case) -> Group:
    unseen = [n for n in case.not_seen if n.reference_page is not None]
    if not unseen:
        return Group((), 1)
    last = max(unseen, key=lambda n: n.reference_page or 0)
    how = f"Scan from page {last.reference_page} on to the end of the copy, blank pages too. {case.how}"
    return Group((replace(_of(last), how=how),), 1)


def _any_page(case: Case, nulls: Sequence[Observation]) -> Group:
    """One page on which a measure tells something."""
    better = {o.where.page: flag for o in nulls if o.where.page and (flag := _mendable(o))}
    return _enough(case, better, MIN_PAGES if any(Flag.FEW_PAGES in o.flags for o in nulls) else 1)


def _for_doubts(case: Case) -> list[Group]:
    """Scans that could settle what is undecided. Where one finding is left to a person anyway, only those that could make
    another one a defect change anything."""
    open_ = [f for f in case.findings if f.severity == "defect" and f.outcome is FindingOutcome.UNDECIDED]
    settled = {i: g for i, f in enumerate(open_) if (g := _settling(case, f))}
    if len(settled) < len(open_):
        settled = {i: g for i, g in settled.items() if open_[i].outside != "never"}
    return [g for groups in settled.values() for g in groups]


def _settling(case: Case, finding: Finding) -> list[Group]:
    """Scans that all together settle an undecided finding; none where no scan does."""
    if not finding.doubt:
        groups = [_closer(case, finding)]
    else:
        groups = [_SETTLES[f](case, finding) if f in _SETTLES else Group((), 1) for f in finding.doubt]
    return groups if all(g.possible for g in groups) else []


def _closer(case: Case, finding: Finding) -> Group:
    """As many more pages as make U smaller than the distance to the limit, by the scatter of the pages so far; where no number
    of them does, as many as would if the value moved away from the limit by its u."""
    found = [o for o in case.observations if o.measure == finding.measure and o.where == finding.where]
    if not found or finding.margin is None or "spread" not in found[0].detail:
        return Group((), 1)
    u, spread, count = found[0].u or 0.0, float(found[0].detail["spread"]), int(found[0].detail["pages"])

    def scatter(pages: int) -> float:
        return spread * students_factor(pages - 1) / math.sqrt(pages)

    common = max(u**2 - scatter(count) ** 2, 0.0)
    edges = [finding.where.edge] if finding.where.edge else _EDGES_ALONG.get(finding.where.axis or "", ())
    better = {
        o.where.page: flag
        for o in case.observations
        if o.measure == trim_offset.id and o.where.edge in edges and o.value is None
        if o.where.page and (flag := _mendable(o))
    }
    most = len(_enough(case, better, len(case.pages) + len(case.not_seen) + 1).entries)
    apart = finding.margin if finding.margin > 0 or not _beyond(finding) else -finding.margin
    for distance in (apart, apart + u):
        for more in range(1, most + 1):
            if case.k * math.sqrt(common + scatter(count + more) ** 2) < distance:
                return _enough(case, better, more)
    return Group((), 1)


def _beyond(finding: Finding) -> bool:
    """Whether a value lies beyond what the policy calls outside, so that only its uncertainty holds it back."""
    limit = finding.outside.split()
    value = abs(finding.value or 0.0) if finding.magnitude else finding.value or 0.0
    return limit[0].startswith(">") and value > float(limit[1])


def _scan_again(how: str) -> Callable[[Case, Finding], Group]:
    def again(case: Case, finding: Finding) -> Group:
        if finding.where.page is None:
            return Group((), 1)
        page = case.interior[finding.where.page - 1]
        return Group((Rescan(f"{finding.message.rstrip('.')}", page.file, page.reference_page, how=how),), 1)

    return again


def _other_side(case: Case, finding: Finding) -> Group:
    """The other side of a leaf of which one is turned or doubled."""
    if finding.measure == pages_duplicated.id:
        return _scan_again(OTHER_SIDE)(case, finding)
    page = case.interior[finding.where.page - 1].reference_page if finding.where.page else None
    sides = [replace(_of(n), how=BACKS) for n in case.not_seen if page is not None and n.other_side == page]
    return Group(tuple(sides), len(sides))


def _neighbors(case: Case, finding: Finding) -> Group:
    """The pages before and after one whose place is only likely."""
    page = case.interior[finding.where.page - 1].reference_page if finding.where.page else None
    beside = [
        replace(_of(n), how=case.how)
        for n in case.not_seen
        if page is not None and n.reference_page in (page - 1, page + 1) and n.file is None
    ]
    return Group(tuple(beside), len(beside))


def _missing_pages(case: Case, finding: Finding) -> Group:
    """Pages that count as missing and may lie at either end of the block, where covers are."""
    found = next((o for o in case.observations if o.measure == finding.measure and o.where == finding.where), None)
    pages = found.detail.get("reference_pages", ()) if found else ()
    how = f"If the copy has it, scan it as well. {case.how}"
    entries = [replace(_of(n), how=how) for n in case.not_seen if n.reference_page in pages]
    return Group(tuple(entries), len(entries))


def _imprint(case: Case, finding: Finding) -> Group:
    """The imprint, where it was not read well."""
    dates = [o for o in case.observations if o.measure == readings.print_date.id]
    poor = any({Flag.LOW_CONFIDENCE, Flag.LOW_RESOLUTION} & set(o.flags) for o in dates)
    entries = [
        Rescan("the date of printing could not be read surely", p.file, p.reference_page, how=f"{IMPRINT} {REPLACE}")
        for p in case.interior
        if p.kind is PageKind.IMPRINT and poor
    ]
    return Group(tuple(entries), 1)


_SETTLES: dict[str, Callable[[Case, Finding], Group]] = {
    Flag.ONE_SIDE: _other_side,
    Flag.MAYBE_SAME_SHEET: _scan_again(SECOND),
    Flag.DIRT_OR_INK: _scan_again(f"{CLEAN} {REPLACE}"),
    Flag.SCAN_UNFINISHED: lambda case, finding: _sides_not_scanned(case),
    Flag.SCANNED_LATE: _scan_again(IN_PLACE),
    Flag.MIXED_UP: _scan_again(IN_PLACE),
    Flag.MAY_BE_COVER: _missing_pages,
    Flag.PLACE_UNSURE: _neighbors,
    Flag.REVISION_UNSURE: _imprint,
}
"""Doubts that a scan settles; all others are left to a person."""
