"""Print that is scaled or turned on its paper, scans that were stretched, and copies that only look so."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from qc.geometry import Edge, Side, Size, side_of
from qc.inputs import Opened
from qc.judge.policy import load_policy
from qc.measure import MEASURES
from qc.measure.print_scale import PageScale, print_scale, with_scale_doubt
from qc.measure.trim_skew import trim_skew
from qc.model import FindingOutcome, Inspection, Observation, VerdictOutcome, Where
from qc.normalize.calibrated import AppliedProfile
from qc.pipeline import inspect_copy
from qc.plan.copy_plan import plan_copy
from qc.reference.find import Reference, open_reference
from qc.register.print_shape import Shape, shared
from qc.scan.copy_folder import open_copy
from qc.synthetic import Kind, Print, Scanner, Title, draw_copy, write_title

FIELD = Path(__file__).parent / "data/field"
POLICY = load_policy("kdp")
TRIM = Size(152.4, 228.6)


@pytest.fixture(scope="module")
def ordered() -> Reference:
    return open_reference(FIELD / "00-plain/reference.pdf")


@pytest.fixture(scope="module")
def title(tmp_path_factory: pytest.TempPathFactory) -> Title:
    kinds = [Kind.CHAPTER, *[Kind.TEXT] * 5, Kind.PICTURE, *[Kind.TEXT] * 4, Kind.TABLE]
    return write_title(
        tmp_path_factory.mktemp("title") / "t.pdf", kinds, trim_mm=(127.0, 203.2), seed=16, trim_box=True
    )


def inspected(folder: Path, reference: Reference) -> Inspection:
    return inspect_copy(open_copy(folder), reference, POLICY, threads=2)


def case(name: str, reference: Reference) -> Inspection:
    return inspected(next(FIELD.glob(f"{name}-*")) / "copy", reference)


def measured(inspection: Inspection, measure: str, **where: object) -> Observation:
    (found,) = (o for o in inspection.observations if o.measure == measure and o.where == Where(**where))  # type: ignore[arg-type]
    return found


def close(found: Observation, truth: float, times: float = 2.0) -> bool:
    assert found.value is not None and found.u is not None
    return abs(found.value - truth) <= times * found.u


def outside(inspection: Inspection) -> list[str]:
    return [f.rule for f in inspection.findings if f.outcome is FindingOutcome.OUTSIDE]


def known(inspection: Inspection) -> list[int | None]:
    return [p.reference_page for p in inspection.pages]


def all_cuts_measured(inspection: Inspection) -> bool:
    return all(o.value is not None for o in inspection.observations if o.measure == "trim-offset")


# The field cases


def test_print_of_the_right_size_is_in_no_doubt(ordered: Reference) -> None:
    found = case("00", ordered)
    assert found.verdict.outcome is VerdictOutcome.NO_DEFECT
    for axis in ("height", "width"):
        scale = measured(found, "print-scale", axis=axis)
        assert close(scale, 0.0) and scale.flags == ()
    assert not [o for o in found.observations if "print-scaled" in o.flags]


def test_print_at_98_5_percent_is_too_small_and_the_block_not_surely_too_large(ordered: Reference) -> None:
    found = case("22", ordered)
    assert found.verdict.outcome is VerdictOutcome.NEEDS_REVIEW and outside(found) == []
    height = measured(found, "print-scale", axis="height")
    assert close(height, -0.015) and height.u is not None and height.u < 0.004
    (said,) = (f for f in found.findings if f.rule == "trim-size-block")
    assert (said.outcome, said.doubt) == (FindingOutcome.UNDECIDED, ("print-scaled",))
    (scale, _) = (f for f in found.findings if f.rule == "print-scale")
    assert scale.message.startswith("The print is 1.6 % smaller than ordered in height")


def test_print_turned_by_2_degrees_is_a_skew_with_all_cuts_seen(ordered: Reference) -> None:
    found = case("23", ordered)
    assert found.verdict.outcome is VerdictOutcome.NEEDS_REVIEW and outside(found) == []
    assert known(found) == [1, 2, 3, 4] and all_cuts_measured(found)
    for edge in (Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE):
        skew = measured(found, "trim-skew", edge=edge)
        assert skew.value is not None and skew.u is not None
        assert abs(abs(skew.value) - 2.0) < 0.1 and skew.u < 0.1
    assert close(measured(found, "trim-size-block", axis="height"), 0.6)
    assert {f.rule for f in found.findings if f.outcome is FindingOutcome.UNDECIDED} == {"trim-skew"}


def test_a_stretched_scan_is_named_and_the_trim_measured(ordered: Reference) -> None:
    found = case("27", ordered)
    assert known(found) == [1, 2, 3, 4] and found.verdict.outcome is VerdictOutcome.NO_DEFECT
    assert measured(found, "print-scale", axis="height").flags == ("scan-stretched",)
    assert measured(found, "print-scale", axis="width").flags == ()
    size = measured(found, "trim-size-block", axis="height")
    assert close(size, 0.6) and size.flags == ()


# Variations


def test_scans_stretched_along_the_width_and_reordered(ordered: Reference, tmp_path: Path) -> None:
    for n, page in enumerate((4, 3, 2, 1), 1):
        scan = cv2.imread(str(FIELD / f"00-plain/copy/p-000{page}.jpg"))
        assert scan is not None
        narrow = cv2.resize(scan, None, fx=0.95, fy=1.0, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(tmp_path / f"p-000{n}.png"), narrow)
    (tmp_path / "copy.toml").write_text("schema = 1\n[scan]\ndpi = 150\n")
    found = inspected(tmp_path, ordered)
    assert sorted(p or 0 for p in known(found)) == [1, 2, 3, 4] and outside(found) == []
    width = measured(found, "print-scale", axis="width")
    # Nothing tells the width of the paper: the bench cut the spine edge.
    assert close(width, -0.05, 3.0) and measured(found, "trim-offset-block", edge=Edge.FORE_EDGE).flags == (
        "print-scaled",
    )


def test_scaled_and_turned_print_of_pages_from_the_middle(title: Title, tmp_path: Path) -> None:
    printed = Print(scale_x=1.05, scale_y=0.95, rotation_deg=-7.0)
    draw_copy(tmp_path, title, printed=printed, scanner=Scanner(dpi=150, mode="gray"), pages=[4, 7, 8, 9, 12], seed=3)
    found = inspected(tmp_path, open_reference(title.path))
    assert known(found) == [4, 7, 8, 9, 12] and outside(found) == []
    assert close(measured(found, "print-scale", axis="height"), -0.05)
    assert close(measured(found, "print-scale", axis="width"), 0.05)
    for edge in (Edge.HEAD, Edge.FORE_EDGE):
        skew = measured(found, "trim-skew", edge=edge)
        assert close(replace(skew, value=abs(skew.value or 0.0)), 7.0)


def test_stretched_scans_of_which_no_page_is_recognized_as_it_is(ordered: Reference, tmp_path: Path) -> None:
    for n in (2, 3, 4):
        shutil.copy(FIELD / f"27-stretched-6-percent/copy/p-000{n}.jpg", tmp_path)
    opened = Opened(open_copy(tmp_path), ordered, "", AppliedProfile())
    assert [scan.record.reference_page for scan in plan_copy(opened).scans] == [2, 3, 4]
    found = inspected(tmp_path, ordered)
    assert known(found) == [2, 3, 4] and outside(found) == []


def test_pages_of_another_book_stay_foreign(title: Title, tmp_path: Path) -> None:
    for n in (2, 3, 4):
        shutil.copy(FIELD / f"23-printed-crooked-2-degrees/copy/p-000{n}.jpg", tmp_path)
    found = inspected(tmp_path, open_reference(title.path))
    assert known(found) == [None, None, None] and found.verdict.outcome is not VerdictOutcome.NO_DEFECT


# By numbers


def cut(sizes: Sequence[float], axis: str = "height") -> list[Observation]:
    """`trim-offset` of pages whose paper is larger by `sizes` than ordered, in millimeters of the print."""
    edges = (Edge.HEAD, Edge.TAIL) if axis == "height" else (Edge.SPINE, Edge.FORE_EDGE)
    return [
        MEASURES["trim-offset"].observe(size / 2, 0.03, Where(page=page, edge=edge))
        for page, size in enumerate(sizes, 1)
        for edge in edges
    ]


def scale(by_scanner: float, size_mm: float | None, u: float = 0.005) -> Observation:
    """`print-scale` along the height, of a scanner that says `by_scanner` and paper that seems larger by `size_mm`; the width
    is scaled otherwise by far and says nothing of it."""
    pages = [PageScale((0.2, by_scanner), (1e-4, 1e-4), (u, u))] * 4
    height, width = print_scale(pages, cut([size_mm] * 4) if size_mm is not None else [], TRIM, True)
    assert width.value == pytest.approx(0.2) and width.u == pytest.approx(u, rel=0.05)
    return height


def test_scanner_and_cuts_are_joined_by_their_weights() -> None:
    found = scale(-0.02, 228.6 * (1 / 0.98 - 1))
    assert found.value == pytest.approx(-0.02, abs=1e-6) and found.u == pytest.approx(0.0033, abs=1e-4)
    found = scale(-0.02, 228.6 * (1 / 0.985 - 1))
    assert found.value == pytest.approx(-(0.02 / 0.005**2 + 0.015 / 0.004376**2) / (0.005**-2 + 0.004376**-2), abs=2e-4)
    alone = scale(-0.02, None)
    assert alone.value == pytest.approx(-0.02) and alone.u == pytest.approx(0.005, abs=1e-5)


@pytest.mark.parametrize(("along_x", "along_y"), [(0.002, -0.003), (0.009, 0.0), (-0.04, -0.03)])
def test_the_axes_bear_each_other_out_unless_they_differ(along_x: float, along_y: float) -> None:
    pages = [PageScale((along_x, along_y), (1e-6, 1e-6), (0.005, 0.005))] * 4
    height, width = print_scale(pages, [], TRIM, True)
    # 0.5 % each, and as much between the axes: the other one is known to 0.71 % and weighs a third.
    assert height.value == pytest.approx(along_y + (along_x - along_y) / 3, abs=1e-5)
    assert width.value == pytest.approx(along_x + (along_y - along_x) / 3, abs=1e-5)
    assert (height.u, width.u) == (pytest.approx(0.00408, abs=1e-5),) * 2


def test_a_width_without_cuts_is_no_false_alarm() -> None:
    """Scanners off by 0.5 % (1 sigma) along each axis, blocks by 0.7 mm: sound copies are not asked for their scale."""
    rng = np.random.default_rng(11)
    found = []
    for _ in range(300):
        off = tuple(float(v) for v in rng.normal(0, 0.005, 2))
        pages = [PageScale((off[0], off[1]), (3e-4, 3e-4), (0.005, 0.005))] * 4
        found += print_scale(pages, cut([float(rng.normal(0, 0.7))] * 4), TRIM, True)
    values, u = np.array([[o.value, o.u] for o in found], float).T
    assert (np.abs(values) <= 2 * u).mean() >= 0.95 and np.median(u) <= 0.004
    assert (np.abs(values) + 2 * u > 0.02).sum() <= 3
    assert np.std(values / u) > 0.6


@pytest.mark.parametrize("size", [4.0, -4.0, 9.0])
def test_a_block_cut_wrong_is_no_scaled_print(size: float) -> None:
    found = scale(0.001, size)
    assert found.value == pytest.approx(0.001) and found.flags == ()
    assert with_scale_doubt(cut([size]), [found])[0].flags == ()


def test_a_stretched_scan_is_told_from_scaled_print() -> None:
    stretched = scale(0.06, 0.5)
    assert abs(stretched.value or 1.0) < 0.005 and stretched.flags == ("scan-stretched",)
    # A calibrated scanner does not lie by itself; paper 13 mm too long is no cut.
    assert scale(0.06, 0.5, 0.0005).flags == ("scan-stretched",)
    # Paper 3 mm too long may be: then both are named.
    both = scale(0.013, 0.0, 0.0005)
    assert both.flags == ("scan-stretched",) and (both.value or 0.0) > 2 * 0.004
    assert with_scale_doubt(cut([0.0]), [both])[0].flags == ("print-scaled",)


def test_what_a_calibrated_scanner_sees_of_any_press_puts_nothing_in_doubt() -> None:
    assert with_scale_doubt(cut([0.0]), [scale(0.0015, 0.0, 0.0005)])[0].flags == ()
    assert with_scale_doubt(cut([0.0]), [scale(0.006, 0.0, 0.0005)])[0].flags == ("print-scaled",)


def test_scaled_print_puts_its_own_axis_in_doubt() -> None:
    small = scale(-0.03, 228.6 * (1 / 0.97 - 1))
    offsets = [*cut([7.0]), *cut([0.0], "width")]
    assert [o.flags for o in with_scale_doubt(offsets, [small])] == [("print-scaled",)] * 2 + [()] * 2
    assert print_scale([], cut([7.0] * 4), TRIM, True)[0].value is None


def turned(degrees: Sequence[float]) -> Observation:
    """`trim-skew` of the head, of pages turned so as one looks at them, recto first."""
    offsets = []
    for page, angle in enumerate(degrees, 1):
        rise = np.tan(np.deg2rad(angle)) * TRIM.width_mm / 2
        detail = {"cut_mm": [[0, -rise], [TRIM.width_mm, rise]], "trim_mm": [[0, 0], [TRIM.width_mm, 0]]}
        offsets.append(MEASURES["trim-offset"].observe(0.0, 0.03, Where(page=page, edge=Edge.HEAD), detail=detail))
    return trim_skew(offsets, {page: side_of(page) for page in range(1, len(degrees) + 1)})[0]


@pytest.mark.parametrize("pages", [3, 4, 7, 24])
@pytest.mark.parametrize("turn", [1.0, -2.0, 12.0])
def test_print_turned_alike_on_both_sides_reads_as_its_turn(pages: int, turn: float) -> None:
    scatter = np.random.default_rng(pages).normal(0, 0.02, pages)
    found = turned(list(turn + scatter))
    assert found.value is not None and abs(abs(found.value) - abs(turn)) < 0.06 and (found.u or 9) < 0.2
    assert set(found.detail["sides"]) == {"recto", "verso"}


def test_square_and_unsteady_blocks_read_as_before() -> None:
    assert abs(turned([0.1, 0.1, 0.1, 0.1]).value or 0.0) < 1e-9
    # Turned otherwise on every page: no side has a turn of its own.
    wild = turned([2.0, -1.5, -2.2, 0.4, 1.1, 2.0, -0.6, 1.8])
    assert "sides" not in wild.detail and (wild.u or 0.0) > 0.3
    assert side_of(1) is Side.RECTO


def test_what_scans_say_of_a_copy_is_shared() -> None:
    said = [Shape(0.96, 0.961, 2.0), Shape(0.961, 0.96, 2.1), Shape(1.04, 0.93, -5.0)]
    first, second, *mirrored = shared(said)
    assert first.like(said[0]) and second.like(said[2]) and len(mirrored) == 2
    assert mirrored[0].like(first.mirrored()) and shared([]) == ()
