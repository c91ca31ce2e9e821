"""Pictures of findings: crops of the original scan, upright, beside the same place of the reference."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from qc.geometry import Affine, Box, Size, pixel_scaling
from qc.judge.ranking import by_gravity
from qc.measure.details import Line, TrimOffsetDetail
from qc.measure.foreign_pages import pages_foreign
from qc.measure.trim_offset import trim_offset
from qc.model import Evidence, Finding, FindingOutcome, Inspection, PageRecord, Role, ScanFile
from qc.scan.image_file import ScanHeader
from qc.scan.scan_reader import ScanReader
from qc.units import MM_PER_INCH, px_per_mm

MARGIN_MM = 4.0
LEAST_HEIGHT_MM = 33.0
ASPECT = 4 / 3
MOST_PX = 960
"""Two pixels of a dense screen to each unit of `qc.report.evidence_overlay.WIDTH`."""
OFF_THE_SCAN = 205
WEBP_QUALITY = 78
WEBP_METHOD = 2
"""Encodes in half the time that 4 takes, into 4 % more."""
REDUCTIONS = (8, 4, 2, 1)


class ReferenceCrops(Protocol):
    """What this module needs of a reference."""

    trim: Size
    pages: int

    def crop(self, page: int, box_mm: Box, dpi: float, /, *, exact: bool = True) -> NDArray[np.uint8]: ...


@dataclass(frozen=True)
class Marks:
    """Lines to draw over a picture, in page-frame millimeters: the trim line, the cut edge, the region found.

    `offset_mm` is the trim offset of the very page in the picture; a finding speaks of the block.
    """

    trim: Line | None = None
    cut: Line | None = None
    region: Box | None = None
    offset_mm: float | None = None
    u_mm: float | None = None


@dataclass(frozen=True)
class Exhibit:
    """A finding and its pictures.

    `box_mm` is what both pictures show, x0, y0, x1, y1 in the page frame, and `px_per_mm` how finely. `page` is the
    position among the scanned interior pages, 0 for a cover; `reference_page` the one beside it.
    """

    finding: Finding
    copy_webp: bytes
    reference_webp: bytes | None
    box_mm: Box
    px_per_mm: float
    file: str
    page: int
    reference_page: int | None
    marks: Marks
    caption: str
    only_expected: bool = False
    """Whether `reference_page` is not what the scan shows, but the page that should stand there."""


def exhibits(
    inspection: Inspection, reference: ReferenceCrops | None, limit: int = 6, reader: ScanReader | None = None
) -> list[Exhibit]:
    """Pictures of the gravest findings that can be seen somewhere.

    Parameters
    ----------
    inspection : Inspection
        Its scans are read again; each file once.
    reference : ReferenceCrops or None
        For the picture beside it; without one, only the copy is shown.
    limit : int
        At most so many pictures, one a finding.
    reader : ScanReader, optional
        That read the scans before.

    Returns
    -------
    list of Exhibit
        In the order of `qc.judge.ranking.by_gravity`. Findings that are within have none. Evidence without a place shows
        the whole scan.
    """
    reader = reader or ScanReader(0)
    places = _places(inspection, limit, reader)
    shrink: dict[ScanFile, int] = {}
    for place in places:
        shrink[place.scan] = min(place.shrink, shrink.get(place.scan, place.shrink))
    shown: dict[int, Exhibit] = {}
    last: ScanFile | None = None
    for index in sorted(range(len(places)), key=lambda i: (places[i].scan.name, places[i].scan.frame)):
        place = places[index]
        if place.scan != last:
            # One at a time: a page is up to 100 MB.
            pixels, last = reader.pixels(place.scan, shrink[place.scan]), place.scan
        shown[index] = _exhibit(inspection, place, pixels, shrink[place.scan], reference)
    return [shown[i] for i in range(len(places))]


@dataclass(frozen=True)
class _Place:
    """What is shown of a finding; `shrink` is the coarsest reduction of the scan that shows it as finely."""

    finding: Finding
    record: PageRecord
    scan: ScanFile
    to_scan: Affine
    marks: Marks
    box_mm: Box
    px_per_mm: float

    @property
    def shrink(self) -> int:
        return next(r for r in REDUCTIONS if r == 1 or r * self.px_per_mm <= min(self.to_scan.scale))


def _places(inspection: Inspection, limit: int, reader: ScanReader) -> list[_Place]:
    scans = {(s.name, s.frame): s for s in inspection.copy.scans}
    records = {(p.file, p.frame): p for p in inspection.pages}
    places: list[_Place] = []
    for finding in by_gravity(inspection.findings):
        if len(places) == limit:
            break
        if finding.outcome not in (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED):
            continue
        for e in finding.evidence:
            record, scan = records.get((e.file, e.frame)), scans.get((e.file, e.frame))
            to_scan = record and _to_scan(record, e)
            if record and scan and to_scan:
                marks = _marks(inspection, finding, _position(inspection, scan), e.box_mm)
                box = view(e.box_mm, marks.trim) if e.box_mm else whole(reader.header(scan), to_scan)
                finest = min(max(to_scan.scale), MOST_PX / (box[2] - box[0]))
                places.append(_Place(finding, record, scan, to_scan, marks, box, finest))
                break
    return places


def _position(inspection: Inspection, scan: ScanFile) -> int:
    return inspection.copy.pages.index(scan) + 1 if scan in inspection.copy.pages else 0


def _exhibit(
    inspection: Inspection, place: _Place, pixels: NDArray[Any], shrink: int, reference: ReferenceCrops | None
) -> Exhibit:
    to_pixels = pixel_scaling(1 / shrink, 1 / shrink).after(place.to_scan)
    crop = upright_crop(pixels, to_pixels, place.box_mm, place.px_per_mm)
    beside, number, box = None, place.record.reference_page, place.box_mm
    only_expected = number is None and place.finding.measure == pages_foreign.id
    if only_expected and reference is not None:
        number, box = _expected(inspection, place.record, reference), _centered(box, reference.trim)
    if reference is not None and number is not None:
        ordered = reference.crop(number, box, place.px_per_mm * MM_PER_INCH, exact=False)
        beside = _webp(ordered[: crop.shape[0], : crop.shape[1]])
    page = _position(inspection, place.scan)
    return Exhibit(
        place.finding,
        _webp(crop),
        beside,
        place.box_mm,
        place.px_per_mm,
        place.scan.name,
        page,
        number,
        place.marks,
        caption=f"scanned page {page}" if page else str(place.record.role),
        only_expected=only_expected,
    )


def _expected(inspection: Inspection, record: PageRecord, reference: ReferenceCrops) -> int | None:
    """The page after the one that was scanned before; None where no scan says."""
    interior = [r for r in inspection.pages if r.role is Role.PAGE]
    at = interior.index(record) if record in interior else 0
    before = interior[at - 1].reference_page if at else None
    return before + 1 if before is not None and before < reference.pages else None


def _centered(box: Box, page: Size) -> Box:
    """A box as large, with the page in its middle."""
    x, y = (page.width_mm - (box[2] - box[0])) / 2, (page.height_mm - (box[3] - box[1])) / 2
    return x, y, x + box[2] - box[0], y + box[3] - box[1]


def whole(scan: ScanHeader, to_scan: Affine) -> Box:
    """The page-frame box, 4:3, that holds the whole scan."""
    width, height = scan.width_px, scan.height_px
    corners = to_scan.inverse()([[0, 0], [width, 0], [width, height], [0, height]])
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    half = max((y1 - y0) / 2, (x1 - x0) / 2 / ASPECT)
    cx, cy = float(x0 + x1) / 2, float(y0 + y1) / 2
    return cx - half * ASPECT, cy - half, cx + half * ASPECT, cy + half


def view(region: Box, trim: Line | None = None) -> Box:
    """What a picture of `region` shows: its surroundings too, always 4:3.

    Of a long narrow region (an edge, a streak) the middle is shown, so that it stays large enough to see. With a trim
    line, more is shown of the page than of what lies beyond it.
    """
    x0, y0, x1, y1 = region
    height = max(LEAST_HEIGHT_MM, min(x1 - x0, y1 - y0) + 2 * MARGIN_MM)
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    if trim:
        dx, dy = abs(trim[1][0] - trim[0][0]), abs(trim[1][1] - trim[0][1])
        # The page frame begins at head and left: a trim line near 0 has its page at larger coordinates.
        if dy > dx:
            cx += (1 if abs(cx) < height else -1) * height * ASPECT / 8
        else:
            cy += (1 if abs(cy) < height else -1) * height / 8
    return cx - height * ASPECT / 2, cy - height / 2, cx + height * ASPECT / 2, cy + height / 2


def upright_crop(scan: NDArray[Any], to_scan: Affine, box_mm: Box, px_per_mm: float) -> NDArray[np.uint8]:
    """The pixels of `box_mm`, upright in the page frame.

    Parameters
    ----------
    scan : ndarray, shape (h, w) or (h, w, 3), uint8
        The whole scan at full resolution.
    to_scan : Affine
        Page-frame millimeters to pixels of `scan`.
    box_mm : tuple of float
        x0, y0, x1, y1 in the page frame; may reach beyond the paper and beyond the scan, which is then light gray.
    px_per_mm : float
        Resolution of the crop.

    Returns
    -------
    ndarray, shape (rows, columns, 3), uint8
        RGB.
    """
    width, height = (round((box_mm[i + 2] - box_mm[i]) * px_per_mm) for i in (0, 1))
    to_page = Affine.shift(box_mm[0], box_mm[1]).after(Affine.scaling(1 / px_per_mm)).after(Affine.shift(0.5, 0.5))
    matrix = to_scan.after(to_page)

    corners = matrix([[0, 0], [width, 0], [width, height], [0, height]])
    x0, y0 = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 2, 0)
    x1, y1 = np.ceil(corners.max(axis=0)).astype(int) + 3
    part = np.ascontiguousarray(scan[y0:y1, x0:x1])
    if part.ndim == 2:
        part = np.repeat(part[..., None], 3, axis=2)
    if part.size == 0:
        return np.full((height, width, 3), OFF_THE_SCAN, np.uint8)
    source = Affine.shift(-float(x0), -float(y0)).after(matrix)
    shrink = 1 / max(source.scale)
    if shrink < 0.7:
        # Resampling with two neighbors skips pixels when it shrinks; averaging first keeps thin strokes.
        part = cv2.resize(part, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        source = pixel_scaling(shrink, shrink).after(source)
    crop = cv2.warpAffine(
        part,
        source.matrix,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(OFF_THE_SCAN,) * 3,
    )
    return np.asarray(crop, np.uint8)


def _to_scan(record: PageRecord, evidence: Evidence) -> Affine | None:
    """The page map; of a page that was never matched, the scan as it lies, if only the page as a whole is shown."""
    if record.to_scan is not None or evidence.box_mm is not None or record.dpi is None:
        return record.to_scan
    return Affine.scaling(px_per_mm(record.dpi[0]), px_per_mm(record.dpi[1]))


def _marks(inspection: Inspection, finding: Finding, page: int, region: Box | None) -> Marks:
    edge = finding.where.edge
    for o in inspection.observations:
        if o.measure == trim_offset.id and o.where.page == page and o.where.edge == edge and edge is not None:
            lines = TrimOffsetDetail.of(o)
            return Marks(lines.trim_mm, lines.cut_mm, offset_mm=o.value, u_mm=o.u)
    return Marks(region=region)


def _webp(rgb: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "WEBP", quality=WEBP_QUALITY, method=WEBP_METHOD)
    return buffer.getvalue()
