"""However full its pages are, a report stays small enough to be sent by mail."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from inspection_example import DrawnReference, example, header_of, with_pictures
from numpy.typing import NDArray
from PIL import Image
from test_color_pictures import COLS, NAMES, ROWS, tiles_of

from qc.judge.ranking import by_gravity
from qc.model import Evidence, FindingOutcome, Inspection, Observation, ScanFile, Where
from qc.report import html
from qc.report.color_picture import color_picture
from qc.report.evidence import exhibits
from qc.report.large_pictures import Links
from qc.report.wrap_drawing import Mark, WrapDrawing

RNG = np.random.default_rng(19)
COLORS = RNG.integers(0, 255, (120, 90, 3), np.uint8)


@cache
def _photograph(height: int, width: int) -> NDArray[np.uint8]:
    """As full of detail as a photograph can be: no two of its spots are alike, at any size."""
    image = Image.fromarray(COLORS).resize((width, height), Image.Resampling.BICUBIC)
    grain = RNG.integers(-20, 20, (height, width, 1))
    return np.clip(np.asarray(image, int) + grain, 0, 255).astype(np.uint8)


class Photographs(DrawnReference):
    """A book of nothing but photographs."""

    def crop(
        self, page: int, box_mm: tuple[float, float, float, float], dpi: float, *, exact: bool = True
    ) -> NDArray[np.uint8]:
        width, height = (round((box_mm[i + 2] - box_mm[i]) * dpi / 25.4) for i in (0, 1))
        return _photograph(height, width)


def _of_pages(count: int) -> Inspection:
    """The example with so many pages, all photographs, and ten findings more."""
    made = with_pictures(example())
    buffer = io.BytesIO()
    Image.fromarray(_photograph(150, 100)).save(buffer, "WEBP", quality=60)
    scans = [
        ScanFile(s.path.with_name(f"p-{n:04}.jpg"), f"p-{n:04}.jpg")
        for n in range(1, count + 1)
        for s in made.copy.pages[:1]
    ]
    pages = [replace(made.pages[n % 14 + 1], file=s.name, reference_page=n + 1) for n, s in enumerate(scans)]
    measured: list[Observation] = []
    for o in made.observations:
        own = o.where.page is None or o.where.page != 1
        measured += [o] if own and (o.where.page or 0) <= 1 else []
        measured += [replace(o, where=replace(o.where, page=n + 1)) for n in range(count)] if o.where.page == 1 else []
    gravest = by_gravity(made.findings)[1]
    found = [
        replace(gravest, where=Where(page=n), evidence=(replace(gravest.evidence[0], file=f"p-{n:04}.jpg"),))
        for n in range(1, 10)
    ]
    whole = replace(gravest, where=Where(), measure="color-defect", evidence=(Evidence("p-0012.jpg"),), margin=-9.0)
    return replace(
        made,
        copy=replace(made.copy, scans=tuple(scans)),
        pages=tuple(pages),
        observations=tuple(measured),
        findings=(whole, *made.findings, *found),
        pictures={(s.name, 0): buffer.getvalue() for s in scans},
        provenance=replace(made.provenance, scans={s.name: f"{n:064x}" for n, s in enumerate(scans)}),
    )


def _wrap() -> WrapDrawing:
    box, line = (63.175, 27.175, 152.425, 228.635), ((63.1757, 27.1757), (63.1757, 255.8157))
    marks = [
        Mark(line, side, name, -12.345, FindingOutcome.UNDECIDED, (139.4567, 123.4567), "middle")
        for side in ("front", "back")
        for name in ("head", "tail", "fore-edge", "fold")
    ]
    names = (("front", (123.4567, 123.4567)), ("back", (123.4567, 123.4567)))
    return WrapDrawing(432.123, 282.123, 10.987, box, box, names, tuple(marks), box)


@pytest.mark.parametrize("pages", [30, 130])
def test_a_report_takes_350_kb_and_3_kb_a_page_beyond_30(pages: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "qc.scan.scan_reader.read_pixels", lambda scan, reduce=1: _photograph(2880 // reduce, 2000 // reduce)
    )
    monkeypatch.setattr("qc.scan.scan_reader.read_header", header_of)
    inspection = _of_pages(pages)
    shown = exhibits(inspection, Photographs())
    assert len(shown) == 6 and all(len(e.pictures) == 2 for e in shown)
    tiles = tiles_of(RNG.random((ROWS, COLS, 3)), RNG.random((ROWS, COLS, 3)))
    colors = [color_picture(tiles, NAMES, top=15.0, limit=10.0)] * 2
    large = frozenset(f"page-{n:04}.jpg" for n in range(1, 41)) | {
        f"finding-{n}-{m}.jpg" for n in range(1, 7) for m in (1, 2)
    }
    page = html.render(
        inspection, shown, k=2.0, colors=colors, imprint=b"i" * 8000, wrap=_wrap(), links=Links(large, "../index.html")
    )
    assert len(page.encode()) < 350_000 + 3000 * max(0, pages - 30)
