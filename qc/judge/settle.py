"""Scans that could settle what is undecided."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from qc.flags import Flag
from qc.judge.scan_case import BACKS, EDGES_ALONG, LOOSE, REPLACE, Case, Group, asked, enough, sides_not_scanned
from qc.measure import readings
from qc.measure.cover_fold import spine_width
from qc.measure.cover_identity import cover_identity
from qc.measure.details import CoverSeenDetail, GapDetail, SpreadDetail
from qc.measure.page_sequence import pages_duplicated
from qc.model import Finding, FindingOutcome, PageKind, Rescan, Role
from qc.stats import students_factor

CLEAN = f"Clean the glass and wipe the sheet, then scan it again. {LOOSE}"
GLASS = (
    "Scan the empty glass with the frame and the settings of the pages, and put it into the folder of the copy as glass.png. Or "
    f"scan the sheet again at another place of the glass. {LOOSE}"
)
IN_PLACE = (
    "Look where the leaf lies in the book, scan it again there, and name the file so that it stands in that place."
)
SECOND = (
    "Look whether the copy has this sheet twice. If so, scan both sides of both flat on black paper, all edges visible, at "
    "300 dpi or more; else take the file out of the folder."
)
OTHER_SIDE = f"Turn the sheet of this file over and scan its other side, too. {LOOSE}"
CLOSED = (
    "Lay the closed copy on the glass, its spine toward the nearer rim, all four edges inside, and scan it at 300 dpi."
)
IMPRINT = "Scan the page with the imprint again, flat and sharp, at 300 dpi or more."


def for_doubts(case: Case) -> list[Group]:
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
        groups = [SETTLES[f](case, finding) if f in SETTLES else Group((), 1) for f in finding.doubt]
    return groups if all(g.possible for g in groups) else []


def _closer(case: Case, finding: Finding) -> Group:
    """As many more pages as make U smaller than the distance to the limit, by the scatter of the pages so far; where no number
    of them does, as many as would if the value moved away from the limit by its u."""
    found = [o for o in case.observations if o.measure == finding.measure and o.where == finding.where]
    over_pages = SpreadDetail.of(found[0]) if found else SpreadDetail()
    if finding.margin is None or over_pages.spread is None or over_pages.pages < 2:
        return Group((), 1)
    u, count = found[0].u or 0.0, over_pages.pages

    def scatter(pages: int) -> float:
        return (over_pages.spread or 0.0) * students_factor(pages - 1) / math.sqrt(pages)

    common = max(u**2 - scatter(count) ** 2, 0.0)
    edges = [finding.where.edge] if finding.where.edge else EDGES_ALONG.get(finding.where.axis or "", ())
    better = case.better(o for edge in edges for o in case.cuts(edge))
    most = len(enough(case, better, len(case.pages) + len(case.not_seen) + 1).entries)
    apart = finding.margin if finding.margin > 0 or not _beyond(finding) else -finding.margin
    for distance in (apart, apart + u):
        for more in range(1, most + 1):
            if case.k * math.sqrt(common + scatter(count + more) ** 2) < distance:
                return enough(case, better, more)
    return Group((), 1)


def _beyond(finding: Finding) -> bool:
    """Whether a value lies beyond what the policy calls outside, so that only its uncertainty holds it back."""
    limit = finding.outside.split()
    value = abs(finding.value or 0.0) if finding.magnitude else finding.value or 0.0
    return limit[0].startswith(">") and value > float(limit[1])


def _scan_again(how: str) -> Callable[[Case, Finding], Group]:
    def again(case: Case, finding: Finding) -> Group:
        page = case.page(finding)
        if page is None:
            return Group((), 1)
        return Group((Rescan(finding.message.rstrip("."), page.file, page.reference_page, how=how),), 1)

    return again


def _other_side(case: Case, finding: Finding) -> Group:
    """The other side of a leaf of which one is turned or doubled."""
    if finding.measure == pages_duplicated.id:
        return _scan_again(OTHER_SIDE)(case, finding)
    page = case.page(finding)
    sides = [
        replace(asked(n), how=BACKS)
        for n in case.not_seen
        if page and n.other_side and n.other_side == page.reference_page
    ]
    return Group(tuple(sides), len(sides))


def _neighbors(case: Case, finding: Finding) -> Group:
    """The pages before and after one whose place is only likely."""
    page = case.page(finding)
    number = page.reference_page if page else None
    unseen = [n for n in case.not_seen if n.file is None and n.reference_page and number]
    beside = [replace(asked(n), how=case.how) for n in unseen if abs((n.reference_page or 0) - (number or 0)) == 1]
    return Group(tuple(beside), len(beside))


def _missing_pages(case: Case, finding: Finding) -> Group:
    """Pages that count as missing and may lie at either end of the block, where covers are."""
    found = next((o for o in case.observations if o.measure == finding.measure and o.where == finding.where), None)
    pages = GapDetail.of(found).reference_pages if found else ()
    how = f"If the copy has it, scan it as well. {case.how}"
    entries = [replace(asked(n), how=how) for n in case.not_seen if n.reference_page in pages]
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


def _glass(case: Case, finding: Finding) -> Group:
    """The empty glass, which settles all marks of a copy; a copy in one file has no folder for it."""
    if any(s.path == case.copy.path for s in case.copy.scans):
        return _scan_again(f"{CLEAN} {REPLACE}")(case, finding)
    return Group((Rescan("the empty glass tells dirt from ink", role=Role.GLASS, how=GLASS),), 1)


def _cover(case: Case, finding: Finding) -> Group:
    """The side of a cover that was not scanned; else both once more, where the wall of the spine may be seen beside a fold."""
    seen = next((CoverSeenDetail.of(o) for o in case.observations if o.measure == cover_identity.id), CoverSeenDetail())
    why = "both sides of the cover tell where it is folded"
    if seen.not_seen:
        roles = [Role.COVER_FRONT if side == "front" else Role.COVER_BACK for side in seen.not_seen]
        return Group(tuple(Rescan(why, role=role, how=CLOSED) for role in roles), len(roles))
    width = next((o.value for o in case.observations if o.measure == spine_width.id), None)
    if width is None or width > 0:
        return Group((), 1)
    scans = [p for p in case.pages if p.role in (Role.COVER_FRONT, Role.COVER_BACK)]
    again = [
        Rescan("the wall of the spine may be seen beside a fold", p.file, how=f"{CLOSED} {REPLACE}") for p in scans
    ]
    return Group(tuple(again), len(again))


SETTLES: dict[str, Callable[[Case, Finding], Group]] = {
    Flag.ONE_SIDE: _other_side,
    Flag.MAYBE_SAME_SHEET: _scan_again(SECOND),
    Flag.DIRT_OR_INK: _glass,
    Flag.STAIN_OR_INK: _scan_again(f"{CLEAN} {REPLACE}"),
    Flag.SCAN_UNFINISHED: lambda case, finding: sides_not_scanned(case),
    Flag.SCANNED_LATE: _scan_again(IN_PLACE),
    Flag.MIXED_UP: _scan_again(IN_PLACE),
    Flag.MAY_BE_COVER: _missing_pages,
    Flag.FOLD_NOT_PROVEN: _cover,
    Flag.OTHER_SIDE_NOT_SEEN: _cover,
    Flag.PLACE_UNSURE: _neighbors,
    Flag.REVISION_UNSURE: _imprint,
}
"""Doubts that a scan settles; all others are left to a person."""
