"""Pictures of findings, cut out of the scans and of what was ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Box, pixel_scaling
from qc.model import Finding, Inspection, ScanFile
from qc.reference.cover import CoverReference
from qc.report.crops import jpeg, small_webp, upright_crop
from qc.report.sights import Sights
from qc.report.views import FoldMark, Look, Marks, Part, ReferenceCrops, Sight, grown, page_of
from qc.scan.scan_reader import ScanReader
from qc.units import MM_PER_INCH

LEAD_BYTES, MORE_BYTES = 52_000, 13_000
"""Of the small pictures of a finding together: of the one beside the verdict, and of each below. With them a report of 30 pages and
ten findings stays below 350 kB."""
LEAD_PX, MORE_PX = 1280, 1000
"""Width of the small pictures of a finding together."""
LARGE_PX = 1500
"""Longer side of what a small picture opens."""
REDUCTIONS = (8, 4, 2, 1)
SCREEN_PX_MM = 10.0
"""How finely a page is drawn that was never scanned."""


@dataclass(frozen=True)
class Picture:
    """One picture of an exhibit: `webp` stands in the report, `large` (JPEG) beside it; `address`, where given, is that of `large`.

    `aspect` is width by height, and `scan` what it was cut out of, by the page map `to_scan`. `large_mm` is what the large picture
    shows: `box_mm` and more around it. `folds` are drawn over it, in the frame of `box_mm`, which lies on its side where the
    picture is `turned`.
    """

    title: str
    caption: str
    look: Look
    aspect: float
    scan: ScanFile | None = None
    to_scan: Affine | None = None
    box_mm: Box = (0.0, 0.0, 0.0, 0.0)
    large_mm: Box = (0.0, 0.0, 0.0, 0.0)
    folds: tuple[FoldMark, ...] = ()
    turned: bool = False
    webp: bytes = field(default=b"", repr=False, compare=False)
    large: bytes = field(default=b"", repr=False, compare=False)
    address: str = field(default="", repr=False, compare=False)

    @property
    def inset(self) -> tuple[float, float, float, float]:
        """Where the large picture lies when `box_mm` fills the frame: left, top, width and height in % of the frame."""
        (x0, y0, x1, y1), (left, top, right, bottom) = self.box_mm, self.large_mm
        wide, high = x1 - x0, y1 - y0
        return (
            100 * (left - x0) / wide,
            100 * (top - y0) / high,
            100 * (right - left) / wide,
            100 * (bottom - top) / high,
        )


@dataclass(frozen=True)
class Exhibit:
    """A finding and its pictures.

    `box_mm` is what all of them show, x0, y0, x1, y1 in the page frame, and `px_per_mm` how finely the first was cut out; None
    where whole pages are shown.
    """

    finding: Finding
    pictures: tuple[Picture, ...]
    marks: Marks
    box_mm: Box | None
    px_per_mm: float


@dataclass(frozen=True)
class _Cut:
    """Where a picture is cut out, at one resolution: what is to be opened, and from which pixel of it on that of the report.

    `shrink` is the coarsest reduction of a scan that shows it as finely.
    """

    part: Part
    large_mm: Box
    start_px: tuple[int, int]
    px_per_mm: float
    shrink: int

    def small(self, large: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What stands in the report, of the picture that it opens."""
        (x0, y0, x1, y1), (left, top) = self.part.box_mm, self.start_px
        width, height = round((x1 - x0) * self.px_per_mm), round((y1 - y0) * self.px_per_mm)
        return large[top : top + height, left : left + width]


