"""What the measures of a page and of a copy are given: what was registered, where it belongs, what was observed before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from qc.features.color_tiles import ColorTiles, color_tiles
from qc.features.lamp import lamp_taken_out
from qc.features.tiles import ScannedPage
from qc.features.tone_curve import BarePaper, ToneCurve, bare_paper, tone_curve
from qc.flags import Flag
from qc.geometry import Affine, Direction, Edge, Side, edges_across
from qc.measure.context.another_book import OtherBlock
from qc.measure.context.cover_sides import CoverSides
from qc.measure.context.imprint_page import ImprintPage
from qc.measure.context.page_sides import Sides
from qc.measure.context.sheet_twice import Again, seen_again
from qc.measure.context.trim_guess import of_another_trim
from qc.model import BookCopy, Observation, PageKind, PageRecord
from qc.normalize.scan_color import SRGB, ScanColor
from qc.reference.base import direction_of
from qc.reference.find import Reference
from qc.register.alignment import Alignment, align
from qc.register.collate import last_content
from qc.register.page_result import PageResult
from qc.register.scan_order import AS_SCANNED
from qc.register.thumbnail_index import index_of
from qc.register.thumbnails import has_content

SAME_FRAMES = 3
"""Scans of the very same pixel size from which that is a driver's format, and not the size of the paper."""


@dataclass
class CopyContext:
    """A copy as its measures see it.

    Attributes
    ----------
    copy : BookCopy
        Its scans in reading order.
    pages : tuple of PageResult
        What each interior scan gave, in reading order.
    records : tuple of PageRecord
        What each was taken for, in the same order.
    reference : Reference or None
    sides : Sides
    imprint : ImprintPage
        What was read of the imprint and of the cover.
    doubtful : frozenset of int
        Positions (1-based) of pages whose place in the book is only likely.
    scan_order : str
        In which order the pages were scanned.
    mirrored : mapping of int to int
        By position, the reference page that the scan shows in a mirror.
    block : OtherBlock or None
        The block of another book, where the copy has one.
    cover : CoverSides or None
        Its cover, where that was scanned closed and its design is known.
    cover_note : str
        Why the design of a cover that was scanned is not known.
    observations : list of Observation
        Made so far.
    """

    copy: BookCopy
    pages: tuple[PageResult, ...]
    records: tuple[PageRecord, ...]
    reference: Reference | None
    sides: Sides
    imprint: ImprintPage
    doubtful: frozenset[int] = frozenset()
    scan_order: str = AS_SCANNED
    mirrored: Mapping[int, int] = field(default_factory=dict)
    block: OtherBlock | None = None
    cover: CoverSides | None = None
    cover_note: str = ""
    observations: list[Observation] = field(default_factory=list)

    def observed(self, *measures: str) -> list[Observation]:
        """The observations of these measures so far."""
        return [o for o in self.observations if o.measure in measures]

    def each_page(self) -> Iterator[PageContext]:
        """Pages that were looked at: not those that repeat another scan."""
        for page, record in zip(self.pages, self.records, strict=True):
            if record.same_as is None:
                yield PageContext(self, page, record)

    @property
    def bench_cut(self) -> bool:
        """Whether the spine edge was cut off for scanning."""
        return self.copy.scan.spine == "bench"

    @property
    def direction(self) -> Direction:
        return direction_of(self.copy, self.reference)

    @property
    def offsets(self) -> list[Observation]:
        """Cut edges against trim lines, page by page."""
        return self.observed("trim-offset")

    @cached_property
    def trim_guessed(self) -> bool:
        """Whether the trim is told by the size of the PDF page alone, and the cuts are those of a sound book of another one."""
        by_size = self.reference is not None and self.reference.trim_by_size
        return by_size and of_another_trim(self.observed("trim-offset-block"))

    @cached_property
    def facing(self) -> dict[int, Side]:
        """By position, the side of a leaf on which a page with the spine at that side would lie left to right."""
        return {i: Side.RECTO if left else Side.VERSO for i, left in enumerate(self.sides.at_left, 1)}

    @cached_property
    def same_frame(self) -> bool:
        """Whether all scans have the very same pixel size."""
        sizes = [p.size_px for p in self.pages if p.size_px is not None]
        return len(sizes) >= SAME_FRAMES and len(set(sizes)) == 1

    # Sequence

    @cached_property
    def once(self) -> list[PageRecord]:
        """Records of the scans that repeat no other."""
        return [r for r in self.records if r.same_as is None]

    @cached_property
    def last_content(self) -> int:
        """Number of the last reference page that prints anything; 0 without a reference."""
        return last_content(self.reference)

    @cached_property
    def written(self) -> list[bool] | None:
        """Of each reference page, whether it prints anything that a copy repeats; None without a reference."""
        if self.reference is None:
            return None
        pages = list(has_content(self.reference.thumbnails()))
        return pages[: self.last_content] + [False] * (len(pages) - self.last_content)

    @cached_property
    def shown(self) -> dict[int, int]:
        """Mirrored pages that stand where the page they show belongs and is not seen: elsewhere the likeness is chance."""
        unregistered = {p.job.position for p in self.pages if p.registration is None}
        places = [r.reference_page for r in self.records]
        kept = {}
        for i, page in self.mirrored.items():
            before = next((p for p in reversed(places[: i - 1]) if p is not None), 0)
            after = next((p for p in places[i:] if p is not None), page + 1)
            if i in unregistered and before < page < after and page not in places:
                kept[i] = page
        return kept

    @cached_property
    def alignment(self) -> Alignment | None:
        """The scanned pages against those of the reference."""
        if self.reference is None:
            return None
        records = self.records
        places = [r.reference_page or self.shown.get(i) for i, r in enumerate(records, 1)]
        unknown = [i for i, r in enumerate(records, 1) if r.kind is PageKind.CONTENT and places[i - 1] is None]
        # Which page stands there nobody knows: what is missing beside is asked for.
        lost = [
            i
            for i, r in enumerate(records, 1)
            if r.same_as or (r.kind is PageKind.UNREADABLE and places[i - 1] is None)
        ]
        expected = has_content(self.reference.thumbnails())
        return align(places, expected, index_of(self.reference).looks, unknown, lost)

    @cached_property
    def again(self) -> dict[int, Again]:
        """By position, how a page that was there before differs from its first scan."""
        if self.alignment is None:
            return {}
        return seen_again(self.alignment, self.records, self.offsets, self.bench_cut, self.sides.odd)

    # Tone

    @cached_property
    def even(self) -> dict[int, ScannedPage]:
        """Registered pages with their tiles, by position, the lamp of the scanner taken out of them."""
        return {p.position: p for p in lamp_taken_out([p.scanned for p in self.each_page() if p.scanned is not None])}

    @property
    def colors(self) -> dict[int, ColorTiles]:
        """The colors of `even`, by position."""
        trims = {p.job.position: p.trim for p in self.pages if p.trim is not None}
        return {n: color_tiles(p.tiles, trims[n]) for n, p in self.even.items() if n in trims}

    @cached_property
    def with_tone(self) -> list[ScannedPage]:
        """Those of `even` that were scanned in gray or color."""
        no_tone = {p.job.position: p.no_tone for p in self.pages}
        return [p for n, p in self.even.items() if no_tone[n] is not Flag.BITONAL]

    @cached_property
    def in_color(self) -> list[ScannedPage]:
        """Those of `even` that were scanned in color and show bare paper."""
        no_tone = {p.job.position: p.no_tone for p in self.pages}
        return [p for p in self.with_tone if no_tone[p.position] is None and p.tiles.paper is not None]

    @cached_property
    def curve(self) -> ToneCurve:
        """What the copy makes of the tones of the file."""
        return tone_curve(list(self.even.values()))

    @cached_property
    def common_paper(self) -> BarePaper | None:
        """Bare paper of the copy."""
        return bare_paper(list(self.even.values()))

    @property
    def scan_colors(self) -> ScanColor:
        """What the light of the scans means."""
        return self.in_color[0].tiles.colors if self.in_color else SRGB

    def managed(self, observation: Observation) -> Observation:
        """The observation with a word on how the colors of reference and scan were understood."""
        if observation.value is None or self.reference is None:
            return observation
        management = f"reference {self.reference.id.colors}; scan taken {self.scan_colors.words}"
        return replace(observation, detail={**observation.detail, "color_management": management})


