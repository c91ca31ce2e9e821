"""Dirt on the glass told from ink: by a scan of the empty glass, by many scans; and which scan is one of the empty glass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_page import TRIM, Book, make_book

from qc.features.print_marks import PrintMark
from qc.geometry import Affine
from qc.measure.context.glass_dirt import without_dirt_on_glass
from qc.model import BookCopy, Resolution, Role, ScanFile, ScanSettings
from qc.normalize.empty_glass import with_glass
from qc.page import inspect_page
from qc.register.page_result import PageJob, PageResult
from qc.scan.copy_folder import open_copy
from qc.scan.scan_reader import ScanReader
from qc.synthetic import Cut, Kind, Print, Scanner, draw_scan, write_scan
from qc.synthetic.scanner import seen
from qc.units import px_per_mm

DPI = 300.0
Speck = tuple[float, float, float, float]
"""Middle in mm of the frame, length and width."""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return make_book(tmp_path_factory.mktemp("glass"), (Kind.CHAPTER, Kind.TEXT))


def specks_on(rng: np.random.Generator, count: int, frame_mm: tuple[float, float], least: float = 1.5) -> list[Speck]:
    """Specks and short hairs that lie apart, off the rim of the sheet."""
    found: list[Speck] = []
    while len(found) < count:
        x, y = (float(rng.uniform(14, side - 14)) for side in frame_mm)
        if all(np.hypot(x - a, y - b) > 8 for a, b, *_ in found):
            length = float(rng.uniform(least, 3.5))
            found.append((x, y, length, max(length * float(rng.uniform(0.6, 1.0)), 1.3)))
    return found


def with_specks(light: np.ndarray, specks: Sequence[Speck], shade: float) -> np.ndarray:
    """Light on the glass under specks; each turned another way, but the same way in every scan."""
    mm = px_per_mm(DPI)
    for x, y, length, width in specks:
        axes = (round(length * mm / 2), round(width * mm / 2))
        turn = 180 * (x % 1)
        cv2.ellipse(light, (round(x * mm), round(y * mm)), axes, turn, 0, 360, (shade,) * 3, -1, cv2.LINE_AA)
    return light


def empty_glass(
    folder: Path, frame: tuple[int, int], lid: float, specks: Sequence[Speck], name: str = "glass.png"
) -> ScanFile:
    """A scan with nothing on the glass, `frame` pixels wide and high, the lamp a little weaker at its ends."""
    scanner = Scanner(dpi=DPI, format="png", falloff=0.04)
    light = np.full((frame[1], frame[0], 3), lid, np.float32)
    image = seen(with_specks(light, specks, 0.08 if lid > 0.3 else 0.4), scanner, np.random.default_rng(1))
    return ScanFile(write_scan(folder / name, image, scanner), name, role=Role.GLASS)


def dusty_page(
    book: Book, number: int, dust: Sequence[Speck], ink: Sequence[Speck], seed: int, shade: float = 0.08
) -> tuple[PageResult, tuple[int, int]]:
    """A page that lies as all do, dust and ink over it; and its frame in pixels."""
    scanner = Scanner(dpi=DPI, format="png")
    image, _ = draw_scan(book.title.pages[number - 1], Print(), Cut(), scanner, np.random.default_rng(seed))
    covered = np.ones((*image.shape[:2], 3), np.float32)
    covered = with_specks(with_specks(covered, ink, 0.05), dust, shade)
    covered = cv2.GaussianBlur(covered, (0, 0), 0.8)
    image = (image * covered ** (1 / 2.2)).astype(np.uint8)
    file = write_scan(book.folder / f"d-{seed}.png", image, scanner)
    return inspect_page(PageJob(seed + 1, ScanFile(file, file.name), ScanSettings()), book.reference), image.shape[
        1::-1
    ]


def middle_mm(page: PageResult, mark: PrintMark) -> np.ndarray:
    """Where a mark lies in the frame."""
    assert page.measured is not None and page.to_scan is not None
    x0, y0, x1, y1 = mark.box_mm
    return page.to_scan(page.measured([[(x0 + x1) / 2, (y0 + y1) / 2]]))[0] / px_per_mm(DPI)


@pytest.mark.parametrize("lid", [0.03, 0.85], ids=["black lid", "white lid"])
def test_the_empty_glass_tells_dust_from_ink_though_all_sheets_lie_alike(book: Book, lid: float) -> None:
    rng = np.random.default_rng(round(100 * lid))
    frame_mm = (TRIM[0] + 16, TRIM[1] + 16)
    lying = specks_on(rng, 10, frame_mm)
    dust, ink = lying[:5], lying[5:]
    drawn = [dusty_page(book, 1, dust, ink, seed) for seed in range(3)]
    pages = [page for page, _ in drawn]
    glass = empty_glass(book.folder, drawn[0][1], lid, dust, f"glass-{round(100 * lid)}.png")
    told = without_dirt_on_glass(pages, ScanReader(), [glass])
    for before, after in zip(pages, told, strict=True):
        assert before.marks and after.marks is not None and after.glass_seen
        of_dust = [m for m in before.marks if _near(middle_mm(before, m), dust)]
        of_ink = [m for m in before.marks if _near(middle_mm(before, m), ink)]
        assert len(of_dust) >= 4 and len(of_ink) >= 4
        assert list(after.marks) == [m for m in before.marks if m not in of_dust]


def _near(place: np.ndarray, specks: Sequence[Speck]) -> bool:
    return any(np.hypot(place[0] - x, place[1] - y) < 1.5 for x, y, *_ in specks)


def test_ink_that_lies_at_dust_is_kept_if_it_is_clearly_larger(book: Book) -> None:
    dust = [(30.0, 20.0, 1.6, 1.5)]
    page, frame = dusty_page(book, 1, [], [(30.3, 20.2, 3.4, 3.0)], 20)
    assert page.marks
    glass = empty_glass(book.folder, frame, 0.85, dust, "glass-20.png")
    (told,) = without_dirt_on_glass([page], ScanReader(), [glass])
    assert told.marks == page.marks and not told.dirt


def test_a_glass_of_another_frame_says_nothing(book: Book) -> None:
    dust = [(30.0, 20.0, 2.0, 2.0)]
    page, frame = dusty_page(book, 1, dust, [], 30)
    glass = empty_glass(book.folder, (frame[0] + 20, frame[1]), 0.85, dust, "glass-30.png")
    (told,) = without_dirt_on_glass([page], ScanReader(), [glass])
    assert told.marks == page.marks and page.marks and not told.glass_seen


def at(folder: Path, position: int, sheet_x: float, glass_x: float, code: str = "streak") -> PageResult:
    """A page of 10 px a millimeter that lies `glass_x - sheet_x` right of the frame's corner, with one mark on it."""
    box = (sheet_x - 0.5, 10.0, sheet_x + 0.5, 80.0 if code == "streak" else 11.0)
    to_scan = Affine.scaling(10.0).after(Affine.shift(glass_x - sheet_x, 0.0))
    scan = ScanFile(folder / f"none-{position}.png", f"p-{position}.png")
    return PageResult(
        PageJob(position, scan, ScanSettings()),
        resolution=Resolution(254.0, 254.0),
        measured=Affine.scaling(1.0),
        to_scan=to_scan,
        marks=(PrintMark(code, box, 2.0, 0.2),),
    )


