"""Pictures of color put a difference where it is, in the color it has on every page, and point the way it went."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from drawn_tones import copy_context
from inspection_example import DrawnReference, example
from numpy.typing import NDArray

from qc.colorimetry import PAPER_LAB, ciede2000, linear_rgb_to_lab
from qc.compare.color import CopyPages, PairTiles, pair_tiles, worst_pair
from qc.compare.compare import Comparison
from qc.compare.conclusions import Conclusion
from qc.features.color_tiles import ColorTiles, color_tiles
from qc.features.tiles import PageTiles
from qc.flags import Flag
from qc.geometry import Affine, Size, side_of
from qc.measure import MEASURES
from qc.measure.context.observing import observe_copy
from qc.model import (
    BookCopy,
    Finding,
    FindingOutcome,
    Inspection,
    Observation,
    PageKind,
    PageRecord,
    ReferenceId,
    Role,
    ScanFile,
    ScanSettings,
    Where,
)
from qc.page import PageJob, PageResult
from qc.register.register import Prior, Registration
from qc.report import comparison_html, html
from qc.report.color_picture import (
    AGAINST_REFERENCE,
    PICTURE_PX,
    Captions,
    color_picture,
    color_plane,
    difference_image,
    difference_map,
    lightness_strip,
    moves,
    outline,
    scale_colors,
)
from qc.report.colors import color_pictures

TRIM = Size(152.4, 228.6)
TILE_MM = 3.6
COLS, ROWS = 42, 63
RED = (0.6, 0.2, 0.2)
PAPER = np.array([0.8, 0.78, 0.7])
NAMES = Captions("scanned page 7")
SVG = "{http://www.w3.org/2000/svg}"


def page_tiles_of(reference: NDArray[np.float64], copy: NDArray[np.float64]) -> PageTiles:
    to_mm = Affine.shift(TILE_MM / 2, TILE_MM / 2).after(Affine.scaling(TILE_MM))
    return PageTiles(
        copy * PAPER, reference, np.ones(reference.shape[:2], bool), PAPER, to_mm, np.zeros(reference.shape[:2])
    )


def tiles_of(reference: NDArray[np.float64], copy: NDArray[np.float64]) -> ColorTiles:
    return color_tiles(page_tiles_of(reference, copy), TRIM)


def flat(rgb: tuple[float, float, float]) -> NDArray[np.float64]:
    return np.broadcast_to(np.array(rgb), (ROWS, COLS, 3)).astype(float).copy()


def spotted(factor: float = 0.5, color: tuple[float, float, float] = (0.4, 0.4, 0.4)) -> ColorTiles:
    """One color all over; the copy is darker by `factor` on tiles in rows 20 to 29 and columns 10 to 19."""
    reference = flat(color)
    copy = reference.copy()
    copy[20:30, 10:20] *= factor
    return tiles_of(reference, copy)


def arrows(svg: str) -> list[tuple[float, float, float, float]]:
    """Start (the dot) and tip of every arrow; without a head, an arrow of no length."""
    found = []
    for dot, tip in re.findall(r'(<circle[^>]*/>)\s*(?:<path d="M[^"]*" stroke[^>]*/>\s*<path d="(M[^"]*)Z)?', svg):
        x, y = (float(re.search(rf'{k}="([^"]*)"', dot)[1]) for k in ("cx", "cy"))  # type: ignore[index]
        end = re.match(r"M(\S+) (\S+)L", tip)
        found.append((x, y, float(end[1]), float(end[2])) if end else (x, y, x, y))
    return found


def test_tiles_are_kept_small_and_close() -> None:
    rng = np.random.default_rng(5)
    reference, copy = rng.uniform(0.02, 0.9, (2, ROWS, COLS, 3))
    tiles = tiles_of(reference, copy)
    assert tiles.reference.nbytes + tiles.copy.nbytes < 35_000
    exact = ciede2000(linear_rgb_to_lab(reference), linear_rgb_to_lab(copy))
    assert np.nanmax(np.abs(tiles.difference() - exact)) < 0.1


def test_bare_paper_is_nothing_to_compare() -> None:
    reference = flat((1.0, 1.0, 1.0))
    copy = reference * 0.99
    copy[3, 4] = 0.5
    tiles = tiles_of(reference, copy)
    assert tiles.printed().sum() == 1 and np.isfinite(tiles.difference()[3, 4])


def test_a_difference_shows_at_its_place() -> None:
    image = np.asarray(difference_image(spotted()), float).sum(axis=2)
    per_mm = PICTURE_PX / TRIM.width_mm
    dark = image < 0.5 * (image.min() + image.max())
    rows, cols = np.flatnonzero(dark.any(axis=1)) / per_mm, np.flatnonzero(dark.any(axis=0)) / per_mm
    assert (cols[0], cols[-1]) == pytest.approx((10 * TILE_MM, 20 * TILE_MM), abs=1.0)
    assert (rows[0], rows[-1]) == pytest.approx((20 * TILE_MM, 30 * TILE_MM), abs=1.0)


def test_the_scale_is_the_same_on_a_good_page_and_on_a_bad_one() -> None:
    mild, bad = spotted(0.9), spotted(0.9)
    worse = bad.copy.copy()
    worse[50:60] = 0.0
    bad = replace(bad, copy=worse)
    a, b = (np.asarray(difference_image(t)) for t in (mild, bad))
    assert (a[: a.shape[0] // 2] == b[: b.shape[0] // 2]).all()
    assert (scale_colors(np.array([15.0, 40.0]), 15.0)[0] == scale_colors(np.array([15.0, 40.0]), 15.0)[1]).all()


def test_the_scale_falls_in_lightness_so_that_it_reads_in_gray_print() -> None:
    lightness = linear_rgb_to_lab((scale_colors(np.linspace(0, 15, 50), 15.0) / 255) ** 2.2)[:, 0]
    assert (np.diff(lightness) < -0.5).all() and lightness[0] - lightness[-1] > 75


def test_the_line_follows_the_tiles_beyond_the_limit() -> None:
    on = np.zeros((4, 5), bool)
    on[1:3, 2:4] = True
    assert sorted(re.findall(r"M[^M]+", outline(on))) == ["M2 1h2", "M2 1v2", "M2 3h2", "M4 1v2"]
    assert outline(~np.zeros((2, 3), bool)).count("M") == 4 and outline(np.zeros((4, 5), bool)) == ""


def test_the_map_says_limit_scale_and_share() -> None:
    svg = difference_map(spotted(), NAMES, limit=12.0)
    ElementTree.fromstring(svg)
    share = 100 * 100 / (ROWS * COLS)
    for words in ("20 mm", "limit 12", "≥ 15", "ΔE00, the reference to the copy", f"{share:.0f} % of the tiles beyond"):
        assert words in svg, words
    assert re.search(r'aria-label="Color difference of scanned page 7[^"]*mean \d', svg)
    assert "beyond the scale" in difference_map(spotted(), NAMES, limit=20.0)
    assert "limit" not in difference_map(spotted(), NAMES, limit=None)


def test_a_page_of_noise_makes_no_large_picture() -> None:
    rng = np.random.default_rng(6)
    picture = color_picture(
        tiles_of(*rng.uniform(0.02, 0.95, (2, ROWS, COLS, 3))),
        NAMES,
        top=AGAINST_REFERENCE,
        limit=12.0,
        page=rng.integers(0, 255, (360, 240), np.uint8),
    )
    for drawing in (picture.map, picture.plane, picture.strip):
        ElementTree.fromstring(str(drawing))
        assert len(drawing.encode()) < 40_000


@pytest.mark.parametrize(
    ("gain", "a", "b"), [((1.2, 1, 1), 1, 1), ((1, 1.2, 1), -1, 1), ((1, 1, 1.2), 1, -1), ((1, 1, 0.8), -1, 1)]
)
def test_arrows_point_the_way_the_color_went(gain: tuple[float, float, float], a: int, b: int) -> None:
    reference = flat((0.3, 0.3, 0.3))
    reference[:30] = (0.4, 0.2, 0.2)
    tiles = tiles_of(reference, reference * np.array(gain))
    drawn = arrows(color_plane(tiles, NAMES))
    assert len(drawn) == 2
    for x0, y0, x1, y1 in drawn:
        assert np.sign(x1 - x0) == a and np.sign(y0 - y1) == b


def test_the_plane_reads_in_its_printed_units() -> None:
    tiles = tiles_of(flat((0.4, 0.25, 0.25)), flat((0.45, 0.25, 0.25)))
    (move,) = moves(tiles)
    half = 20.0 if max(abs(v) for v in (*move.reference[1:], *move.copy[1:])) <= 20 else 80.0
    ((x0, y0, x1, y1),) = arrows(color_plane(tiles, NAMES))
    shift = np.array([x1 - x0, y0 - y1]) * 2 * half / 300
    assert shift == pytest.approx(np.subtract(move.copy[1:], move.reference[1:]), abs=0.05)
    assert f">{half:g}<" in color_plane(tiles, NAMES)


def test_light_and_dark_move_on_their_own_rows() -> None:
    reference = flat((0.7, 0.7, 0.7))
    reference[30:] = 0.05
    copy = reference.copy()
    copy[30:] = 0.1
    light, dark = arrows(lightness_strip(tiles_of(reference, copy), NAMES))
    assert light[0] == light[2] and dark[2] > dark[0] + 10 and dark[1] > light[1]
    assert dark[0] == pytest.approx(300 * linear_rgb_to_lab(np.full(3, 0.05))[0] / 100, abs=0.3)


def test_colors_of_few_tiles_have_no_arrow() -> None:
    reference = flat((1.0, 1.0, 1.0))
    reference[0, :2] = (0.5, 0.1, 0.1)
    tiles = tiles_of(reference, reference)
    assert moves(tiles) == [] and arrows(color_plane(tiles, NAMES)) == []


def color_finding(page: int | None, measure: str, outcome: FindingOutcome) -> Finding:
    return Finding(
        measure, outcome, "note", measure, 13.0, "dE00", 3.0, "<= 12 dE00", "> 15 dE00", False, Where(page=page), -1.0,
        None, "Differs.", "A clause.", "A source.",
    )  # fmt: skip


def seen(pages: Mapping[int, ColorTiles]) -> Inspection:
    """The example with the color of these pages measured."""
    values = {n: float(np.nanmean(t.difference())) for n, t in pages.items()}
    measured = [MEASURES["color-difference"].observe(v, 3.0, Where(page=n)) for n, v in values.items()]
    return replace(example(), observations=(*example().observations, *measured))


def test_the_page_farthest_off_is_shown_and_pages_with_a_finding() -> None:
    pages = {n: spotted(f, RED) for n, f in {3: 0.9, 5: 0.2, 8: 0.7, 9: 0.6}.items()}
    inspection = seen(pages)
    shown = color_pictures(inspection, pages, DrawnReference())
    assert [p.captions.page for p in shown] == ["scanned page 5, page 5 of the reference"]
    found = replace(
        inspection,
        findings=(
            color_finding(3, "color-difference", FindingOutcome.OUTSIDE),
            color_finding(8, "color-difference", FindingOutcome.WITHIN),
        ),
    )
    assert [p.captions.page[:14] for p in color_pictures(found, pages, None)] == ["scanned page 5", "scanned page 3"]
    assert "limit 12" in color_pictures(found, pages, None)[0].map
    assert color_pictures(example(), {}, DrawnReference()) == []
    assert color_pictures(example(), pages, DrawnReference()) == [], "such as gray scans, whose color is not measured"


def test_a_book_of_text_shows_color_only_where_a_rule_asks() -> None:
    pages = {5: spotted(0.9)}
    text = seen(pages)
    assert color_pictures(text, pages, None) == []
    for outcome, shown in ((FindingOutcome.WITHIN, 0), (FindingOutcome.UNDECIDED, 1), (FindingOutcome.OUTSIDE, 1)):
        finding = color_finding(None, "color-difference-copy", outcome)
        assert len(color_pictures(replace(text, findings=(finding,)), pages, None)) == shown


def test_the_report_holds_the_pictures_and_says_what_they_are() -> None:
    measured = MEASURES["color-difference"].observe(7.0, 3.0, Where(page=5), (Flag.NO_PROFILE,))
    inspection = replace(example(), observations=(*example().observations, measured))
    bare = html.render(inspection, [], k=2.0)
    page = html.render(
        inspection, [], k=2.0, colors=color_pictures(inspection, {5: spotted(color=RED)}, DrawnReference())
    )
    assert 0 < len(page) - len(bare) < 60_000
    for words in ("page 5 of the reference", "no color profile and was read as sRGB", "3.6 mm tile"):
        assert words in page and words not in bare
    assert page.count('role="img" font-family') == 3 and "<script" not in page


def scanned(position: int, factor: float) -> PageResult:
    """A registered page of some colors that are off the more, the smaller `factor` is."""
    reference = flat(RED)
    for k, color in enumerate([(0.2, 0.3, 0.6), (0.5, 0.5, 0.5), (0.8, 0.7, 0.4)]):
        reference[:, 10 * k : 10 * k + 6] = color
    noise = np.random.default_rng(position).normal(1.0, 0.01, reference.shape)
    job = PageJob(position, ScanFile(Path(f"p-{position}.jpg"), f"p-{position}.jpg"), ScanSettings())
    base, nominal = Affine.scaling(10.0), (10.0, 10.0)
    known = Registration(base, np.eye(6), np.zeros(6), np.zeros(2), nominal, 0.9, (0.02, 0.02), 40, (True, True))
    return PageResult(
        job,
        reference_page=position,
        registration=known.given(Prior()),
        to_scan=Affine.scaling(1.0),
        trim=TRIM,
        tiles=page_tiles_of(reference, reference * factor * noise),
        marks=(),
    )


def test_the_colors_of_all_pages_are_kept_and_are_small() -> None:
    factors = [0.8, 0.2, 0.95, 0.7, 0.3, 0.9, 0.4, 0.6, 0.98, 0.97, 0.96, 0.99]
    pages = [scanned(n, f) for n, f in enumerate(factors, 1)]
    records = [
        PageRecord(p.job.scan.name, 0, Role.PAGE, n, side_of(n), PageKind.CONTENT, "", None, None, False)
        for n, p in enumerate(pages, 1)
    ]
    copy = BookCopy("RMA-1", Path("RMA-1"), tuple(p.job.scan for p in pages))
    stated = SimpleNamespace(u_color=0.0, paper=None, ink=None, id=ReferenceId("pdf"))
    context = copy_context(copy, pages, records, stated)  # type: ignore[arg-type]
    observe_copy(context, ["tone"])
    colors = context.colors
    values = {o.where.page: o.value for o in context.observed("color-difference")}
    assert list(values) == list(colors) == list(range(1, len(pages) + 1)) and None not in values.values()
    for n, tiles in colors.items():
        held = [v for v in vars(tiles).values() if isinstance(v, np.ndarray)]
        assert sum(v.nbytes for v in held) < 36_000 and all(v.base is None or v.base.nbytes < 36_000 for v in held)
        assert np.nanmean(tiles.difference()) == pytest.approx(values[n], abs=0.1)


def gray_page(tone: float) -> ColorTiles:
    return tiles_of(flat((tone,) * 3), flat((tone,) * 3))


def test_the_tiles_of_a_pair_lie_where_they_were_seen() -> None:
    first, second = flat((0.5,) * 3), flat((0.5,) * 3)
    second[25:34, 17:22] = 0.1
    pair = pair_tiles(tiles_of(first, first), tiles_of(first, second))
    rows, cols = np.nonzero(pair.difference() > 20)
    corners = pair.to_mm(np.array([[cols.min() - 0.5, rows.min() - 0.5], [cols.max() + 0.5, rows.max() + 0.5]]))
    assert corners == pytest.approx(TILE_MM * np.array([[17, 25], [22, 34]]))


def pair_seen(page: int, value: float | None) -> list[Observation]:
    flags = () if value is not None else (Flag.NOTHING_TO_COMPARE,)
    return [MEASURES["copy-color-difference"].observe(value, 0.35, Where(page=page, copies=("a", "b")), flags)]


def test_the_pair_that_differs_most_is_shown() -> None:
    tones = {1: 0.9, 2: 0.3, 3: 0.6, 4: 0.5}
    copies = [CopyPages(c, {n: gray_page(tone) for n, tone in tones.items()}) for c in "ab"]
    values = {1: 2.0, 2: 7.0, 3: 5.0, 4: None}
    worst = worst_pair([o for n, value in values.items() for o in pair_seen(n, value)], copies)
    assert worst is not None and (worst.page, worst.copies) == (2, ("a", "b"))
    assert np.max(worst.tiles.reference[:, :, 0]) == pytest.approx(linear_rgb_to_lab(np.full(3, 0.3))[0], abs=0.1)
    assert worst_pair(pair_seen(4, None), copies) is None


def test_a_page_is_seen_on_another_paper() -> None:
    """As bright as that paper where it was as bright as its own."""
    tiles = gray_page(1.0)
    assert tiles.paper is not None and not tiles.borrowed
    darker = linear_rgb_to_lab(PAPER / 2)
    seen_on = tiles.on_paper(darker)
    assert seen_on.copy[0, 0, 0] > 120 and seen_on.borrowed
    assert seen_on.on_paper(tiles.paper).copy[0, 0].astype(float) == pytest.approx(PAPER_LAB, abs=0.1)
    assert tiles.on_paper(None).copy[0, 0].astype(float) == pytest.approx(tiles.paper, abs=0.1)


def test_the_comparison_shows_the_worst_pair() -> None:
    nasty = "<b>b"
    finding = replace(color_finding(None, "copy-color-difference", FindingOutcome.WITHIN), within="<= 3 dE00")
    said = Conclusion(nasty, "color", FindingOutcome.WITHIN, "They differ.", None)
    comparison = Comparison(("a", nasty), "a", (), (finding,), (), (said,))
    shown = replace(comparison, worst=PairTiles(("a", nasty), 7, spotted()))
    bare, page = (comparison_html.render(c, k=2.0) for c in (comparison, shown))
    assert "Color where it differs most" in page and "Color where it differs most" not in bare
    for words in ("limit 3", "≥ 6", "page 7", "a to &lt;b&gt;b"):
        assert words in page, words
    assert nasty not in page and "img-src data:" in page
