"""The measures: drawn truth recovered with an honest u, and null with the right flag where nothing can be known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from drawn_page import Book, make_book
from drawn_tones import Toned, toned, tones_of
from judged_alone import verdict_on

from qc.flags import Flag
from qc.geometry import Edge
from qc.measure import MEASURES
from qc.measure.blank_pages import BookEnd, blank_pages_at_end, blank_pages_inside
from qc.measure.color_difference import color_difference_copy, paper_difference
from qc.measure.details import TrimOffsetDetail
from qc.measure.foreign_pages import pages_foreign
from qc.measure.missing_print import lost_page, lost_print
from qc.measure.trim_offset_block import trim_offset_block
from qc.model import FindingOutcome, Observation, PageKind, PageRecord, Role, Where
from qc.normalize.page_image import srgb_to_linear
from qc.synthetic import CREAM_PAPER, WHITE_PAPER, Cut, Kind, Print, Scanner, sample_conditions
from qc.synthetic.design import typeset

KINDS = [Kind.TEXT, Kind.PICTURE, Kind.LINE_ART, Kind.TEXT, Kind.BLANK, Kind.FOLIO_ONLY, Kind.DOT_GRID, Kind.BLEED_DARK]
KINDS += [Kind.TEXT, Kind.LINE_ART]
CUT = Cut(head_mm=1.1, tail_mm=-0.7, spine_mm=0.3, fore_edge_mm=0.5)
COPY = (1, 2, 3, 4, 8, 9, 10)
"""Pages of a copy that is measured for tone: those that can be registered."""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return make_book(tmp_path_factory.mktemp("measures"), KINDS)


# Trim offset


@pytest.mark.parametrize("backing", ["black", "gray"])
def test_trim_offsets_are_recovered_under_all_conditions(book: Book, backing: str) -> None:
    z: list[float] = []
    measured_edges = 0
    for seed in range(12):
        rng = np.random.default_rng([77, seed])
        printed, cut, scanner = sample_conditions(rng, backing, (300.0, 200.0)[seed % 2])
        scanner = replace(
            scanner,
            skew_deg=(-5.0, 0.0, 2.0, 5.0, -1.0, 0.5)[seed % 6],
            turns=seed % 4,
            # A flatbed; for the wobble of a feeder see the next test.
            wobble_px=min(scanner.wobble_px, 0.15),
            format=("jpeg", "tiff", "png")[seed % 3],
        )
        measured = book.measure(1 + seed % 4, printed, cut, scanner, seed=seed)
        for edge, observation in measured.offsets.items():
            if observation.value is not None:
                measured_edges += 1
                assert abs(measured.error(edge)) < 0.12, (seed, edge)
                assert abs(measured.z(edge)) < 3, (seed, edge, measured.error(edge), observation.u)
                z.append(measured.z(edge))
    assert measured_edges > 40
    assert abs(np.mean(z)) < 0.8
    # 0.78 is what both backings give: a u half as large again, or two thirds of it, is not let pass.
    assert 0.55 < np.sqrt(np.mean(np.square(z))) < 1.15
    assert (np.abs(z) < 2).mean() > 0.9


def test_the_wobble_of_a_feeder_is_covered_by_u_or_the_edge_is_refused(book: Book) -> None:
    z, refused = [], 0
    for wobble_px in (0.25, 0.5):
        scanner = Scanner(dpi=200.0, wobble_px=wobble_px, wobble_rows=110.0)
        for seed in range(10):
            page = book.measure(4, cut=CUT, scanner=scanner, seed=seed)
            for edge in (Edge.HEAD, Edge.TAIL):
                if page.offsets[edge].value is None:
                    refused += wobble_px < 0.5
                else:
                    z.append(page.z(edge))
    assert refused == 0 and len(z) >= 24
    assert 0.6 < np.sqrt(np.mean(np.square(z))) < 1.4
    assert (np.abs(z) < 2).mean() > 0.9


def test_paper_left_over_is_positive_and_a_deep_cut_negative(book: Book) -> None:
    for page in (1, 2):
        measured = book.measure(page, cut=Cut(head_mm=2.0, tail_mm=-2.0, spine_mm=-1.0, fore_edge_mm=3.0))
        values = {edge: o.value for edge, o in measured.offsets.items()}
        expected = {Edge.HEAD: 2.0, Edge.TAIL: -2.0, Edge.SPINE: -1.0, Edge.FORE_EDGE: 3.0}
        assert values == pytest.approx(expected, abs=0.05)


def test_the_scale_of_press_and_scanner_drops_out(book: Book) -> None:
    for scale in (0.993, 1.007):
        measured = book.measure(1, Print(scale_x=scale, scale_y=scale), CUT, Scanner(scale_x=1 / scale, scale_y=scale))
        for edge in Edge:
            assert abs(measured.error(edge)) < 0.05


def test_the_evidence_shows_the_edge(book: Book) -> None:
    measured = book.measure(1, cut=CUT, scanner=Scanner(turns=1))
    left, right = measured.truth.corners_px[[0, 3]].mean(axis=0), measured.truth.corners_px[[1, 2]].mean(axis=0)
    for edge, middle in ((Edge.SPINE, left), (Edge.FORE_EDGE, right)):
        (evidence,) = measured.offsets[edge].evidence
        x0, y0, x1, y1 = evidence.box_px
        assert x0 < middle[0] < x1 and y0 < middle[1] < y1


# The block


def offsets_of(values: Sequence[float | None], edge: Edge = Edge.HEAD, u: float = 0.02) -> list[Observation]:
    measure = MEASURES["trim-offset"]
    return [
        measure.observe(
            v, u if v is not None else None, Where(page=i, edge=edge), () if v is not None else (Flag.CROPPED,)
        )
        for i, v in enumerate(values, 1)
    ]


def block_edge(values: Sequence[float | None], edge: Edge = Edge.HEAD) -> Observation:
    return next(o for o in trim_offset_block(offsets_of(values, edge)) if o.where.edge is edge)


def test_the_block_is_the_mean_of_its_pages_with_their_scatter_as_u() -> None:
    z = []
    for seed in range(200):
        values = 1.0 + np.random.default_rng(seed).normal(0, 0.2, 10)
        found = block_edge(values.tolist())
        assert found.value is not None and found.u is not None
        z.append((found.value - 1.0) / found.u)
    assert abs(np.mean(z)) < 0.25
    assert 0.9 < np.std(z) < 1.3


def test_one_misprinted_page_does_not_move_the_block() -> None:
    values = np.random.default_rng(3).normal(1.0, 0.1, 12).tolist()
    sound = block_edge(values).value
    spoiled = block_edge([*values[:5], 6.0, *values[6:]]).value
    assert sound is not None and spoiled is not None
    assert abs(spoiled - sound) < 0.06


def test_u_of_the_block_does_not_shrink_below_what_its_pages_share() -> None:
    u = [block_edge([1.0] * n).u for n in (3, 30, 3000)]
    assert all(v is not None for v in u)
    assert u[0] > u[1] > u[2] >= TrimOffsetDetail.u_system


def test_u_that_all_pages_of_a_white_lid_share_is_not_averaged_out() -> None:
    pages = [replace(o, u=0.14, detail={"u_system": 0.13}) for o in offsets_of([1.0] * 40)]
    found = next(o for o in trim_offset_block(pages) if o.where.edge is Edge.HEAD)
    assert found.u == pytest.approx(0.13, abs=0.002)


def test_bounds_of_three_cropped_pages_bound_the_block() -> None:
    pages = [
        replace(o, detail={"cut_beyond_mm": b, "frame": "driver format"})
        for o, b in zip(offsets_of([None] * 3), (0.1, 0.2, 0.6), strict=True)
    ]
    found = next(o for o in trim_offset_block(pages) if o.where.edge is Edge.HEAD)
    assert found.value is None and found.flags[0] == Flag.CROPPED
    assert found.detail == {"pages": 0, "cut_beyond_mm": 0.3, "frame": "driver format"}
    two = next(o for o in trim_offset_block(pages[:2]) if o.where.edge is Edge.HEAD)
    assert "cut_beyond_mm" not in two.detail


def test_fewer_pages_mean_a_wider_u() -> None:
    three, ten = block_edge([0.8, 1.0, 1.2]), block_edge([0.8, 1.0, 1.2] * 3 + [1.0])
    assert three.u is not None and ten.u is not None and three.u > 2 * ten.u


def test_two_pages_are_no_block_and_the_reason_is_named() -> None:
    found = block_edge([1.0, 1.1, None, None, None])
    assert found.value is None
    assert set(found.flags) == {Flag.CROPPED, Flag.FEW_PAGES}
    assert found.detail["pages"] == 2


def test_every_edge_of_the_block_has_an_observation() -> None:
    found = trim_offset_block(offsets_of([1.0, 1.0, 1.0], Edge.TAIL), None)
    assert [o.where.edge for o in found] == list(Edge)
    assert [o.where.edge for o in found if o.value is not None] == [Edge.TAIL]
    assert all(o.flags for o in found if o.value is None)


# Ink and page kind


@pytest.mark.parametrize("backing", [0.03, 0.3])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.TEXT, PageKind.CONTENT),
        (Kind.BLANK, PageKind.BLANK),
        (Kind.DOT_GRID, PageKind.CONTENT),
        (Kind.BLEED_DARK, PageKind.CONTENT),
    ],
)
def test_a_page_is_told_from_its_ink(book: Book, kind: Kind, expected: PageKind, backing: float) -> None:
    scanner = Scanner(backing=(backing,) * 3, skew_deg=1.0)
    ink = book.measure(book.page_of(kind), cut=CUT, scanner=scanner).result.ink
    assert ink is not None and ink.kind is expected, ink
    assert 0 <= ink.coverage <= 1.0 + 1e-9
    assert (ink.coverage == 0) == (expected is PageKind.BLANK)


def test_a_folio_alone_is_told_from_a_blank_page(tmp_path: Path) -> None:
    larger = make_book(tmp_path, [Kind.FOLIO_ONLY, Kind.FOLIO_ONLY], (107.95, 174.5))
    for page in (1, 2):
        ink = larger.measure(page, cut=CUT, scanner=Scanner(skew_deg=1.0, dust=20)).result.ink
        assert ink is not None and ink.kind is PageKind.FOLIO_ONLY, ink


@pytest.mark.parametrize(
    "scanner",
    [
        Scanner(dust=25),
        Scanner(shadow_edges=("left", "top", "right", "bottom"), shadow_depth=0.6, shadow_mm=1.2),
        Scanner(rim_depth=0.08, curl_depth=0.15),
        Scanner(backing=(0.85, 0.85, 0.85)),
        Scanner(mode="gray"),
    ],
    ids=["dust", "shadow", "curl", "white backing", "gray"],
)
@pytest.mark.parametrize("paper", [WHITE_PAPER, CREAM_PAPER])
def test_a_blank_page_stays_blank(book: Book, scanner: Scanner, paper: tuple[float, float, float]) -> None:
    ink = book.measure(book.page_of(Kind.BLANK), Print(paper=paper), CUT, scanner).result.ink
    assert ink is not None and ink.kind is PageKind.BLANK, ink


def test_a_blank_page_cut_too_deep_stays_blank(book: Book) -> None:
    ink = book.measure(book.page_of(Kind.BLANK), cut=Cut(-4.5, -4.5, -1.0, -4.5)).result.ink
    assert ink is not None and ink.kind is PageKind.BLANK, ink


def test_more_print_is_more_coverage(book: Book) -> None:
    half = Print(missing=((0, 51, 77, 102),))
    inks = [book.measure(1, printed).result.ink for printed in (Print(), half)]
    assert inks[0] is not None and inks[1] is not None
    assert inks[1].coverage == pytest.approx(0.55 * inks[0].coverage, rel=0.2)


# Blank and foreign pages


def record_of(kind: PageKind, reference_page: int | None) -> PageRecord:
    return PageRecord(f"p-{reference_page}.jpg", 0, Role.PAGE, reference_page, None, kind, "", None, None, False)


def records(kinds: str, first: int = 1) -> list[PageRecord]:
    """`c` content, `b` blank, `f` folio only, `i` imprint, `x` unreadable, `?` content of no reference page."""
    names = {"c": PageKind.CONTENT, "b": PageKind.BLANK, "f": PageKind.FOLIO_ONLY, "i": PageKind.IMPRINT}
    return [
        record_of(names.get(k, PageKind.UNREADABLE if k == "x" else PageKind.CONTENT), None if k == "?" else n)
        for n, k in enumerate(kinds, first)
    ]


END = BookEnd(2, False, pages=4, last=2, ordered=2)


@pytest.mark.parametrize(
    ("kinds", "count"), [("ccc", 0), ("ccbb", 2), ("cbcb", 1), ("ccbbi", 2), ("ccfb", 1), ("cbf", 0), ("ccbbxb", 1)]
)
def test_blank_pages_at_the_end_are_counted(kinds: str, count: int) -> None:
    found = blank_pages_at_end(records(kinds), True, END)
    assert (found.value, found.unit, found.u) == (count, "count", 0.0)


def test_no_count_without_the_end_of_the_book() -> None:
    found = blank_pages_at_end(records("ccbb"), False, END)
    assert found.value is None and found.flags == (Flag.END_NOT_SEEN,)


def test_a_page_blank_in_the_copy_only_is_found_where_it_lies() -> None:
    content = [True, True, False, True]
    (found,) = blank_pages_inside(records("cbbc"), content)
    assert (found.value, found.where.page, found.detail["reference_page"]) == (1.0, 2, 2)
    (none,) = blank_pages_inside(records("ccbc"), content)
    assert none.value == 0 and none.where.page is None
    (unknown,) = blank_pages_inside(records("cbbc"), None)
    assert unknown.value is None and unknown.flags == (Flag.NO_REFERENCE,)


def test_a_blank_page_whose_place_is_only_likely_is_in_doubt() -> None:
    (found,) = blank_pages_inside(records("cbc"), [True] * 3, {2: Flag.PLACE_UNSURE})
    assert (found.value, found.u, found.flags) == (1.0, 0.0, ("place-unsure",))
    (sure,) = blank_pages_inside(records("cbc"), [True] * 3, {1: Flag.PLACE_UNSURE})
    assert (sure.value, sure.u, sure.flags) == (1.0, 0.0, ())


@pytest.mark.parametrize("flag", [None, Flag.PLACE_UNSURE, Flag.PALE_ORDERED])
def test_the_print_a_blank_page_lost_is_as_doubtful_as_the_page(flag: Flag | None) -> None:
    (blank,) = blank_pages_inside(records("cbc"), [True] * 3, {2: flag} if flag else {})
    (lost,) = lost_page(SimpleNamespace(observed=lambda _: [blank]))  # type: ignore[arg-type]
    assert (lost.measure, lost.value, lost.u, lost.flags) == ("print-defect", 1.0, 0.0, blank.flags)
    doubt = (str(flag),) if flag else ()
    for found in (blank, lost):
        assert verdict_on(found) == (FindingOutcome.UNDECIDED if flag else FindingOutcome.OUTSIDE, doubt)


@pytest.mark.parametrize("sure", [True, False])
def test_a_page_that_lost_nearly_all_its_print_names_the_doubt_of_its_place(sure: bool) -> None:
    (page,) = records("f", 4)
    lost = lost_print(page, 4, 0.002, 1.0, 0.1, sure)
    assert lost is not None and (lost.value, lost.u) == (1.0, 0.0)
    assert lost.flags == (() if sure else ("place-unsure",))
    assert verdict_on(lost) == (FindingOutcome.OUTSIDE if sure else FindingOutcome.UNDECIDED, lost.flags)


def test_foreign_pages_are_named_by_position() -> None:
    assert [(o.value, o.where.page) for o in pages_foreign(records("c?c?"), True)] == [(1.0, 2), (1.0, 4)]
    assert [(o.value, o.where.page) for o in pages_foreign(records("cbcx"), True)] == [(0.0, None)]
    assert pages_foreign(records("c?"), False)[0].flags == (Flag.NO_REFERENCE,)


# Missing print


def in_a_copy(
    book: Book, page: int, printed: Print, others: Print | None = None, scanner: Scanner | None = None
) -> Toned:
    """The page among the others of its copy, which are as ordered if nothing else is said."""
    others = others or Print()
    # To draw a screen takes seconds a page.
    return toned(book, page, printed, others, CUT, scanner or Scanner(), COPY[:4] if others.halftone else COPY)


def test_missing_print_names_its_region(book: Book) -> None:
    lost = (15.0, 55.0, 60.0, 80.0)
    page = in_a_copy(book, 1, Print(missing=(lost,)), scanner=Scanner(skew_deg=2.0))
    found = page.missing
    assert found is not None and (found.value, found.u, found.flags) == (1.0, 0.0, ())
    assert found.detail["code"] == "missing-print"
    assert np.abs(np.array(found.detail["boxes_mm"][0]) - lost).max() < 5
    (evidence,) = found.evidence
    truth_map = page.measured.truth.to_scan
    middle = truth_map[:, :2] @ [37.5, 67.5] + truth_map[:, 2]
    x0, y0, x1, y1 = evidence.box_px
    assert x0 < middle[0] < x1 and y0 < middle[1] < y1


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "as all its copy"])
@pytest.mark.parametrize(
    ("page", "printed"),
    [
        (1, Print()),
        (2, Print()),
        (3, Print()),
        (1, Print(strength=(0.6, 0.6, 0.6))),
        (2, Print(strength=(0.6, 0.6, 0.6))),
        (2, Print(paper=CREAM_PAPER, halftone="am")),
        (3, Print(fade=0.3)),
    ],
    ids=["text", "picture", "line art", "faint text", "faint picture", "screened on cream", "fading"],
)
def test_a_printed_page_lacks_nothing(book: Book, page: int, printed: Print, alone: bool) -> None:
    # A single page is never of another paper.
    others = Print(paper=printed.paper) if alone else printed
    found = in_a_copy(book, page, printed, others).missing
    assert found is not None and (found.value, found.flags) == (0.0, ()), found


@pytest.fixture(scope="module")
def bleed(tmp_path_factory: pytest.TempPathFactory) -> Book:
    kinds = [Kind.BLEED_DARK, Kind.TEXT, Kind.BLEED_BRIGHT, Kind.LINE_ART, Kind.BLEED_MIXED, Kind.TEXT, Kind.PICTURE]
    return make_book(tmp_path_factory.mktemp("bleed"), kinds, seed=5)


@pytest.mark.parametrize("exposure", [0.8, 1.0, 1.2])
@pytest.mark.parametrize("kind", [Kind.BLEED_DARK, Kind.BLEED_BRIGHT, Kind.BLEED_MIXED])
def test_a_page_printed_all_over_lacks_nothing_until_a_part_is_bare(bleed: Book, kind: Kind, exposure: float) -> None:
    page, scanner = bleed.page_of(kind), Scanner(exposure=exposure)
    pages = (page, 2, 4, 6, 7)
    sound = toned(bleed, page, Print(), Print(), CUT, scanner, pages)
    assert sound.result.registration is None or (sound.missing is not None and sound.missing.value == 0)
    lost = (15.0, 40.0, 60.0, 70.0)
    found = toned(bleed, page, Print(missing=(lost,)), Print(), CUT, scanner, pages).missing
    if kind is Kind.BLEED_MIXED:
        assert found is not None and found.value and found.value >= 1


def test_a_word_is_no_region(book: Book) -> None:
    found = in_a_copy(book, 1, Print(missing=((20, 40, 30, 44),))).missing
    assert found is not None and found.value == 0


# Color


def color_of(book: Book, printed: Print) -> Observation:
    """Color of the picture page in a copy that has no dot gain; only the paper is its own."""
    return in_a_copy(book, 2, printed, Print(gain=0.0, paper=printed.paper)).color


def test_a_page_printed_as_ordered_hardly_differs(book: Book) -> None:
    for printed in (Print(gain=0.0), Print(gain=0.0, paper=CREAM_PAPER)):
        found = color_of(book, printed)
        assert found.value is not None and found.value < 4
        assert found.flags == (Flag.NO_PROFILE,) and found.u is not None and found.u >= 3
        assert abs(found.detail["da"]) < 2 and abs(found.detail["db"]) < 2


@pytest.mark.parametrize(
    ("strength", "key", "sign"),
    [
        ((1.0, 1.4, 1.0), "da", 1),
        ((1.4, 1.0, 1.0), "da", -1),
        ((1.0, 1.0, 1.4), "db", 1),
        ((0.7, 0.7, 0.7), "dL", 1),
        ((1.4, 1.4, 1.4), "dL", -1),
    ],
    ids=["magenta", "cyan", "yellow", "faint", "heavy"],
)
def test_a_cast_shows_with_its_direction(book: Book, strength: tuple[float, float, float], key: str, sign: int) -> None:
    sound = color_of(book, Print(gain=0.0))
    found = color_of(book, Print(gain=0.0, strength=strength))
    assert found.value is not None and sound.value is not None
    assert found.value > sound.value + 1.5
    assert sign * (found.detail[key] - sound.detail[key]) > 2


@pytest.mark.parametrize("lost", ["cyan", "magenta", "yellow"])
def test_a_lost_ink_is_large(book: Book, lost: str) -> None:
    sound = color_of(book, Print(gain=0.0))
    found = color_of(book, Print(gain=0.0, lost=lost))
    assert found.value is not None and sound.value is not None
    assert found.value > 2.5 * sound.value
    assert found.detail["p95"] > 20


@pytest.mark.xfail(strict=True, reason="most tiles are text or lack that ink, so the median shift does not see it")
@pytest.mark.parametrize(("lost", "key", "sign"), [("cyan", "da", 1), ("yellow", "db", -1)])
def test_a_lost_ink_shows_its_direction(book: Book, lost: str, key: str, sign: int) -> None:
    found = color_of(book, Print(gain=0.0, lost=lost))
    assert sign * found.detail[key] > 1


@pytest.mark.parametrize(
    ("scanner", "flag"),
    [
        (Scanner(mode="gray"), Flag.GRAY_SCAN),
        (Scanner(mode="bitonal", format="tiff", compression="g4"), Flag.BITONAL),
    ],
    ids=["gray", "bitonal"],
)
def test_no_color_from_a_scan_without_color(book: Book, scanner: Scanner, flag: Flag) -> None:
    pages = [book.measure(n, cut=CUT, scanner=scanner).result for n in (1, 3, 4, 9, 10)]
    assert all(p.registration is not None and p.no_tone is flag for p in pages)
    seen = tones_of(book, pages)
    colors = [o for o in seen if o.measure == "color-difference"]
    assert [(o.where.page, o.value, o.flags) for o in colors] == [(n, None, (flag,)) for n in range(1, 6)]
    (copy,) = (o for o in seen if o.measure == "color-difference-copy")
    assert (copy.value, copy.flags) == (None, (flag,))
    (paper,) = (o for o in seen if o.measure == "paper-difference")
    assert paper.value is None


def test_a_page_without_color_among_colored_ones_has_no_color_and_they_have(book: Book) -> None:
    gray = book.measure(1, cut=CUT, scanner=Scanner(mode="gray")).result
    pages = [gray, *(book.measure(n, cut=CUT).result for n in (2, 3, 4))]
    colors = [o for o in tones_of(book, pages) if o.measure == "color-difference"]
    assert [(o.where.page, o.value is None) for o in colors] == [(1, True), (2, False), (3, False), (4, False)]
    assert colors[0].flags == (Flag.GRAY_SCAN,)


def color_page(value: float | None, chroma: float = 30.0, da: float = 0.0) -> Observation:
    detail = {"dL": 0.0, "dC": 0.0, "da": da, "db": 0.0, "chroma": chroma}
    measure = MEASURES["color-difference"]
    if value is None:
        return measure.observe(None, flags=(Flag.GRAY_SCAN,))
    return measure.observe(value, 3.0, flags=(Flag.NO_PROFILE,), detail=detail)


def test_the_color_of_a_copy_is_that_of_its_colored_pages() -> None:
    pages = [color_page(1.0, chroma=0.0)] * 5 + [color_page(8.0, da=5.0), color_page(9.0, da=6.0), color_page(30.0)]
    found = color_difference_copy(pages)
    assert found.value == 9.0 and found.detail["pages"] == 3 and found.detail["max"] == 30.0
    assert color_difference_copy(pages[:5]).value == 1.0


def test_more_pages_do_not_make_an_uncalibrated_scanner_better() -> None:
    assert color_difference_copy([color_page(5.0)] * 2).u == color_difference_copy([color_page(5.0)] * 200).u == 3.0


def test_a_copy_without_color_says_why() -> None:
    assert color_difference_copy([color_page(None)] * 3).flags == (Flag.GRAY_SCAN,)
    assert color_difference_copy([]).flags == (Flag.NOTHING_TO_COMPARE,)


def linear(encoded: tuple[int, int, int]) -> np.ndarray:
    return srgb_to_linear(np.array(encoded) / 255)


def test_the_wrong_paper_differs_and_the_right_one_does_not() -> None:
    white, cream = [linear((243, 242, 242))] * 3, [linear((240, 230, 212))] * 3
    values = {
        (scanned, ordered): paper_difference(papers, ordered).value
        for scanned, papers in (("white", white), ("cream", cream))
        for ordered in ("white", "cream")
    }
    assert all(v is not None for v in values.values())
    assert max(values["white", "white"] or 0, values["cream", "cream"] or 0) < 3
    assert min(values["white", "cream"] or 0, values["cream", "white"] or 0) > 6


def test_the_lightness_of_the_paper_does_not_count() -> None:
    bright, dim = [np.full(3, 0.95)], [np.full(3, 0.6)]
    first, second = (paper_difference(p, "white").value for p in (bright, dim))
    assert first == pytest.approx(second)


def test_the_median_page_speaks_for_the_paper() -> None:
    white = linear((243, 242, 242))
    assert (
        paper_difference([white, white, linear((255, 80, 80))], "white").value
        == paper_difference([white], "white").value
    )


def test_no_paper_ordered_or_seen_is_said() -> None:
    assert paper_difference([np.ones(3)], None).flags == (Flag.PAPER_NOT_STATED,)
    assert paper_difference([], "cream").flags == (Flag.NOTHING_TO_COMPARE,)


def test_a_foreign_page_has_no_numbers(book: Book) -> None:
    other = typeset([Kind.TEXT], trim_mm=book.title.trim_mm, first_number=3, seed=8)[0]
    result = book.measure(3, design=other).result
    assert (result.tiles, result.marks, result.reference_page) == (None, None, None)
    seen = tones_of(
        book, [book.measure(1).result, book.measure(2).result, result, *(book.measure(n).result for n in (4, 9))]
    )
    (color,) = (o for o in seen if o.where.page == 3)
    assert (color.measure, color.value, color.flags) == ("color-difference", None, (Flag.FOREIGN,))
    assert {o.where.page for o in seen if o.measure == "color-difference" and o.value is not None} == {1, 2, 4, 5}
