"""Size, squareness, jitter and misprinted sheets of a block: by numbers alone, and on two drawn copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from qc.edges.dark_backing import EdgeLine
from qc.flags import Flag
from qc.geometry import Edge, Side, edge_names, side_of
from qc.judge.judge import judge
from qc.judge.policy import load_policy
from qc.measure import MEASURES
from qc.measure.context.cut_places import side_ends
from qc.measure.context.opposite_edges import opposite_edges, placements
from qc.measure.page_size import page_size
from qc.measure.print_position_jitter import print_position_jitter
from qc.measure.trim_offset_page import trim_offset_page
from qc.measure.trim_size_block import trim_size_block
from qc.measure.trim_skew import trim_skew
from qc.model import BookCopy, Finding, FindingOutcome, Inspection, Observation, ReferenceId, VerdictOutcome, Where
from qc.pipeline import inspect_copy
from qc.reference.find import Reference, open_reference
from qc.scan.copy_folder import open_copy
from qc.synthetic import Block, CopyTruth, Cut, Faults, Kind, Print, Scanner, Title, draw_copy, write_title
from qc.units import px_per_mm

TRIM = (152.4, 228.6)
U_EDGE, U_REGISTER, U_SYSTEM = 0.012, 0.02, 0.018
U_PAGE = float(np.sqrt(U_EDGE**2 + U_REGISTER**2 + U_SYSTEM**2))
POLICY = load_policy("kdp")
INWARD = {Edge.SPINE: 1, Edge.HEAD: 1, Edge.FORE_EDGE: -1, Edge.TAIL: -1}
"""How an offset grows where the print moves toward the fore-edge or the tail."""


@dataclass(frozen=True)
class Book:
    """A block by numbers: `cut` in mm and `taper` in degrees by edge, jitter in mm, and pages moved by `misprints`."""

    pages: int = 24
    cut: Mapping[Edge, float] = field(default_factory=dict)
    taper: Mapping[Edge, float] = field(default_factory=dict)
    jitter: float = 0.12
    misprints: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    """Toward the fore-edge and toward the tail."""
    turns: Mapping[int, float] = field(default_factory=dict)
    """Degrees by which the print of a page is turned, falling toward the fore-edge."""
    changes: Mapping[tuple[int, Edge], float] = field(default_factory=dict)
    details: Mapping[int, Mapping[str, object]] = field(default_factory=dict)
    seed: int = 5000

    @property
    def placed(self) -> NDArray[np.float64]:
        """Where the print of each page truly lies, toward the fore-edge and the tail; shape (pages, 2)."""
        moved = [self.misprints.get(page, (0.0, 0.0)) for page in range(1, self.pages + 1)]
        jitter = np.random.default_rng([self.seed, 1]).normal(0, self.jitter, (self.pages, 2))
        return np.asarray(np.reshape(moved, (-1, 2)) + jitter)

    def offsets(self) -> list[Observation]:
        """`trim-offset` of every page and edge as measured, with the errors that its u states."""
        rng = np.random.default_rng(self.seed)
        system = rng.normal(0, U_SYSTEM)
        result = []
        for page, place in enumerate(self.placed, 1):
            moved = place + rng.normal(0, U_REGISTER, 2)
            for side, edge in enumerate(edge_names(side_of(page))):
                shift = INWARD[edge] * moved[1 if edge in (Edge.HEAD, Edge.TAIL) else 0]
                value = self.cut.get(edge, 0.0) + shift + rng.normal(0, U_EDGE) + system
                value += self.changes.get((page, edge), 0.0)
                result.append(self._observed(page, side, edge, float(value)))
        return result

    def _observed(self, page: int, side: int, edge: Edge, value: float) -> Observation:
        corners = np.array([[0, 0], [TRIM[0], 0], [TRIM[0], TRIM[1]], [0, TRIM[1]]], float)
        trim = side_ends(corners, side)
        along, across = (0, 1) if side in (1, 3) else (1, 0)
        # More paper toward the fore-edge, which lies at the left of a verso, or toward the tail.
        far = trim[:, along] > 1.0
        if along == 0 and page % 2 == 0:
            far = ~far
        turn = self.turns.get(page, 0.0) * (1 if edge in (Edge.HEAD, Edge.FORE_EDGE) else -1)
        rise = np.tan(np.deg2rad(self.taper.get(edge, 0.0) + turn)) * TRIM[along]
        cut = trim.copy()
        cut[:, across] += (-1 if side in (0, 1) else 1) * (value + np.where(far, 0.5, -0.5) * rise)
        detail = {
            "u_system": U_SYSTEM,
            "u_registration": U_REGISTER,
            "correlation": 0.98,
            "repeats": False,
            "cut_mm": cut.tolist(),
            "trim_mm": trim.tolist(),
            **self.details.get(page, {}),
        }
        return MEASURES["trim-offset"].observe(value, U_PAGE, Where(page=page, edge=edge), detail=detail)


def outcome(found: Observation) -> FindingOutcome:
    """Of the rule that has the name of the measure, on the observation alone."""
    return finding(found).outcome


def finding(found: Observation) -> Finding:
    findings, _ = judge([found], POLICY, BookCopy("RMA-1", Path("RMA-1"), ()), (), ReferenceId("pdf"))
    (made,) = [f for f in findings if f.rule == found.measure]
    return made


def close(found: Observation, truth: float, times: float = 3.0) -> bool:
    assert found.value is not None and found.u is not None
    return abs(found.value - truth) < times * found.u


# Opposite edges


def test_placement_and_size_part_what_two_edges_hold_together() -> None:
    book = Book(pages=1, cut={Edge.HEAD: 0.7, Edge.TAIL: -0.3, Edge.FORE_EDGE: 1.0}, jitter=0.0)
    (y,), (x,) = (opposite_edges(book.offsets(), axis) for axis in ("y", "x"))
    assert (y.size, y.placement) == pytest.approx((0.4, 0.5), abs=0.1)
    assert (x.size, x.placement) == pytest.approx((1.0, -0.5), abs=0.1)
    assert y.u_size == pytest.approx(np.sqrt(2) * U_EDGE) and y.u_system == U_SYSTEM
    assert y.u_placement == pytest.approx(np.hypot(U_EDGE / np.sqrt(2), U_REGISTER))


def test_a_page_with_one_edge_has_neither() -> None:
    offsets = [o for o in Book(pages=3).offsets() if (o.where.page, o.where.edge) != (2, Edge.TAIL)]
    assert [p.page for p in opposite_edges(offsets, "y")] == [1, 3]
    unmeasured = [replace(o, value=None, u=None, flags=("cropped",)) if o.where.page == 3 else o for o in offsets]
    assert [p.page for p in opposite_edges(unmeasured, "y")] == [1]


def test_what_a_page_does_not_say_of_the_system_is_not_taken_for_nothing() -> None:
    silent = [
        replace(o, detail={k: v for k, v in o.detail.items() if k != "u_system"}) for o in Book(pages=300).offsets()
    ]
    (height,) = trim_size_block(silent, True)
    assert height.u is not None and height.u > 2 * 0.018


# Size


@pytest.mark.parametrize("size", [-4.0, -0.4, 0.0, 2.0])
def test_size_is_recovered_whatever_the_placement(size: float) -> None:
    cut = {Edge.HEAD: 0.3 * size + 1, Edge.TAIL: 0.7 * size - 1, Edge.SPINE: size, Edge.FORE_EDGE: -0.5 * size}
    offsets = Book(cut=cut, jitter=0.5).offsets()
    height, width = trim_size_block(offsets, bench_cut=False)
    assert (height.where.axis, width.where.axis) == ("height", "width")
    assert close(height, size) and close(width, 0.5 * size)
    assert height.detail["spread"] < 0.04
    assert outcome(height) is (FindingOutcome.OUTSIDE if size == -4.0 else FindingOutcome.WITHIN)


def test_the_width_is_left_out_where_the_bench_cut_the_spine() -> None:
    assert [o.where.axis for o in trim_size_block(Book().offsets(), bench_cut=True)] == ["height"]


def test_u_of_the_size_holds_and_keeps_what_pages_share() -> None:
    z, u = [], []
    for seed in range(5000, 5200):
        (height,) = trim_size_block(Book(pages=12, seed=seed).offsets(), True)
        assert height.value is not None and height.u is not None
        z.append(height.value / height.u)
        u.append(height.u)
    assert min(u) > 2 * U_SYSTEM
    assert np.mean(np.abs(z) < 2) > 0.9 and 0.7 < np.std(z) < 1.2


@pytest.mark.parametrize("pages", [0, 2])
def test_too_few_pages_have_no_size_and_no_skew(pages: int) -> None:
    offsets = Book(pages=pages).offsets()
    found = trim_size_block(offsets, False) + trim_skew(offsets, {n: side_of(n) for n in range(1, pages + 1)})
    assert len(found) == 6
    assert all(o.value is None and o.flags == (Flag.FEW_PAGES,) for o in found)


# Skew


@pytest.mark.parametrize("edge", list(Edge))
@pytest.mark.parametrize("angle", [-0.4, 0.25, 1.0])
def test_skew_is_recovered_with_its_sign_on_rectos_and_versos(edge: Edge, angle: float) -> None:
    offsets = Book(taper={edge: angle}, cut={edge: 0.8}).offsets()
    for wanted in ((1, 0), (1,), (0,)):
        sides = {n: side_of(n) for n in range(1, 25) if n % 2 in wanted}
        for found in trim_skew(offsets, sides):
            assert close(found, angle if found.where.edge is edge else 0.0), (found, wanted)
            assert found.u is not None and found.u < 0.03


def test_a_cut_turned_far_goes_to_a_person_and_never_is_a_defect() -> None:
    sides = {n: side_of(n) for n in range(1, 25)}
    (head, *_) = trim_skew(Book(taper={Edge.HEAD: 1.5}).offsets(), sides)
    assert head.where.edge is Edge.HEAD and outcome(head) is FindingOutcome.UNDECIDED


# Pages printed aslant


def aslant(book: Book) -> list[Observation]:
    sides = {page: side_of(page) for page in range(1, book.pages + 1)}
    return [o for o in trim_skew(book.offsets(), sides) if o.where.page]


def unsteady(pages: int, seed: int = 5000, common: float = 0.0) -> dict[int, float]:
    """Turns of a press that varies by 0.05 degrees; `common` is the same on every page as one looks at it."""
    turns = np.random.default_rng(seed).normal(0, 0.05, pages)
    return {page: float(t) + (common if page % 2 else -common) for page, t in enumerate(turns, 1)}


@pytest.mark.parametrize("turn", [-1.2, 0.9])
@pytest.mark.parametrize("page", [3, 6])
@pytest.mark.parametrize("pages", [8, 48])
def test_a_page_printed_aslant_is_named_and_goes_to_a_person(turn: float, page: int, pages: int) -> None:
    book = Book(pages=pages, turns=unsteady(pages) | {page: turn}, taper={Edge.HEAD: 0.1})
    (found,) = aslant(book)
    assert (found.where.page, found.where.edge) == (page, Edge.FORE_EDGE)
    assert close(found, turn)
    assert outcome(found) is FindingOutcome.UNDECIDED


def test_a_page_aslant_does_not_turn_the_block() -> None:
    book = Book(turns=unsteady(24) | {3: 1.2})
    sides = {page: side_of(page) for page in range(1, 25)}
    for found in trim_skew(book.offsets(), sides):
        assert found.where.page == 3 or close(found, 0.0), found


def test_sound_books_name_no_page() -> None:
    for pages in (8, 12, 24, 100):
        assert not any(aslant(Book(pages=pages, turns=unsteady(pages, seed))) for seed in range(5000, 5050))


def test_a_block_cut_out_of_square_is_no_page_aslant() -> None:
    assert not aslant(Book(turns=unsteady(24), taper={Edge.HEAD: 0.9, Edge.TAIL: -0.9, Edge.FORE_EDGE: 0.9}))


@pytest.mark.parametrize("common", [-1.0, 1.0])
def test_a_press_that_turns_every_page_is_told_by_one_page_a_side(common: float) -> None:
    found = aslant(Book(turns=unsteady(24, common=common)))
    assert [side_of(o.where.page or 0) for o in found] in ([*Side], [*Side][::-1])
    for o in found:
        assert close(o, common if (o.where.page or 0) % 2 else -common, 4)
        assert outcome(o) is FindingOutcome.UNDECIDED


def test_a_press_that_turns_every_page_a_little_hides_no_page_aslant() -> None:
    (found,) = aslant(Book(turns=unsteady(24, common=0.2) | {7: 1.3}))
    assert found.where.page == 7


@pytest.mark.parametrize("doubt", [{"correlation": 0.85}, {"repeats": True}])
def test_a_page_registered_in_doubt_is_never_called_aslant(doubt: dict[str, object]) -> None:
    assert not aslant(Book(turns=unsteady(24) | {3: 1.2}, details={3: doubt}))


def test_one_edge_alone_makes_no_page_aslant() -> None:
    book = Book(turns=unsteady(24) | {3: 1.2})
    sides = {page: side_of(page) for page in range(1, 25)}
    gone = (Edge.HEAD, Edge.TAIL)
    offsets = [o for o in book.offsets() if o.where.page != 3 or o.where.edge not in gone]
    assert not [o for o in trim_skew(offsets, sides) if o.where.page]


# Jitter


def test_no_jitter_is_near_zero_and_its_u_says_so() -> None:
    found = [
        o for seed in range(5000, 5040) for o in print_position_jitter(Book(jitter=0.0, seed=seed).offsets(), True)
    ]
    values, u = (np.array([getattr(o, key) for o in found], float) for key in ("value", "u"))
    assert values.max() < 0.04
    assert np.mean(values <= 2 * u) > 0.95 and u.max() < 0.05


@pytest.mark.parametrize(("pages", "least"), [(8, 0.85), (24, 0.9), (100, 0.92)])
@pytest.mark.parametrize("jitter", [0.05, 0.3])
def test_jitter_is_recovered_within_its_u(pages: int, least: float, jitter: float) -> None:
    books = 200 if pages < 100 else 60
    found = [
        print_position_jitter(Book(pages=pages, jitter=jitter, seed=seed).offsets(), False)[1]
        for seed in range(5000, 5000 + books)
    ]
    values, u = (np.array([getattr(o, key) for o in found], float) for key in ("value", "u"))
    assert np.mean(np.abs(values - jitter) < 2 * u) >= least
    assert abs(np.mean(values) / jitter - 1) < 0.12
    if jitter == 0.3:
        assert np.median(u) < 1.5 * np.std(values)


def test_jitter_is_told_by_axis_and_a_misprinted_page_is_none() -> None:
    offsets = Book(jitter=0.1, misprints={9: (0.0, 5.0)}).offsets()
    x, y = print_position_jitter(offsets, False)
    assert (x.where.axis, y.where.axis) == ("x", "y")
    assert close(x, 0.1) and close(y, 0.1) and y.value is not None and y.value < 0.2


def test_pages_a_step_off_their_place_are_no_jitter() -> None:
    """Most pages repeat themselves and were registered a line off, either way."""
    steps = {n: (0.0, 4.2 * (-1) ** (n // 2)) for n in range(9, 25)}
    doubt: dict[int, Mapping[str, object]] = {n: {"repeats": True} for n in steps}
    book = Book(jitter=0.1, misprints=steps, details=doubt)
    for found in print_position_jitter(book.offsets(), True):
        assert found.detail["pages"] == 8 and close(found, 0.1), found
    (found,) = trim_offset_page(book.offsets(), True)
    assert found.detail["left_block"] is False and abs(found.value or 0) < 0.5


# A misprinted page


@pytest.mark.parametrize(
    ("moved", "edge"),
    [
        ((0.0, 3.6), Edge.TAIL),
        ((0.0, -3.6), Edge.HEAD),
        ((3.6, 0.0), Edge.FORE_EDGE),
        ((-3.6, 0.0), Edge.SPINE),
    ],
)
@pytest.mark.parametrize("page", [5, 6])
def test_a_misprinted_page_is_named_with_its_edge(moved: tuple[float, float], edge: Edge, page: int) -> None:
    (found,) = trim_offset_page(Book(misprints={page: moved}, jitter=0.05).offsets(), bench_cut=False)
    assert (found.where.page, found.where.edge) == (page, edge)
    assert found.detail["left_block"] is True
    assert found.value == pytest.approx(-3.6, abs=0.2) and (found.u or 0) < 0.06 and found.flags == ()
    assert outcome(found) is FindingOutcome.OUTSIDE and finding(found).doubt == ()


def test_several_misprinted_pages_are_all_told() -> None:
    found = trim_offset_page(Book(misprints={3: (0.0, 4.0), 4: (0.0, -4.0), 17: (5.0, 0.0)}).offsets(), False)
    assert {(o.where.page, o.where.edge) for o in found} == {(3, Edge.TAIL), (4, Edge.HEAD), (17, Edge.FORE_EDGE)}


@pytest.mark.parametrize(("pages", "least"), [(9, 0.87), (24, 0.91)])
def test_u_of_a_misprinted_page_holds(pages: int, least: float) -> None:
    z = []
    for seed in range(5000, 5200):
        book = Book(pages=pages, misprints={7: (0.0, 2.8)}, cut={Edge.TAIL: -5.0}, jitter=0.15, seed=seed)
        (found,) = trim_offset_page(book.offsets(), True)
        assert found.where.page == 7 and found.value is not None and found.u is not None
        z.append((found.value + book.placed[6, 1]) / found.u)
    assert np.mean(np.abs(z) < 2) > least and np.std(z) > 0.5


def test_a_sound_book_shows_its_farthest_page_and_none_that_left() -> None:
    for seed in range(5000, 5030):
        (found,) = trim_offset_page(Book(pages=48, jitter=0.2, seed=seed).offsets(), seed % 2 == 0)
        assert found.detail["left_block"] is False and found.value is not None and abs(found.value) < 1.2
        assert outcome(found) is FindingOutcome.WITHIN


def test_a_page_whose_opposite_edges_disagree_is_not_told() -> None:
    """A torn or badly seen edge is no print that moved."""
    (found,) = trim_offset_page(Book(changes={(5, Edge.TAIL): -5.0}).offsets(), True)
    assert found.where.page != 5 and found.detail["left_block"] is False


@pytest.mark.parametrize("moved", [-3.9, 3.9])
def test_sheets_torn_unevenly_from_the_spine_hide_no_misprinted_page(moved: float) -> None:
    torn = np.random.default_rng(5000).normal(0, 0.3, 24)
    changes = {(page, Edge.SPINE): float(t) for page, t in enumerate(torn, 1)} | {(4, Edge.SPINE): 0.6}
    (found,) = (
        o for o in trim_offset_page(Book(misprints={4: (moved, 0.0)}, changes=changes).offsets(), False)
        if o.detail["left_block"]
    )  # fmt: skip
    assert found.where.page == 4
    assert found.u is not None and found.u > 0.25
    assert outcome(found) is not FindingOutcome.WITHIN


@pytest.mark.parametrize("bench_cut", [True, False])
@pytest.mark.parametrize("doubt", [{"correlation": 0.85}, {"repeats": True}])
def test_a_page_whose_registration_is_in_doubt_is_never_told(doubt: dict[str, object], bench_cut: bool) -> None:
    book = Book(misprints={5: (4.2, 4.2)}, details={5: doubt})
    (found,) = trim_offset_page(book.offsets(), bench_cut)
    assert found.where.page != 5 and found.detail["left_block"] is False


@pytest.mark.parametrize("moved", [-9.0, -3.6, 3.6, 6.0, 12.0])
def test_by_the_fore_edge_alone_a_page_goes_to_a_person(moved: float) -> None:
    (found,) = trim_offset_page(Book(misprints={8: (moved, 0.0)}, jitter=0.05).offsets(), bench_cut=True)
    assert (found.where.page, found.where.edge) == (8, Edge.FORE_EDGE)
    assert found.value == pytest.approx(-moved, abs=0.2) and found.u == pytest.approx(U_PAGE, rel=0.1)
    assert found.flags == (Flag.ONE_EDGE,)
    assert outcome(found) is FindingOutcome.UNDECIDED and finding(found).doubt == ("one-edge",)
    assert finding(found).message.endswith("; no opposite edge confirms it, so a person must look.")


@pytest.mark.parametrize(("moved", "flags"), [(2.4, (Flag.ONE_EDGE,)), (-2.4, (Flag.ONE_EDGE,)), (1.2, ())])
def test_by_the_fore_edge_alone_what_is_within_stays_within(moved: float, flags: tuple[Flag, ...]) -> None:
    (found,) = trim_offset_page(Book(misprints={8: (moved, 0.0)}, jitter=0.05).offsets(), bench_cut=True)
    assert (found.where.page, found.where.edge, found.flags) == (8, Edge.FORE_EDGE, flags)
    assert outcome(found) is FindingOutcome.WITHIN and finding(found).doubt == ()


@pytest.mark.parametrize("bench_cut", [True, False])
def test_a_page_far_out_in_large_jitter_goes_to_a_person(bench_cut: bool) -> None:
    """It did not leave its block, for that has no place."""
    found = [
        o for seed in range(5000, 5060) for o in trim_offset_page(Book(jitter=1.2, seed=seed).offsets(), bench_cut)
    ]
    far = [o for o in found if abs(o.value or 0) > 3.4]
    assert len(far) > 5 and not any(o.detail["left_block"] for o in far)
    sideways = {o.where.edge in (Edge.FORE_EDGE, Edge.SPINE) for o in far}
    assert sideways == {True, False}
    for o in far:
        alone = bench_cut and o.where.edge is Edge.FORE_EDGE
        assert o.flags == (Flag.ONE_EDGE if alone else Flag.JITTER_POSSIBLE,)
        assert (outcome(o), finding(o).doubt) == (FindingOutcome.UNDECIDED, o.flags)
        assert 0 < (o.u or 0) < 0.5


@pytest.mark.parametrize("pages", [12, 24, 100, 300])
def test_what_jitter_of_heavy_tails_could_do_goes_to_a_person(pages: int) -> None:
    (found,) = trim_offset_page(Book(pages=pages, misprints={8: (0.0, 3.8)}, jitter=0.32).offsets(), False)
    assert (found.where.page, found.where.edge) == (8, Edge.TAIL)
    assert found.flags == (Flag.JITTER_POSSIBLE,) and 0 < (found.u or 0) < 0.25
    assert outcome(found) is FindingOutcome.UNDECIDED and finding(found).doubt == ("jitter-possible",)


@pytest.mark.parametrize("pages", [3, 5])
def test_too_few_pages_have_no_jitter_and_none_that_leaves(pages: int) -> None:
    offsets = Book(pages=pages).offsets()
    for found in trim_offset_page(offsets, False) + print_position_jitter(offsets, False):
        assert found.value is None and found.flags == (Flag.FEW_PAGES,)


def test_a_page_off_its_block_but_near_the_trim_line_is_off_little() -> None:
    """The block was cut 2.5 mm off, and one page happens to lie where it should."""
    book = Book(cut={Edge.HEAD: -2.5, Edge.TAIL: 2.5}, misprints={5: (0.0, 2.4)})
    (found,) = trim_offset_page(book.offsets(), True)
    assert found.where.page == 5 and found.detail["left_block"] is True
    assert abs(found.detail["from_block"]) == pytest.approx(2.4, abs=0.4)
    assert abs(found.value or 0.0) < 0.5 and outcome(found) is FindingOutcome.WITHIN


def test_a_page_that_lies_better_than_its_block_is_not_off_at_all() -> None:
    book = Book(cut={Edge.HEAD: -2.0, Edge.TAIL: 3.0}, misprints={5: (0.0, 2.0)}, jitter=0.05)
    (found,) = trim_offset_page(book.offsets(), True)
    assert (found.where.page, found.where.edge) == (5, Edge.TAIL) and found.detail["left_block"] is True
    assert found.detail["from_block"] < 0 < found.detail["from_trim_line"] and found.value == 0.0


def test_in_a_block_cut_too_large_the_edge_a_page_moved_away_from_is_told() -> None:
    book = Book(cut={Edge.HEAD: 2.4, Edge.TAIL: 0.6}, misprints={5: (0.0, -4.5)}, jitter=0.05)
    (found,) = trim_offset_page(book.offsets(), True)
    assert (found.where.page, found.where.edge) == (5, Edge.TAIL)
    assert found.value == pytest.approx(4.5, abs=0.3) and outcome(found) is FindingOutcome.OUTSIDE


def test_one_side_printed_elsewhere_than_the_other_is_no_misprinted_sheet() -> None:
    """Rectos and versos 0.8 mm apart, as a duplex press does it."""
    apart = {n: (0.4 if n % 2 else -0.4, 0.0) for n in range(1, 49)}
    for bench_cut in (True, False):
        (found,) = trim_offset_page(Book(pages=48, misprints=apart).offsets(), bench_cut)
        assert found.detail["left_block"] is False and outcome(found) is FindingOutcome.WITHIN


def test_placements_by_the_fore_edge_alone_agree_with_those_of_both() -> None:
    offsets = Book(pages=12, jitter=0.4).offsets()
    alone, both = (placements(offsets, "x", bench_cut) for bench_cut in (True, False))
    assert [p.page for p in alone] == [p.page for p in both]
    assert [p.placement for p in alone] == pytest.approx([p.placement for p in both], abs=0.1)


# Page size


def test_page_size_follows_the_cut_and_not_its_turn() -> None:
    size, scale, angle = (150.0, 220.0), (px_per_mm(300), px_per_mm(290)), np.deg2rad(2.0)
    corners = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]]) + 20.0
    turned = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    lines = [EdgeLine(side_ends(turned * scale, side), u_px=0.3) for side in range(4)]
    width, height = page_size(lines, scale, page=3)
    for found, axis, truth in ((width, "width", size[0]), (height, "height", size[1])):
        assert (found.where.page, found.where.axis) == (3, axis)
        assert found.value == pytest.approx(truth, abs=1e-6)
        assert found.u == pytest.approx(0.005 * truth, rel=0.02)
    lines[1] = EdgeLine(None, flag=Flag.CROPPED)
    width, height = page_size(lines, scale, page=3, u_scale=0.0)
    assert height.value is None and height.flags == (Flag.CROPPED,)
    assert width.u == pytest.approx(np.hypot(0.3, 0.3) / scale[0])


# Drawn copies


SMALL = (88.9, 127.0)
KINDS = [
    Kind.TEXT, Kind.TEXT, Kind.PICTURE, Kind.TEXT, Kind.TEXT, Kind.TEXT, Kind.LINE_ART, Kind.TEXT,
]  # fmt: skip
STEADY = Block(x_sd_mm=0.1, y_sd_mm=0.1, rotation_sd_deg=0.03)


@dataclass(frozen=True)
class Shop:
    title: Title
    reference: Reference
    folder: Path

    def copy(self, name: str, block: Block, faults: Faults | None = None) -> tuple[CopyTruth, Inspection]:
        drawn = draw_copy(
            self.folder / name, self.title, block=block, faults=faults, scanner=Scanner(dpi=150.0), seed=5001
        )
        return drawn, inspect_copy(open_copy(drawn.folder), self.reference, POLICY)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    root = tmp_path_factory.mktemp("block")
    title = write_title(root / "title" / "interior.pdf", KINDS, trim_mm=SMALL, seed=6)
    return Shop(title, open_reference(title.path, trim=f"{SMALL[0]} x {SMALL[1]} mm", bleed=False), root)


@pytest.fixture(scope="module")
def misprinted(shop: Shop) -> tuple[CopyTruth, Inspection]:
    return shop.copy("misprinted", STEADY, Faults(prints={4: Print(dy_mm=3.9)}))


@pytest.fixture(scope="module")
def small(shop: Shop) -> tuple[CopyTruth, Inspection]:
    taper = (0.0, 0.0, 0.0, 0.9)
    return shop.copy("small", replace(STEADY, cut=Cut(head_mm=-2.0, tail_mm=-2.0, taper_mm=taper)))


def every(inspection: Inspection, measure: str) -> list[Observation]:
    return [o for o in inspection.observations if o.measure == measure]


def test_a_misprinted_page_makes_a_defect_that_names_page_and_edge(misprinted: tuple[CopyTruth, Inspection]) -> None:
    drawn, inspection = misprinted
    assert inspection.verdict.outcome is VerdictOutcome.DEFECT, inspection.verdict.summary
    (outside,) = (f for f in inspection.findings if f.outcome is FindingOutcome.OUTSIDE)
    assert (outside.rule, outside.where.page, outside.where.edge) == ("trim-offset-page", 4, Edge.TAIL)
    assert (
        inspection.verdict.summary.startswith("Page 4 is printed ")
        and " the tail; up to 3.2 mm" in inspection.verdict.summary
    )
    assert outside.value is not None and outside.u is not None and outside.u < 0.12
    others = np.mean([p.truth.offsets_mm["tail"] for p in drawn.pages if p.page != 4])
    assert abs(outside.value - (drawn.pages[3].truth.offsets_mm["tail"] - others)) < 0.15
    assert outside.evidence and outside.evidence[0].file == "p-0004.jpg"


def test_a_block_cut_small_is_outside_in_height_alone(small: tuple[CopyTruth, Inspection]) -> None:
    drawn, inspection = small
    outside = [f for f in inspection.findings if f.outcome is FindingOutcome.OUTSIDE]
    assert [(f.rule, f.where.axis) for f in outside] == [("trim-size-block", "height")]
    (height,) = every(inspection, "trim-size-block")
    assert close(height, drawn.block_mm["head"] + drawn.block_mm["tail"])
    (page,) = every(inspection, "trim-offset-page")
    assert page.detail["left_block"] is False and outcome(page) is FindingOutcome.WITHIN


def test_skew_and_jitter_are_what_was_drawn(small: tuple[CopyTruth, Inspection]) -> None:
    _, inspection = small
    for found in every(inspection, "trim-skew"):
        assert close(found, np.rad2deg(0.9 / SMALL[1]) if found.where.edge is Edge.FORE_EDGE else 0.0), found
    for found in every(inspection, "print-position-jitter"):
        assert close(found, 0.1) and found.value is not None and 0 < found.value < 0.3, found


def test_page_size_is_within_its_u_of_the_drawn_leaf(small: tuple[CopyTruth, Inspection]) -> None:
    drawn, inspection = small
    sizes = {(o.where.page, o.where.axis): o for o in every(inspection, "page-size")}
    for position, page in enumerate(drawn.pages, 1):
        left_top, right_top, right_bottom, left_bottom = page.truth.corners_px / np.array(
            [px_per_mm(dpi) for dpi in page.truth.true_dpi]
        )
        middles = [(left_top + left_bottom) / 2, (right_top + right_bottom) / 2]
        width = float(np.hypot(*(middles[1] - middles[0])))
        middles = [(left_top + right_top) / 2, (left_bottom + right_bottom) / 2]
        height = float(np.hypot(*(middles[1] - middles[0])))
        for axis, truth in (("width", width), ("height", height)):
            found = sizes[position, axis]
            assert close(found, truth, 2) and found.value == pytest.approx(truth, abs=0.15), (position, axis)


def test_a_sound_copy_is_none_of_this(shop: Shop) -> None:
    _, inspection = shop.copy("sound", replace(STEADY, cut=Cut(head_mm=0.4, tail_mm=-0.3, fore_edge_mm=0.5)))
    assert inspection.verdict.outcome is VerdictOutcome.NO_DEFECT, inspection.verdict.summary
    for measure in ("trim-offset-page", "trim-size-block", "print-position-jitter"):
        assert all(outcome(o) is FindingOutcome.WITHIN for o in every(inspection, measure))
