"""What the pictures of a report show, and what they open."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from inspection_example import CUT, HEIGHT_MM, WIDTH_MM, DrawnReference, example, header_of, scan_of, with_pictures
from numpy.typing import NDArray
from PIL import Image

from qc.geometry import Affine, Edge
from qc.judge.ranking import by_gravity
from qc.model import Evidence, Finding, Inspection, Observation, Where
from qc.report import html
from qc.report.evidence import Exhibit, exhibits
from qc.report.large_pictures import FOLDER, MOST_PAGES, PagePictures
from qc.report.views import AROUND_MM, nearest_print
from qc.scan.scan_reader import ScanReader
from qc.units import px_per_mm

LINES = {
    Edge.HEAD: [[0.0, 0.0], [WIDTH_MM, 0.0]],
    Edge.TAIL: [[0.0, HEIGHT_MM], [WIDTH_MM, HEIGHT_MM]],
    Edge.FORE_EDGE: [[WIDTH_MM, 0.0], [WIDTH_MM, HEIGHT_MM]],
}


@pytest.fixture(autouse=True)
def drawn_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qc.scan.scan_reader.read_pixels", scan_of)
    monkeypatch.setattr("qc.scan.scan_reader.read_header", header_of)


class Drawn:
    """A book of one page, white but for black boxes, in mm."""

    trim, pages = DrawnReference.trim, 1

    def __init__(self, *boxes: tuple[float, float, float, float]) -> None:
        self._boxes = boxes

    def crop(
        self, page: int, box_mm: tuple[float, float, float, float], dpi: float, *, exact: bool = True
    ) -> NDArray[np.uint8]:
        scale = px_per_mm(dpi)
        sheet = np.full((round(HEIGHT_MM * scale), round(WIDTH_MM * scale), 3), 255, np.uint8)
        for box in self._boxes:
            x0, y0, x1, y1 = (round(v * scale) for v in box)
            sheet[y0:y1, x0:x1] = 0
        return sheet


def lines(right_mm: float, first_mm: float, count: int) -> list[tuple[float, float, float, float]]:
    return [(20.0, first_mm + 4.5 * n, right_mm, first_mm + 4.5 * n + 2) for n in range(count)]


@pytest.mark.parametrize(
    ("boxes", "edge", "inside", "along", "text"),
    [
        (lines(130, 60, 20), Edge.FORE_EDGE, WIDTH_MM - 130, 104, True),
        ([(20, 50, 140, 150)], Edge.FORE_EDGE, WIDTH_MM - 140, 100, False),
        ([(20, 30, 130, 200)], Edge.HEAD, 30, 75, False),
        ([(20, 30, 130, 200)], Edge.TAIL, HEIGHT_MM - 200, 75, False),
    ],
)
def test_print_nearest_to_a_cut_is_found(
    boxes: list[tuple[float, float, float, float]], edge: Edge, inside: float, along: float, text: bool
) -> None:
    near = nearest_print(Drawn(*boxes), 1, LINES[edge])
    assert near is not None
    assert near.inside_mm == pytest.approx(inside, abs=0.6) and near.text is text
    assert near.along_mm == pytest.approx(along, abs=45)


def test_print_far_inside_and_a_folio_are_not_what_a_cut_nearly_took() -> None:
    folio = (WIDTH_MM - 12, 210, WIDTH_MM - 8, 213)
    assert nearest_print(Drawn(folio), 1, LINES[Edge.FORE_EDGE]) is None
    near = nearest_print(Drawn(folio, *lines(120, 60, 20)), 1, LINES[Edge.FORE_EDGE])
    assert near is not None and near.inside_mm == pytest.approx(WIDTH_MM - 120, abs=0.6)
    assert nearest_print(Drawn(*lines(80, 60, 20)), 1, LINES[Edge.FORE_EDGE]) is None


@pytest.mark.parametrize("edge", [Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE])
def test_a_cut_is_shown_with_its_lines_and_the_nearest_print(edge: Edge) -> None:
    shown = of(finding("trim-offset-block", Where(edge=edge), CUT[edge]))
    x0, y0, x1, y1 = shown.box_mm or (0, 0, 0, 0)
    assert (x1 - x0) / (y1 - y0) == pytest.approx(4 / 3)
    assert shown.marks.offset_mm == CUT[edge]
    number = int(shown.pictures[0].caption.removeprefix("page "))
    assert shown.marks.trim is not None and shown.marks.cut is not None
    near = nearest_print(DrawnReference(), number, shown.marks.trim)
    assert near is not None
    for line in (shown.marks.trim, shown.marks.cut):
        middle = np.mean(line, axis=0)
        assert x0 < middle[0] < x1 or y0 < middle[1] < y1
    depth = y1 - y0 if edge in (Edge.HEAD, Edge.TAIL) else x1 - x0
    assert depth > near.inside_mm + AROUND_MM


def finding(measure: str, where: Where, value: float = 1.0, evidence: tuple[Evidence, ...] = ()) -> Finding:
    base = by_gravity(example().findings)[0]
    return replace(base, rule=measure, measure=measure, where=where, value=value, evidence=evidence)


def of(found: Finding, inspection: Inspection | None = None) -> Exhibit:
    (shown,) = exhibits(replace(inspection or example(), findings=(found,)), DrawnReference())
    return shown


def titles(shown: Exhibit) -> list[tuple[str, str]]:
    return [(p.title, p.caption) for p in shown.pictures]


def test_missing_pages_are_shown_between_those_that_are_there() -> None:
    made = example()
    without = tuple(p for p in made.pages if p.reference_page not in (5, 6))
    scans = tuple(s for s in made.copy.scans if s.name not in ("p-0005.jpg", "p-0006.jpg"))
    where = Where(page=5)
    seen = Observation("pages-missing", 2, where, 2.0, "count", 0.0, detail={"reference_pages": [5, 6]})
    made = replace(made, pages=without, copy=replace(made.copy, scans=scans), observations=(*made.observations, seen))
    shown = of(finding("pages-missing", where, 2.0), made)
    assert titles(shown) == [
        ("Before", "page 4"),
        ("Missing", "page 5"),
        ("Missing", "page 6"),
        ("After", "page 7 (scan 5)"),
    ]
    assert [p.look for p in shown.pictures] == ["beside", "missing", "missing", "beside"]


def test_a_blank_page_is_shown_whole_beside_what_was_ordered() -> None:
    shown = of(finding("blank-pages-inside", Where(page=6), 1.0, (Evidence("p-0006.jpg"),)))
    assert titles(shown) == [("As ordered", "page 6"), ("As printed", "page 6")]
    assert shown.box_mm is None
    page = (WIDTH_MM + 2 * AROUND_MM) / (HEIGHT_MM + 2 * AROUND_MM)
    assert [p.aspect for p in shown.pictures] == pytest.approx([page, page])


def test_a_page_upside_down_is_shown_as_it_lies() -> None:
    made, where, seen = example(), Where(page=6), (Evidence("p-0006.jpg"),)
    upright = of(finding("pages-upside-down", where, 1.0, seen), made).pictures[1]
    turned_pages = tuple(replace(p, upside_down=p.file == "p-0006.jpg") for p in made.pages)
    turned = of(finding("pages-upside-down", where, 1.0, seen), replace(made, pages=turned_pages)).pictures[1]
    assert upright.title == turned.title == "Found here"
    a, b = (np.asarray(_open(p.large), float) for p in (upright, turned))
    assert np.corrcoef(a.ravel(), b[::-1, ::-1].ravel())[0, 1] > 0.9 > np.corrcoef(a.ravel(), b.ravel())[0, 1]


def _open(picture: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("L"))


@pytest.fixture
def bare_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = np.full((2880, 2000, 3), 200, np.uint8)
    monkeypatch.setattr("qc.scan.scan_reader.read_pixels", lambda scan, reduce=1: bare[::reduce, ::reduce].copy())


@pytest.mark.usefixtures("bare_scans")
def test_pictures_open_large_beside_the_report_and_scans_where_they_lie(tmp_path: Path) -> None:
    made = with_pictures(example())
    (tmp_path / FOLDER).mkdir()
    for old in ("page-0099.jpg", "finding-9-1.jpg", "kept.txt"):
        (tmp_path / FOLDER / old).write_bytes(b"old")
    large = PagePictures()
    reader = ScanReader(0, large.keep)
    for scan in made.copy.scans:
        reader.pixels(scan)
    large.write(made, tmp_path)
    html.write(made, exhibits(made, DrawnReference()), tmp_path / "report.html", k=2.0, index="../index.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    names = sorted(p.name for p in (tmp_path / FOLDER).iterdir())
    assert "page-0099.jpg" not in names and "finding-9-1.jpg" not in names and "kept.txt" in names
    assert {"page-0004.jpg", "finding-1-1.jpg", "finding-2-2.jpg"} < set(names)
    # The small one is for the index.
    large_ones = [name for name in names if name.endswith(".jpg") and name != "finding-deciding.jpg"]
    assert len(large_ones) == len(names) - 2 and all(f'href="{FOLDER}/{name}"' in text for name in large_ones)
    assert 'href="../index.html"' in text and 'href="file:///inbox/RMA-10482/p-0003.jpg"' in text
    assert max(_open((tmp_path / FOLDER / "page-0004.jpg").read_bytes()).shape) > 1000


def test_large_pictures_of_pages_are_bounded_and_upright(tmp_path: Path) -> None:
    made = example()
    many = [replace(made.copy.pages[0], name=f"s-{n:04}.jpg") for n in range(60)]
    lying = Affine.shift(0.0, 900.0).after(Affine.rotation(-89.6)).after(Affine.scaling(5.0))
    pages = tuple(replace(made.pages[1], file=s.name, to_scan=lying) for s in many)
    wide = np.zeros((900, 1400, 3), np.uint8)
    wide[:, 700:] = 200
    large = PagePictures()
    for scan in many:
        large.keep(scan, wide)
        large.keep(scan, wide[::2, ::2])
    large.write(replace(made, copy=replace(made.copy, scans=tuple(many)), pages=pages), tmp_path)
    assert len(list((tmp_path / FOLDER).iterdir())) == MOST_PAGES
    picture = _open((tmp_path / FOLDER / "page-0001.jpg").read_bytes())
    assert picture.shape == (1400, 900)
    # The head of the page lies at the left of the scan.
    first = lying([[0.0, 0.0], [0.0, 100.0]])
    assert (first[1, 0] > first[0, 0]) == (picture[-1].mean() > picture[0].mean())
