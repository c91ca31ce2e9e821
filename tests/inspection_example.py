"""A realistic inspection for tests of record and reports: 24 drawn pages, fore-edge cut 3.62 mm too deep."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from qc.geometry import Affine, Edge, Side, Size, edge_names, side_of
from qc.model import (
    BookCopy,
    Claim,
    Evidence,
    Finding,
    FindingOutcome,
    Inspection,
    Observation,
    PageKind,
    PageRecord,
    PolicyId,
    Provenance,
    Reason,
    ReferenceId,
    Refund,
    Rescan,
    Resolution,
    Role,
    ScanFile,
    ScanSettings,
    Verdict,
    VerdictOutcome,
    Where,
)
from qc.scan.image_file import ScanHeader
from qc.units import px_per_mm

DPI = 300.0
WIDTH_MM, HEIGHT_MM = 152.4, 228.6
CUT = {Edge.HEAD: 0.84, Edge.TAIL: -1.12, Edge.SPINE: -2.05, Edge.FORE_EDGE: -3.62}
STREAK_MM = (60.0, 100.0, 61.2, 148.0)
CLAUSE = "Printed content that shifts less than 0.125 in (3.2 mm) from its place is expected variance."
SOURCE = "KDP help, print quality, shifting"
TO_SCAN = Affine.shift(90.0, 70.0).after(Affine.rotation(0.42)).after(Affine.scaling(px_per_mm(DPI)))
_TEXT = (
    "the field lay long and pale under a morning that had not made up its mind and she counted the rows again as her "
    "father had taught her from the gate to the oak and from the oak to the water where the land gave out"
)


@cache
def print_of(page: int, dpi: float) -> NDArray[np.uint8]:
    """The page as ordered: gray, trim size, drawn at `dpi`."""
    scale = px_per_mm(dpi)
    image = Image.new("L", (round(WIDTH_MM * scale), round(HEIGHT_MM * scale)), 252)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=4.1 * scale)
    left = 20.0 if page % 2 else 13.0
    draw.text(((WIDTH_MM / 2) * scale, 12 * scale), "THE LONG FIELD", 40, ImageFont.load_default(3 * scale), "ma")
    rng = np.random.default_rng(page)
    for row in range(29):
        text, y = "", (22 + row * 6.6) * scale
        while draw.textlength(text, font) < 110 * scale:
            text += rng.choice(_TEXT.split()) + " "
        draw.text((left * scale, y), text.strip(), 25, font)
    draw.text(((WIDTH_MM / 2) * scale, 217 * scale), str(page), 25, font, "ma")
    return np.asarray(image)


def cut_box(page: int) -> tuple[float, float, float, float]:
    """Where the paper of `page` ends, x0, y0, x1, y1 in the page frame."""
    left, top, right, bottom = (CUT[e] for e in edge_names(side_of(page)))
    return -left, -top, WIDTH_MM + right, HEIGHT_MM + bottom


def scan_of(scan: ScanFile, reduce: int = 1) -> NDArray[np.uint8]:
    """Stands in for `qc.scan.image_file.read_pixels`: RGB, black backing, 0.42° of skew."""
    page = int(scan.path.stem[-4:])
    size = (2000, 2900)
    sheet = np.repeat(print_of(page, DPI)[..., None], 3, axis=2).copy()
    if page == 7:
        left, top, right, bottom = (round(v * px_per_mm(DPI)) for v in STREAK_MM)
        sheet[top:bottom, left:right] = np.maximum(sheet[top:bottom, left:right], 225)
    to_scan = TO_SCAN.after(Affine.scaling(1 / px_per_mm(DPI))).after(Affine.shift(0.5, 0.5))
    placed = cv2.warpAffine(sheet, to_scan.matrix, size, borderMode=cv2.BORDER_CONSTANT, borderValue=(250, 249, 244))
    x0, y0, x1, y1 = cut_box(page)
    corners = TO_SCAN([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    paper = cv2.fillConvexPoly(np.zeros(size[::-1], np.uint8), np.round(corners).astype(np.int32), 1, cv2.LINE_AA)
    noise = np.random.default_rng(page).normal(0, 2, size[::-1])[..., None]
    seen = np.where(paper[..., None] > 0, placed * np.array([0.985, 0.98, 0.96]), 34) + noise
    whole = np.clip(seen, 0, 255).astype(np.uint8)
    return cv2.resize(whole, None, fx=1 / reduce, fy=1 / reduce, interpolation=cv2.INTER_AREA)


def header_of(scan: ScanFile) -> ScanHeader:
    """Stands in for `qc.scan.image_file.read_header`."""
    return ScanHeader("JPEG", 2000, 2900, Resolution(DPI, DPI), (DPI, DPI), False, 8)


class DrawnReference:
    """Stands in for `qc.reference.base.Reference`."""

    trim, pages = Size(152.4, 228.6), 24

    def crop(
        self, page: int, box_mm: tuple[float, float, float, float], dpi: float, *, exact: bool = True
    ) -> NDArray[np.uint8]:
        scale = px_per_mm(dpi)
        x0, y0 = round(box_mm[0] * scale), round(box_mm[1] * scale)
        width, height = (round((box_mm[i + 2] - box_mm[i]) * scale) for i in (0, 1))
        sheet = np.pad(print_of(page, dpi), 3000, constant_values=255)
        part = sheet[3000 + y0 : 3000 + y0 + height, 3000 + x0 : 3000 + x0 + width]
        return np.repeat(part[..., None], 3, axis=2)


def example() -> Inspection:
    """24 pages; outside at the fore-edge, undecided about a streak on page 7, page 17 not readable."""
    scans = tuple(ScanFile(Path(f"/inbox/RMA-10482/p-{n:04}.jpg"), f"p-{n:04}.jpg") for n in range(1, 25))
    cover = ScanFile(Path("/inbox/RMA-10482/cover-front.jpg"), "cover-front.jpg", 0, Role.COVER_FRONT)
    return Inspection(
        copy=BookCopy(
            id="RMA-10482",
            path=Path("/inbox/RMA-10482"),
            scans=(cover, *scans),
            isbn="9780000000002",
            title="The Long Field",
            pages_expected=24,
            claim=Claim(reason="defective", received_on=date(2026, 10, 1), claimed_on=date(2026, 10, 12)),
            scan=ScanSettings(scanner="flatbed-a3", dpi=DPI),
        ),
        reference=ReferenceId("pdf", "9780000000002", "3d" * 32),
        policy=PolicyId("kdp", "2026.1", "8c" * 32),
        verdict=Verdict(
            VerdictOutcome.DEFECT,
            "The fore-edge is cut 3.6 mm (0.14 in) too deep; up to 3.2 mm (0.125 in) is allowed.",
            ("cover", "color"),
            (Rescan("the file ends before the image does", "p-0017.jpg", 17),),
        ),
        refund=Refund(
            "eligible",
            "refund",
            (Reason("defect", "If the mistake was on our end, we'll issue a refund.", "KDP help, returns", True),),
        ),
        findings=_findings(),
        observations=_observations(),
        pages=(
            PageRecord(cover.name, 0, cover.role, None, None, None, "cover-front in its name", (DPI, DPI), None, False),
            *(_page(n) for n in range(1, 25)),
        ),
        provenance=Provenance(
            qc="0.1.0",
            measures={"trim-offset": 1, "trim-offset-block": 1, "print-defect": 1, "blank-pages-at-end": 1},
            scanner={"profile": "flatbed-a3", "measured": "2026-09-20", "scale_u": 0.0005},
            scans={s.name: f"{n:064x}" for n, s in enumerate((cover, *scans)) if n != 17},
            started="2026-10-12T22:58:40+02:00",
        ),
    )


def with_pictures(inspection: Inspection) -> Inspection:
    """The same with a thumbnail of every page that was read."""
    pictures = {}
    for scan in inspection.copy.pages:
        if scan.name != "p-0017.jpg":
            buffer = io.BytesIO()
            image = Image.fromarray(print_of(int(scan.name[2:6]), 60.0))
            image.resize((156, 234), Image.Resampling.LANCZOS).save(buffer, "WEBP", quality=70)
            pictures[scan.name, 0] = buffer.getvalue()
    return replace(inspection, pictures=pictures)


def sound() -> Inspection:
    """The same copy, had it been cut well."""
    found = tuple(
        replace(f, value=0.41, margin=2.7, outcome=FindingOutcome.WITHIN, message="")
        if f.outcome in (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED)
        else f
        for f in example().findings
        if f.measure == "trim-offset-block"
    )
    return replace(
        example(),
        findings=found,
        observations=tuple(
            replace(o, value=o.value + 4.03) if o.where.edge is Edge.FORE_EDGE and o.value is not None else o
            for o in example().observations
        ),
        verdict=Verdict(VerdictOutcome.NO_DEFECT, "All three judged edges are cut within 0.125 in.", ("cover",)),
        refund=Refund("not-eligible", "none", (Reason("expected-variance", CLAUSE, SOURCE),)),
    )


def unseen() -> Inspection:
    """The same copy, scanned against a white backing."""
    observations = tuple(
        replace(o, value=None, u=None, flags=("white-backing",), detail={}) for o in example().observations
    )
    found = tuple(
        replace(
            f, value=None, u=None, margin=None, outcome=FindingOutcome.NOT_JUDGED, evidence=(), flags=("white-backing",)
        )
        for f in example().findings
    )
    summary = "The edges of the paper cannot be seen; scan three pages against a black backing."
    return replace(
        example(),
        findings=found,
        observations=observations,
        verdict=Verdict(VerdictOutcome.INSUFFICIENT_EVIDENCE, summary, ("cover",), example().verdict.rescan),
        refund=Refund("review", "review", (Reason("insufficient-evidence", CLAUSE, SOURCE),)),
    )


def _page(n: int) -> PageRecord:
    if n == 17:
        return PageRecord(
            "p-0017.jpg", 0, Role.PAGE, None, side_of(n), PageKind.UNREADABLE, "cut short", None, None, False
        )
    kind = PageKind.CONTENT if n < 23 else PageKind.BLANK if n == 23 else PageKind.IMPRINT
    reason = f"matched to reference page {n}" if n < 23 else "no print on it" if n == 23 else "barcode and date"
    return PageRecord(
        f"p-{n:04}.jpg", 0, Role.PAGE, n, side_of(n), kind, reason, (DPI, DPI), 0.42, False, to_scan=TO_SCAN
    )


def edge_lines(page: int, edge: Edge) -> dict[str, list[list[float]]]:
    """Detail of a trim offset: the trim line and the cut edge in the page frame."""
    x0, y0, x1, y1 = cut_box(page)
    side = edge_names(side_of(page)).index(edge)

    def line(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
        start_end = [[[left, 0], [left, HEIGHT_MM]], [[0, top], [WIDTH_MM, top]]]
        start_end += [[[right, 0], [right, HEIGHT_MM]], [[0, bottom], [WIDTH_MM, bottom]]]
        return [[float(v) for v in p] for p in start_end[side]]

    return {"trim_mm": line(0, 0, WIDTH_MM, HEIGHT_MM), "cut_mm": line(x0, y0, x1, y1)}


def _observations() -> tuple[Observation, ...]:
    rng = np.random.default_rng(482)
    made = []
    for n in range(1, 25):
        jitter = rng.normal(0, 0.18, 2)
        for edge in edge_names(Side(side_of(n))):
            where = Where(page=n, edge=edge)
            if n == 17 or n > 22:
                why = ("unreadable",) if n == 17 else ("blank",) if n == 23 else ("not-registered",)
                made.append(Observation("trim-offset", 1, where, None, "mm", None, why))
                continue
            sign = 1 if edge in (Edge.HEAD, Edge.FORE_EDGE) else -1
            value = CUT[edge] + sign * jitter[0 if edge in (Edge.HEAD, Edge.TAIL) else 1]
            flags = ("bench-cut",) if edge is Edge.SPINE else ()
            made.append(Observation("trim-offset", 1, where, value, "mm", 0.045, flags, edge_lines(n, edge)))
    for edge, value in CUT.items():
        made.append(Observation("trim-offset-block", 1, Where(edge=edge), value, "mm", 0.03))
    made.append(Observation("print-defect", 1, Where(page=7), 1.0, "count", None, (), {"largest_mm": 48.0}))
    made.append(Observation("blank-pages-at-end", 1, Where(), 1.0, "count"))
    return tuple(made)


def _evidence(page: int, box_mm: tuple[float, float, float, float]) -> Evidence:
    x0, y0, x1, y1 = box_mm
    corners = TO_SCAN([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    (ax, ay), (bx, by) = corners.min(axis=0), corners.max(axis=0)
    return Evidence(f"p-{page:04}.jpg", 0, (float(ax), float(ay), float(bx), float(by)), box_mm)


def _findings() -> tuple[Finding, ...]:
    def trim(
        edge: Edge, outcome: FindingOutcome, message: str, margin: float | None, box: tuple[float, ...]
    ) -> Finding:
        return Finding(
            rule="trim-offset-block",
            outcome=outcome,
            severity="note" if edge is Edge.SPINE else "defect",
            measure="trim-offset-block",
            value=CUT[edge],
            unit="mm",
            u=0.03,
            within="< 3.175 mm",
            outside="> 3.2 mm",
            magnitude=True,
            where=Where(edge=edge),
            margin=margin,
            code=None,
            message=message,
            clause=CLAUSE,
            source=SOURCE,
            required=True,
            evidence=(_evidence(3, (box[0], box[1], box[2], box[3])),),
        )

    w, h = WIDTH_MM, HEIGHT_MM
    streak = Finding(
        rule="print-defect",
        outcome=FindingOutcome.UNDECIDED,
        severity="defect",
        measure="print-defect",
        value=1.0,
        unit="count",
        u=None,
        within="<= 0 count",
        outside="never",
        magnitude=False,
        where=Where(page=7),
        margin=-1.0,
        code="missing-print",
        message="Print is missing in a streak 48 mm long on page 7; a person looks.",
        clause="Missing or illegible print is a defect.",
        source="KDP help, defects",
        evidence=(_evidence(7, STREAK_MM),),
    )
    blanks = replace(
        streak,
        rule="blank-pages-at-end",
        measure="blank-pages-at-end",
        outcome=FindingOutcome.WITHIN,
        within="<= 10 count",
        outside="> 10 count",
        where=Where(),
        margin=9.0,
        code=None,
        message="",
        clause="Copies containing blank pages at the end are expected variance.",
        evidence=(),
    )
    return (
        trim(Edge.HEAD, FindingOutcome.WITHIN, "", 2.335, (0, -3, w, 3)),
        trim(Edge.TAIL, FindingOutcome.WITHIN, "", 2.055, (0, h - 4, w, h + 3)),
        trim(
            Edge.FORE_EDGE,
            FindingOutcome.OUTSIDE,
            "The fore-edge is cut 3.6 mm (0.14 in) too deep; up to 3.2 mm (0.125 in) is allowed.",
            -0.42,
            (w - 6, 0, w + 3, h),
        ),
        trim(Edge.SPINE, FindingOutcome.NOT_JUDGED, "The spine edge was cut by the bench.", None, (-3, 0, 5, h)),
        streak,
        blanks,
    )