@dataclass(frozen=True)
class PageContext:
    """A scanned page as its measures see it.

    Attributes
    ----------
    copy : CopyContext
    page : PageResult
        What its scan gave.
    record : PageRecord
        What it was taken for.
    """

    copy: CopyContext
    page: PageResult
    record: PageRecord

    @property
    def position(self) -> int:
        """Among the interior scans, from 1."""
        return self.page.job.position

    @property
    def scan(self) -> tuple[str, int]:
        """File name and frame, for evidence."""
        return self.page.job.scan.name, self.page.job.scan.frame

    @property
    def reference(self) -> Reference | None:
        return self.copy.reference

    @property
    def to_scan(self) -> Affine | None:
        """Page-frame mm to pixels of the scan; None where the page is not registered."""
        if self.page.to_scan is None or self.page.registration is None:
            return None
        return self.page.to_scan.after(self.page.registration.to_px)

    @property
    def not_measured(self) -> Flag | None:
        """Why nothing that needs the reference can be measured on this page; None where it can, or that is not known."""
        if self.record.kind is PageKind.UNREADABLE:
            return Flag.UNREADABLE
        if self.reference is None:
            return Flag.NO_REFERENCE
        if self.record.kind is PageKind.BLANK:
            return Flag.BLANK
        strange = self.record.kind is PageKind.CONTENT and self.record.reference_page is None
        return Flag.FOREIGN if strange and self.page.registration is None else None

    @property
    def edges(self) -> tuple[Edge, Edge, Edge, Edge]:
        """What the left, top, right and bottom edges are on this side of the leaf."""
        return edges_across(self.copy.sides.at_left[self.position - 1])

    @property
    def scanned(self) -> ScannedPage | None:
        """The tiles of a registered page as scanned."""
        if self.page.tiles is None or self.to_scan is None:
            return None
        return ScannedPage(self.position, self.scan, self.page.tiles, self.to_scan, self.record.side is not Side.VERSO)
