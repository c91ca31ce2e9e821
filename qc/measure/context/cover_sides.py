"""What the measures of a cover are given: its sides as scanned, each against its panel of the ordered wrap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from qc.edges.fold_place import U_FOLD_MM
from qc.flags import Flag
from qc.geometry import Affine, Edge, Size, edge_names, side_of
from qc.measure.context.cut_places import CutPlace, cut_places
from qc.model import BookCopy, Observation, PageKind, PageRecord, Role, Where, evidence_at
from qc.reference.cover import PANELS, CoverReference
from qc.reference.wrap import Panel
from qc.register.closed_cover import is_flat
from qc.register.page_result import PageResult

OFF_MM = 3.0
"""Folds that seem farther apart than designed by more are none: a cover cut off with its spine ends inside both panels."""
WALL_MM = 1.25
"""Folds that seem nearer to each other by more may be the wall of the spine, which a scanner with a lens sees beside the fold; one
with lettering on it was taken for the side, 1.75 mm off, in 1 of 105 copies. No paper on file is thinner than another by as much in
books up to 160 pages; of a thicker one a person looks at a shift beyond the limit."""


@dataclass(frozen=True)
class CoverSide:
    """One side of a closed copy.

    Attributes
    ----------
    panel : Panel
        That it shows, else that its scan is named for.
    page : PageResult
        What its scan gave.
    names : tuple of Edge
        What its left, top, right and bottom edges are; the fold is `Edge.SPINE`.
    trim : Size
        Of the panel.
    """

    panel: Panel
    page: PageResult
    names: tuple[Edge, Edge, Edge, Edge]
    trim: Size

    @property
    def registered(self) -> bool:
        return self.page.registration is not None

    @property
    def scan(self) -> tuple[str, int]:
        return self.page.job.scan.name, self.page.job.scan.frame

    @property
    def to_scan(self) -> Affine | None:
        """Panel mm to pixels of the scan."""
        if self.page.to_scan is None or self.page.registration is None:
            return None
        return self.page.to_scan.after(self.page.registration.to_px)

    @cached_property
    def cuts(self) -> Mapping[Edge, CutPlace]:
        """Where head, tail and fore-edge are cut and the spine is folded, against the panel."""
        page = self.page
        reason = Flag.UNREADABLE if page.error else None
        return dict(zip(self.names, cut_places(page.lines, page.registration, self.trim, reason), strict=True))

    def seen_at(self, place: CutPlace, observation: Observation) -> Observation:
        """The observation with the place of a cut as its evidence."""
        if place.view_mm is None or self.to_scan is None:
            return observation
        return replace(observation, evidence=(evidence_at(self.scan, place.view_mm, self.to_scan),))


@dataclass(frozen=True)
class CoverSides:
    """The cover of a copy as its measures see it: the sides that were scanned, by the panel that they show."""

    copy: BookCopy
    reference: CoverReference
    sides: Mapping[Panel, CoverSide]

    @cached_property
    def folds(self) -> Mapping[Panel, CutPlace]:
        """Where the fold of each side lies; > 0: in the designed spine."""
        return {panel: side.cuts[Edge.SPINE] for panel, side in self.sides.items()}

    @property
    def both(self) -> tuple[float, float] | None:
        """Offset of the front fold and of the back fold, in mm; None where one is not known."""
        places = [self.folds.get(panel) for panel in (Panel.FRONT, Panel.BACK)]
        known = [p.offset for p in places if p is not None and p.offset is not None]
        return (known[0], known[1]) if len(known) == len(places) else None

    @property
    def not_proven(self) -> bool:
        """Whether what is seen at the spine may be no fold."""
        # A crease is a faint line, and nobody has held creases of real covers against a gauge.
        if self.both is None or any(is_flat(side.page) for side in self.sides.values()):
            return True
        return not -WALL_MM <= -sum(self.both) <= OFF_MM

    @property
    def off(self) -> bool:
        """Whether the cover was taken off, so that no fold is seen: as stated, or by both edges, where the bench cut the spine."""
        scan = self.copy.scan
        if any(is_flat(side.page) for side in self.sides.values()):
            return False
        if scan.cover != "auto":
            return scan.cover == "off"
        cut_by_bench = bool(self.copy.pages) and not scan.bound and scan.spine == "bench"
        return cut_by_bench and self.both is not None and -sum(self.both) > OFF_MM

    @property
    def u_shape_mm(self) -> float:
        """What both folds share of their uncertainty: their rounding and its shading."""
        return U_FOLD_MM

    @property
    def why_no_fold(self) -> Flag | None:
        return Flag.COVER_OFF if self.off else None


def cover_sides(copy: BookCopy, reference: CoverReference, pages: list[PageResult]) -> CoverSides:
    """The scans of a closed cover, each under the panel that it shows; of two scans of one panel the one that registers better.

    One that shows neither panel stands for the one it is named for, or for the other where that is seen.
    """
    found: dict[Panel, CoverSide] = {}
    for page in sorted(pages, key=_worth, reverse=True):
        number = page.reference_page or page.job.position
        if page.reference_page is None and PANELS[number] in found:
            number = len(PANELS) + 1 - number
        names = edge_names(side_of(number), reference.direction)
        side = CoverSide(PANELS[number], page, names, reference.page(number).trim)
        found.setdefault(side.panel, side)
    return CoverSides(copy, reference, {panel: found[panel] for panel in Panel if panel in found})


def _worth(page: PageResult) -> float:
    return page.registration.correlation if page.registration is not None else -1.0


def side(panel: Panel) -> Where:
    """Where of an observation on one side of the cover."""
    return Where(side=str(panel))


def with_sides(records: Sequence[PageRecord], cover: CoverSides) -> tuple[PageRecord, ...]:
    """The records of the scans, those of the cover with what its scans were taken for."""
    by_scan: dict[tuple[str, int], list[CoverSide]] = {}
    for side in cover.sides.values():
        by_scan.setdefault(side.scan, []).append(side)
    return tuple(_record(r, by_scan[r.file, r.frame]) if (r.file, r.frame) in by_scan else r for r in records)


def _record(record: PageRecord, sides: Sequence[CoverSide]) -> PageRecord:
    side = max(sides, key=lambda s: s.registered)
    page, registration = side.page, side.page.registration
    matched = " and ".join(s.panel for s in sides if s.registered)
    said = f"its print matches the {matched} of the ordered cover" if matched else "not recognized"
    role = Role.COVER_FRONT if side.panel is Panel.FRONT else Role.COVER_BACK
    return replace(
        record,
        role=role if registration is not None and record.role is not Role.COVER_WRAP else record.role,
        kind=PageKind.UNREADABLE if page.error else PageKind.CONTENT,
        reason=page.error or said,
        dpi=(page.resolution.x_dpi, page.resolution.y_dpi) if page.resolution and page.credible else None,
        skew_deg=registration.to_px.skew_deg if registration is not None else None,
        upside_down=registration is not None and page.turns % 4 == 2,
        to_scan=side.to_scan,
    )