@pytest.mark.parametrize("code", ["streak", "spot"])
def test_what_keeps_its_place_on_the_glass_while_sheets_move_is_the_scanners(tmp_path: Path, code: str) -> None:
    pages = [at(tmp_path, n, 30.0 + n, 50.0, code) for n in (1, 2, 3)]
    for page in without_dirt_on_glass(pages, ScanReader()):
        assert page.marks == () and page.dirt == (code,)


@pytest.mark.parametrize("code", ["streak", "spot"])
@pytest.mark.parametrize(
    "places",
    [
        [(30.0, 50.0)],
        [(30.0, 50.0)] * 3,
        [(30.0 + 5 * n, 50.0 + 9 * n) for n in range(3)],
        [(30.0, 50.0 + n) for n in range(3)],
    ],
    ids=["one page", "sheets at one place", "another place each time", "one place of the sheet"],
)
def test_where_nobody_knows_the_marks_stay(tmp_path: Path, places: Sequence[tuple[float, float]], code: str) -> None:
    pages = [at(tmp_path, n, *place, code) for n, place in enumerate(places, 1)]
    for page in without_dirt_on_glass(pages, ScanReader()):
        assert page.marks and not page.dirt and not page.glass_seen


def scans(folder: Path, names: Sequence[str], book: Book) -> BookCopy:
    """A folder in which each file called `p…` is a page, `bare…` an empty glass as is `glass…`, and `text…` as `glass…` a page."""
    folder.mkdir()
    scanner = Scanner(dpi=DPI, format="png")
    image, _ = draw_scan(book.title.pages[1], Print(), Cut(), scanner, np.random.default_rng(0))
    for name in names:
        called, _, what = name.partition("=")
        if what == "page":
            write_scan(folder / called, image, scanner)
        else:
            width = image.shape[1] - (40 if what == "narrow" else 0)
            empty_glass(folder, (width, image.shape[0]), 0.85 if what == "white" else 0.03, [], called)
    return open_copy(folder)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["p-1.png=page", "p-2.png=page", "glass.png=black"], {"glass.png"}),
        (["p-1.png=page", "Glass-2.png=white", "glass.png=black"], {"glass.png", "Glass-2.png"}),
        (["p-1.png=page", "glass.png=page"], set()),
        (["p-1.png=page", "glass.png=narrow"], set()),
        (["p-1.png=page", "glass-lid.png=black"], set()),
        (["glass-1.png=page", "glass-2.png=black"], set()),
    ],
    ids=["one", "two", "a sheet", "another frame", "another name", "a title"],
)
def test_a_scan_is_of_the_empty_glass_by_name_frame_and_look(
    tmp_path: Path, book: Book, names: list[str], expected: set[str]
) -> None:
    copy = with_glass(scans(tmp_path / "copy", names, book), ScanReader())
    assert {s.name for s in copy.scans if s.role is Role.GLASS} == expected
    assert len(copy.pages) == len(names) - len(expected)
    for scan in copy.scans:
        if scan.role is Role.GLASS:
            assert scan.found == f"the empty glass: serves {len(copy.pages)} page{'s' if len(copy.pages) > 1 else ''}"
