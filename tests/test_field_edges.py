"""Edges as a bench meets them: fills beyond the backing, rims painted by a driver, bare paper beside a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_page import TRIM, Book, make_book
from numpy.typing import NDArray
from PIL import Image

from qc.edges.dark_backing import EdgeLine
from qc.edges.fill import content_box
from qc.errors import ReferenceFault
from qc.flags import Flag
from qc.geometry import Affine, Edge, edge_names, side_of
from qc.judge.policy import load_policy
from qc.model import Inspection, Observation, ScanFile, ScanSettings
from qc.pipeline import inspect_copy
from qc.reference.find import Reference, open_reference
from qc.register.page_result import PageJob, PageResult
from qc.register.painted_rim import without_painted_rims
from qc.scan.copy_folder import open_copy
from qc.synthetic import Binding, Cut, Kind, Print, Scanner, sample_conditions

FIELD = Path(__file__).parent / "data" / "field" / "26-white-beyond-the-backing"
BLACK_ENDS, PER_MM = 1298, 5.67
"""Row from which on the scans are filled, and their pixels a millimeter (144 dpi)."""
SIDES = ("left", "top", "right", "bottom")
WIDTH, HEIGHT = TRIM

Pixels = NDArray[np.uint8]
Offsets = dict[tuple[int | None, Edge | None], Observation]


@pytest.fixture(scope="module")
def ordered() -> Reference:
    return open_reference(FIELD / "reference.pdf")


def altered(
    folder: Path, change: Callable[[Pixels], Pixels], suffix: str = ".jpg", pages: Iterable[int] = (1, 2, 3)
) -> Path:
    """The pages of the field case after `change`, which is given the picture without its fill."""
    folder.mkdir()
    for page in pages:
        with Image.open(FIELD / "copy" / f"p-{page:04d}.jpg") as scan:
            pixels = change(np.array(scan.convert("RGB"))[:BLACK_ENDS])
            Image.fromarray(pixels).save(folder / f"p-{page:04d}{suffix}", dpi=scan.info["dpi"], quality=85)
    return folder


def inspected(folder: Path, ordered: Reference) -> Inspection:
    return inspect_copy(open_copy(folder), ordered, load_policy("kdp"))


def offsets(inspection: Inspection) -> Offsets:
    return {(o.where.page, o.where.edge): o for o in inspection.observations if o.measure == "trim-offset"}


@pytest.fixture(scope="module")
def plain(ordered: Reference, tmp_path_factory: pytest.TempPathFactory) -> Offsets:
    """What is measured without any fill."""
    folder = altered(tmp_path_factory.mktemp("plain") / "copy", lambda p: p)
    measured = offsets(inspected(folder, ordered))
    assert len(measured) == 12 and all(o.value is not None for o in measured.values())
    return measured


def assert_as(measured: Offsets, plain: Offsets, but: tuple[Edge, ...] = ()) -> None:
    for place, o in plain.items():
        if place[1] in but:
            continue
        value = measured[place].value
        assert value is not None and o.value is not None, (place, measured[place].flags)
        assert value == pytest.approx(o.value, abs=0.03), place


def on(pixels: Pixels, value: int, **mm: float) -> Pixels:
    """The picture with a rim of `value` so wide at each side named."""
    result = pixels.copy()
    views = (result.swapaxes(0, 1), result, result.swapaxes(0, 1)[::-1], result[::-1])
    for side, view in zip(SIDES, views, strict=True):
        view[: round(mm.get(side, 0.0) * PER_MM)] = value
    return result


def beyond(pixels: Pixels, value: int, **mm: float) -> Pixels:
    """The picture with a fill of `value` added at each side named."""
    left, top, right, bottom = (round(mm.get(side, 0.0) * PER_MM) for side in SIDES)
    return np.pad(pixels, ((top, bottom), (left, right), (0, 0)), constant_values=value)


def cropped(pixels: Pixels, inside_mm: float = 0.4) -> Pixels:
    """The picture as a driver crops it that leaves no backing."""
    bright = pixels.mean(axis=2) > 100
    rows, columns = (np.flatnonzero(bright.mean(axis=axis) > 0.5) for axis in (1, 0))
    c = round(inside_mm * PER_MM)
    return pixels[rows[0] + c : rows[-1] - c, columns[0] + c : columns[-1] - c]


# Fills beyond the backing


def test_white_beyond_the_backing_hides_no_edge(ordered: Reference, plain: Offsets) -> None:
    inspection = inspected(FIELD / "copy", ordered)
    assert str(inspection.verdict.outcome) == "no-defect"
    assert_as(offsets(inspection), plain)
    block = {o.where.edge: o.value for o in inspection.observations if o.measure == "trim-offset-block"}
    assert block[Edge.TAIL] is not None


FILLS: dict[str, Callable[[Pixels], Pixels]] = {
    "gray at the right": lambda p: beyond(p, 128, right=40.0),
    "white all round": lambda p: beyond(p, 255, left=6.0, top=3.0, right=9.0, bottom=12.0),
    "black beyond dark gray, all round": lambda p: beyond(
        np.maximum(p, 70), 0, left=5.0, top=5.0, right=5.0, bottom=5.0
    ),
    "upside down": lambda p: np.ascontiguousarray(beyond(p, 255, bottom=50.0)[::-1, ::-1]),
    "next to little backing": lambda p: beyond(p[: -round(6.5 * PER_MM)], 255, bottom=40.0),
}


@pytest.mark.parametrize("name", list(FILLS))
def test_any_fill_beyond_the_backing_is_taken_off(
    name: str, ordered: Reference, plain: Offsets, tmp_path: Path
) -> None:
    folder = altered(tmp_path / "copy", FILLS[name], ".png" if "round" in name else ".jpg")
    assert_as(offsets(inspected(folder, ordered)), plain)


def test_a_fill_right_at_the_paper_leaves_no_edge_there(ordered: Reference, plain: Offsets, tmp_path: Path) -> None:
    folder = altered(tmp_path / "copy", lambda p: beyond(cropped(p), 255, bottom=30.0))
    inspection = inspected(folder, ordered)
    assert not any(o.value is not None for o in offsets(inspection).values())
    assert str(inspection.verdict.outcome) == "insufficient-evidence"


def test_backing_that_clips_is_no_fill() -> None:
    picture = np.zeros((400, 300), np.uint8)
    for row in range(40, 360):
        picture[row, 30 + row // 60 : 262 + row // 60] = 240
    assert content_box(picture, (150.0, 150.0)) == (0, 0, 300, 400)
    assert content_box(np.full((400, 300), 255, np.uint8), (150.0, 150.0)) == (0, 0, 300, 400)
    filled = np.full((470, 300), 255, np.uint8)
    filled[:400] = picture
    left, top, right, bottom = content_box(filled, (150.0, 150.0))
    assert (left, top, right) == (0, 0, 300) and 396 <= bottom <= 400


# Rims


@pytest.mark.parametrize(
    ("mm", "value", "suffix"),
    [(0.5, 0, ".jpg"), (1.0, 255, ".png"), (2.0, 0, ".png"), (2.0, 128, ".jpg"), (5.0, 255, ".jpg"), (5.0, 0, ".jpg")],
)
def test_a_painted_rim_is_no_cut(mm: float, value: int, suffix: str, ordered: Reference, tmp_path: Path) -> None:
    rim = dict.fromkeys(SIDES, mm)
    inspection = inspected(altered(tmp_path / "copy", lambda p: on(cropped(p), value, **rim), suffix), ordered)
    flags = {place: o.flags for place, o in offsets(inspection).items() if o.value is None}
    assert len(flags) == 12
    said = [f for fs in flags.values() for f in fs]
    if mm >= 1.0:
        assert said.count("painted-rim") >= 10
        assert "painted a rim" in inspection.verdict.summary
        assert {"cut at the head", "cut at the tail"} <= set(inspection.verdict.not_checked)
    assert str(inspection.verdict.outcome) == "insufficient-evidence"
    assert not any(o.value is not None for o in inspection.observations if o.measure == "page-size")


def test_a_rim_at_one_side_leaves_the_other_edges(ordered: Reference, plain: Offsets, tmp_path: Path) -> None:
    folder = altered(tmp_path / "copy", lambda p: on(p, 0, top=12.0))
    inspection = inspected(folder, ordered)
    measured = offsets(inspection)
    # Backing shows below the rim beside the sheet: it is taken off, and the paper runs to the frame.
    assert all(set(measured[page, Edge.HEAD].flags) <= {"painted-rim", "cropped"} for page in (1, 2, 3))
    assert_as(measured, plain, but=(Edge.HEAD,))


def test_one_page_alone_tells_a_rim_by_its_print(ordered: Reference, tmp_path: Path) -> None:
    rim = dict.fromkeys(SIDES, 2.0)
    folder = altered(tmp_path / "copy", lambda p: on(cropped(p), 0, **rim), pages=(2,))
    assert {o.flags for o in offsets(inspected(folder, ordered)).values()} == {("painted-rim",)}


def test_rims_are_no_cuts_of_an_approved_copy_nor_without_a_reference(tmp_path: Path) -> None:
    rim = dict.fromkeys(SIDES, 2.0)
    folder = altered(tmp_path / "copy", lambda p: on(cropped(p), 0, **rim))
    with pytest.raises(ReferenceFault, match="painted a rim"):
        open_reference(folder)
    alone = inspect_copy(open_copy(folder), None, load_policy("kdp"))
    own = [o for o in alone.observations if o.measure in ("page-size", "print-position-jitter")]
    assert own and all(o.value is None and "painted-rim" in o.flags for o in own)


def test_black_backing_that_clips_to_nothing_is_measured(ordered: Reference, plain: Offsets, tmp_path: Path) -> None:
    def clipped(pixels: Pixels) -> Pixels:
        return np.asarray(np.where(pixels < 60, 0, pixels), np.uint8)

    assert_as(offsets(inspected(altered(tmp_path / "copy", clipped, ".png"), ordered)), plain)


def page_with(position: int, left_px: tuple[float, float], even: bool = True) -> PageResult:
    """A page of 1000 x 1500 px whose left edge runs from `left_px[0]` at the tail to `left_px[1]` at the head."""
    job = PageJob(position, ScanFile(Path("p.png"), "p.png"), ScanSettings())
    line = EdgeLine(np.array([[left_px[0], 1400.0], [left_px[1], 100.0]]), even=even)
    nowhere = EdgeLine(None, flag=Flag.CROPPED)
    return PageResult(job, lines=(line, nowhere, nowhere, nowhere), to_scan=Affine.scaling(1.0), size_px=(1000, 1500))


@pytest.mark.parametrize(
    ("edges", "refused"),
    [
        ([(20.0, 20.05), (20.02, 20.0), (20.0, 20.0)], {0, 1, 2}),
        # Sheets that lie parallel by chance or care, but not at one place.
        ([(20.0, 20.05), (23.1, 23.0), (31.0, 31.0)], set()),
        # Sheets against a stop, each a little turned.
        ([(20.0, 20.9), (20.5, 19.6), (20.3, 21.1)], set()),
        # Two of seven that happen to be alike.
        ([(20.0, 20.0), (20.1, 20.0), (22.0, 24.0), (19.0, 23.0), (25.0, 23.0), (28.0, 26.0), (21.0, 25.0)], set()),
        # A rim that hides the cut of four pages of eight.
        (
            [
                (20.0, 20.0),
                (20.1, 20.0),
                (20.0, 20.1),
                (20.1, 20.1),
                (25.0, 23.0),
                (28.0, 26.0),
                (21.0, 25.0),
                (30.0, 27.0),
            ],
            {0, 1, 2, 3},
        ),
        ([(20.0, 20.0)], set()),
    ],
)
def test_a_rim_is_told_over_all_pages(edges: list[tuple[float, float]], refused: set[int]) -> None:
    pages = without_painted_rims([page_with(n, e) for n, e in enumerate(edges, 1)])
    assert {n for n, p in enumerate(pages) if p.lines[0].flag is Flag.PAINTED_RIM} == refused
    uneven = without_painted_rims([page_with(n, e, even=False) for n, e in enumerate(edges, 1)])
    assert all(p.lines[0].ends is not None for p in uneven)


# Bare paper beside a picture


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return make_book(
        tmp_path_factory.mktemp("slivers"), [Kind.BLEED_DARK, Kind.BLEED_MIXED, Kind.BLEED_BRIGHT, Kind.TEXT]
    )


def short_of_the_cut(edge: Edge, width_mm: float, cut: Cut, recto: bool) -> Print:
    """Print that ends so far inside a cut."""
    far = 30.0
    match edge:
        case Edge.HEAD:
            box = (-far, -far, WIDTH + far, width_mm - cut.head_mm)
        case Edge.TAIL:
            box = (-far, HEIGHT + cut.tail_mm - width_mm, WIDTH + far, HEIGHT + far)
        case _ if recto:
            box = (WIDTH + cut.fore_edge_mm - width_mm, -far, WIDTH + far, HEIGHT + far)
        case _:
            box = (-far, -far, width_mm - cut.fore_edge_mm, HEIGHT + far)
    return Print(missing=(box,))


SOUND = Cut(0.4, -0.3, -0.4, 0.3)


@pytest.mark.parametrize("backing", [0.0, 0.03, 0.25])
@pytest.mark.parametrize(
    ("edge", "width", "page"), [(Edge.HEAD, 0.5, 2), (Edge.TAIL, 0.8, 3), (Edge.FORE_EDGE, 2.0, 1)]
)
def test_bare_paper_beside_a_picture_is_paper(book: Book, edge: Edge, width: float, page: int, backing: float) -> None:
    printed = short_of_the_cut(edge, width, SOUND, page % 2 == 1)
    measured = book.measure(page, printed, SOUND, Scanner(backing=(backing,) * 3, skew_deg=0.3), seed=page)
    assert abs(measured.error(edge)) < 0.08
    names = edge_names(side_of(page))
    (sliver,) = [s for s in measured.result.slivers if names[s.side] is edge]
    assert sliver.width_mm == pytest.approx(width, abs=0.15)
    assert [s for s in measured.result.slivers if names[s.side] not in (edge, Edge.SPINE)] == []


def test_a_highlight_along_the_edge_is_no_strip(book: Book) -> None:
    """The picture prints as paper over 6 mm at the head: no cut leaves that."""
    measured = book.measure(2, short_of_the_cut(Edge.HEAD, 6.0, SOUND, False), SOUND, Scanner(skew_deg=0.3), seed=2)
    names = edge_names(side_of(2))
    assert [s for s in measured.result.slivers if names[s.side] is not Edge.SPINE] == []


@pytest.mark.parametrize("backing", ["black", "gray"])
def test_a_picture_that_runs_over_the_cut_leaves_no_strip(book: Book, backing: str) -> None:
    for seed in range(4):
        printed, cut, scanner = sample_conditions(np.random.default_rng([5, seed]), backing, 200.0, 1.5)
        measured = book.measure(1 + seed, printed, cut, scanner, seed=seed)
        names = edge_names(side_of(1 + seed))
        assert [s for s in measured.result.slivers if names[s.side] is not Edge.SPINE] == []


def test_in_a_bound_book_a_strip_gives_a_right_number_or_none(book: Book) -> None:
    for width in (0.6, 1.5):
        printed = short_of_the_cut(Edge.FORE_EDGE, width, SOUND, True)
        binding = Binding(stack_mm=(0.0, 0.0, 0.0))
        scanner = Scanner(binding=binding, margin_mm=(3.0, 8.0, 10.0, 8.0))
        measured = book.measure(3, printed, SOUND, scanner, settings=ScanSettings(bound=True))
        for edge in (Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE):
            assert measured.offsets[edge].value is None or abs(measured.error(edge)) < 0.15, edge


@pytest.mark.parametrize("policy", ["kdp", "ingram"])
def test_a_strip_goes_to_a_person_with_its_width(book: Book, tmp_path: Path, policy: str) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    printed = short_of_the_cut(Edge.TAIL, 0.8, SOUND, True)
    for page in (1, 2, 3, 4):
        how = printed if page == 2 else Print()
        measured = book.measure(page, how, SOUND, replace(Scanner(), skew_deg=0.1 * page, format="png"), seed=page)
        scan = measured.result.job.scan
        scan.path.rename(folder / f"p-{page}.png")
    inspection = inspect_copy(open_copy(folder), book.reference, load_policy(policy))
    (found,) = [f for f in inspection.findings if f.code == "white-sliver"]
    assert (str(found.outcome), found.where.page, found.where.edge) == ("undecided", 2, Edge.TAIL)
    assert "0.8 mm (0.03 in) wide" in found.message and "bare paper" in found.message
    assert str(inspection.verdict.outcome) == "needs-review"
    (seen,) = [o for o in inspection.observations if o.detail.get("code") == "white-sliver"]
    assert seen.value == 1.0 and seen.detail["width_mm"] == pytest.approx(0.8, abs=0.15) and seen.evidence