def exhibits(
    inspection: Inspection,
    reference: ReferenceCrops | None,
    limit: int = 6,
    reader: ScanReader | None = None,
    cover: CoverReference | None = None,
    beside: Inspection | None = None,
) -> list[Exhibit]:
    """Pictures of the gravest findings that can be seen somewhere.

    Parameters
    ----------
    inspection : Inspection
        Its scans are read again; each file once.
    reference : ReferenceCrops or None
        For the pictures of what was ordered; without one, only the copy is shown.
    limit : int
        At most so many findings.
    reader : ScanReader, optional
        That read the scans before.
    cover : CoverReference, optional
        The ordered cover.
    beside : Inspection, optional
        Of a copy of the title whose cover is as that of the most.

    Returns
    -------
    list of Exhibit
        In the order of `qc.judge.ranking.by_gravity`. Findings that are within have none. Evidence without a place shows
        whole pages.
    """
    reader = reader or ScanReader(0)
    sights = Sights(inspection, reference, reader, cover, beside).of_gravest(limit)
    cuts = [[_cut(part, sight) for part in sight.parts] for sight in sights]
    drawn = _of_scans([c for own in cuts for c in own if c.part.scan], reader)
    return [
        Exhibit(
            sight.finding,
            tuple(_picture(c, drawn.get(id(c)), len(own), lead=n == 0) for c in own),
            sight.marks,
            own[0].part.box_mm if sight.closely else None,
            own[0].px_per_mm,
        )
        for n, (sight, own) in enumerate(zip(sights, cuts, strict=True))
    ]


def _cut(part: Part, sight: Sight) -> _Cut:
    to_scan = next((p.to_scan for p in sight.parts if p.to_scan is not None), None)
    finest = max(to_scan.scale) if to_scan is not None else SCREEN_PX_MM
    x0, y0, x1, y1 = part.box_mm
    trim = sight.trim if sight.closely else None
    wide = 2 if trim is not None else 1
    finest = min(finest, LARGE_PX / max(x1 - x0, y1 - y0) / wide)
    large, start = grown(part.box_mm, page_of(trim), finest) if trim is not None else (part.box_mm, (0, 0))
    shrink = next(r for r in REDUCTIONS if r == 1 or r * finest <= min(to_scan.scale)) if to_scan is not None else 1
    return _Cut(part, large, start, finest, shrink)


def _of_scans(cuts: Sequence[_Cut], reader: ScanReader) -> dict[int, NDArray[np.uint8]]:
    """The large pictures that are cut out of scans, by identity of their cut."""
    shrink: dict[ScanFile, int] = {}
    for c in cuts:
        if c.part.scan is not None:
            shrink[c.part.scan] = min(c.shrink, shrink.get(c.part.scan, c.shrink))
    drawn = {}
    # One at a time: a page is up to 100 MB.
    for scan in sorted(shrink, key=lambda s: (s.name, s.frame)):
        pixels: NDArray[Any] = reader.pixels(scan, shrink[scan])
        for c in cuts:
            if c.part.scan == scan and c.part.to_scan is not None:
                to_pixels = pixel_scaling(1 / shrink[scan], 1 / shrink[scan]).after(c.part.to_scan)
                drawn[id(c)] = upright_crop(pixels, to_pixels, c.large_mm, c.px_per_mm)
        reader.let_go(scan)
    return drawn


def _picture(cut: _Cut, of_scan: NDArray[np.uint8] | None, count: int, *, lead: bool) -> Picture:
    part, large = cut.part, of_scan
    if large is None:
        assert part.ordered is not None
        large = part.ordered.crop(part.number, cut.large_mm, cut.px_per_mm * MM_PER_INCH, exact=False)
    small = cut.small(large)
    if part.turned:
        large, small = (np.ascontiguousarray(np.rot90(p)) for p in (large, small))
    most, width = (LEAD_BYTES, LEAD_PX) if lead else (MORE_BYTES, MORE_PX)
    webp = small_webp(small, width // (1 if part.turned else max(count, 2)), most // count)
    (x0, y0, x1, y1) = part.box_mm
    aspect = (y1 - y0) / (x1 - x0) if part.turned else (x1 - x0) / (y1 - y0)
    return Picture(
        part.title,
        part.caption,
        part.look,
        aspect,
        part.scan,
        part.to_scan,
        part.box_mm,
        cut.large_mm,
        part.folds,
        part.turned,
        webp,
        jpeg(large),
    )
