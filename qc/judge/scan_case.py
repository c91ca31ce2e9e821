"""What scans are chosen by: what was found on a copy, what its scans do not show, and how a page is scanned that tells all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from qc.flags import Flag
from qc.geometry import Edge
from qc.measure.details import GapDetail
from qc.measure.page_sequence import pages_missing
from qc.measure.trim_offset import trim_offset
from qc.model import BookCopy, Finding, NotSeen, Observation, PageRecord, Rescan, Role

_SCAN = (
    "Keep all of it in the frame, with a margin on all sides. Scan at 300 dpi or more, with the resolution in the file."
)
LOOSE = f"Lay the sheet flat on the glass with black paper behind it. {_SCAN}"
BOUND = f"Open the book at the page, lay black paper behind the leaf and press it flat. {_SCAN}"
DARK = f"Lay the sheet flat on the glass with white paper behind it, as it is printed dark. {_SCAN}"
RIM = f"Switch off edge fill and cropping in the scanner's driver. {LOOSE}"
STACK = (
    f"If the copy was not taken apart, state bound = true under [scan] in copy.toml and inspect it again. Else: {LOOSE}"
)
REPLACE = "Put the new scan in the place of the old file."
BACKS = f"Scan these sides, too. {LOOSE}"
COLOR = "Scan in color, not in black and white, at 300 dpi or more, with the resolution in the file."
AGAIN = {
    str(flag): how
    for flag, how in {
        Flag.WHITE_BACKING: LOOSE,
        Flag.CROPPED: LOOSE,
        Flag.EDGE_NOT_FOUND: LOOSE,
        Flag.OUTSIDE_NOT_BACKING: STACK,
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
EDGES_ALONG = {"height": (Edge.HEAD, Edge.TAIL), "width": (Edge.SPINE, Edge.FORE_EDGE)}


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
        return [asked(n) for n in unseen if n.tells_cut] or [asked(n) for n in unseen]

    def page(self, finding: Finding) -> PageRecord | None:
        """The page that a finding speaks of."""
        return dict(enumerate(self.interior, 1)).get(finding.where.page or 0)

    def better(self, observed: Iterable[Observation]) -> dict[int, str]:
        """Of pages on which something was not measured that a better scan would show, what hid it, by position."""
        nulls = [o for o in observed if o.value is None and 0 < (o.where.page or 0) <= len(self.interior)]
        return {o.where.page or 0: f for o in nulls if (f := next((f for f in o.flags if f in AGAIN), None))}

    def cuts(self, edge: Edge | None) -> list[Observation]:
        return [o for o in self.observations if o.measure == trim_offset.id and o.where.edge is edge]

    def again(self, position: int, flag: str) -> Rescan:
        """The scan at a position once more, for what `flag` says of it."""
        page = self.interior[position - 1]
        lost = next((n for n in self.not_seen if (n.file, n.reference_page) == key_of(page)), None)
        if flag == Flag.UNREADABLE and lost is not None:
            return replace(asked(lost), how=f"{self.how} {REPLACE}")
        why = _MEANING[flag].partition(";")[0]
        return Rescan(why, page.file, page.reference_page, how=f"{self.how_again(flag)} {REPLACE}")

    def how_again(self, flag: str) -> str:
        """How a page is scanned that shows what `flag` hides."""
        return self.how if self.copy.scan.bound or AGAIN[flag] == LOOSE else AGAIN[flag]


@dataclass(frozen=True)
class Group:
    """Scans of which `need` suffice."""

    entries: tuple[Rescan, ...]
    need: int

    @property
    def possible(self) -> bool:
        return 0 < self.need <= len(self.entries)


def enough(case: Case, better: Mapping[int, str], need: int) -> Group:
    """`need` of the scans that can be mended; where these are too few, of all pages that were not seen as well."""
    files = [case.again(page, flag) for page, flag in sorted(better.items())]
    if len(files) >= need:
        return Group(tuple(files), need)
    known = {f.reference_page for f in files}
    # What hides the cuts of the pages that were scanned would hide those of others, too.
    how = case.how_again(max(better.values(), key=list(better.values()).count)) if better else case.how
    more = [replace(e, how=how) for e in case.unseen() if e.reference_page not in known]
    return Group((*files, *more), need)


def sides_not_scanned(case: Case) -> Group:
    """All sides of leaves that were not seen, as a leaf with one of them is there."""
    found = [o for o in case.observations if o.measure == pages_missing.id and o.value is None]
    pages = {page for o in found for page in GapDetail.of(o).not_seen}
    entries = tuple(
        replace(asked(n), how=BACKS)
        for n in case.not_seen
        if n.file is None and (n.reference_page in pages or not pages)
    )
    return Group(entries, len(entries))


def key_of(page: PageRecord) -> tuple[str, int | None]:
    """What tells a scan from others, those of one file among them."""
    return page.file, page.reference_page


def asked(unseen: NotSeen) -> Rescan:
    return Rescan(unseen.why, unseen.file, unseen.reference_page)
