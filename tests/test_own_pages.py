"""A copy without a reference: what its pages say of each other, and what nobody can know from them."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from inspection_example import example

from qc.compare.consensus import with_consensus
from qc.features.own_page import nearest_trim
from qc.features.text_placement import OwnPage, Placement, placement
from qc.flags import Flag
from qc.geometry import Edge, Side, Size, side_of
from qc.judge.judge import judge
from qc.judge.policy import load_policy
from qc.measure import MEASURES
from qc.measure.print_position_recto_verso import (
    own_jitter,
    own_size,
    print_position_recto_verso,
    recto_verso_of_offsets,
)
from qc.model import BookCopy, FindingOutcome, Observation, ReferenceId, VerdictOutcome, Where
from qc.pipeline import inspect_copy
from qc.report.record import record, to_json
from qc.report.words import block
from qc.scan.copy_folder import open_copy
from qc.synthetic import Block, Cut, Scanner, draw_copy, write_title

KDP = load_policy("kdp")
TRIM = Size(152.4, 228.6)
OUTER, SPINE = 13.0, 19.0
SCHEMA = json.loads((resources.files("qc.report") / "schemas" / "inspection.schema.json").read_text("utf-8"))


def book(
    rng: np.random.Generator,
    n: int = 24,
    shift: tuple[float, float] = (0.0, 0.0),
    jitter: float = 0.12,
    drift: float = 0.0,
    alike: bool = False,
    spine: float = SPINE,
    moved: tuple[float, float] = (0.0, 0.0),
) -> list[OwnPage]:
    """Marks of pages as `qc.features.own_page` finds them: versos shifted by `shift` against rectos, all pages by `moved`."""
    pages = []
    for position in range(1, n + 1):
        side = side_of(position)
        verso = side is Side.VERSO
        place = np.array(moved) + jitter * rng.standard_normal(2) + np.array(shift) * (0.5 if verso else -0.5)
        place[1] += drift * (position - 1) / (n - 1)
        outer = spine if alike and verso else OUTER
        inner = outer + TRIM.width_mm - OUTER - spine
        x = {k: v + place[0] + rng.normal(0, 0.02) for k, v in {"outer": outer, "inner": inner, "head": outer}.items()}
        lines = {"line 1": 15.9, "line 2": 24.3, "line -2": 204.0, "line -1": 215.0}
        y = {k: v + place[1] + rng.normal(0, 0.02) for k, v in lines.items()}
        left, right = x["outer"], TRIM.width_mm - x["inner"]
        asymmetry = left - right if verso else right - left
        flush = "left" if verso else "right"
        pages.append(OwnPage(position, side, TRIM, dict.fromkeys(Edge, 0.01), x, y, asymmetry, flush, 0.01, 0.02))
    return pages


def by_axis(observations: list[Observation]) -> dict[str, Observation]:
    return {str(o.where.axis): o for o in observations}


def other_side(page: OwnPage) -> OwnPage:
    """The same scan taken for the other side: distances then count from the spine."""
    assert page.size is not None
    side = Side.VERSO if page.side is Side.RECTO else Side.RECTO
    width = page.size.width_mm
    x = {"outer": width - page.x_mm["inner"], "inner": width - page.x_mm["outer"]}
    return replace(page, side=side, x_mm=x)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.7, -0.4), (-1.5, 2.0), (4.0, -5.5)])
def test_the_shift_of_versos_is_recovered_with_its_sign(shift: tuple[float, float]) -> None:
    found = by_axis(print_position_recto_verso(book(np.random.default_rng(5001), shift=shift), TRIM))
    for axis, true in zip("xy", shift, strict=True):
        o = found[axis]
        assert o.value == pytest.approx(true, abs=0.15) and o.u is not None
        assert abs(o.value - true) <= 2.5 * o.u and 0.03 < o.u < 0.1
        assert (o.detail["rectos"], o.detail["versos"]) == (12, 12)


def test_what_all_pages_share_changes_nothing() -> None:
    still, moved = (
        print_position_recto_verso(book(np.random.default_rng(5002), shift=(0.5, 0.5), moved=m), TRIM)
        for m in ((0.0, 0.0), (2.5, -4.0))
    )
    assert [o.value for o in still] == pytest.approx([o.value for o in moved], abs=0.01)


def test_u_covers_and_no_sound_copy_is_a_defect() -> None:
    inside, outcomes = [], set()
    for seed in range(5100, 5220):
        rng = np.random.default_rng(seed)
        shift = rng.normal(0, 1.2, 2).clip(-2.5, 2.5)
        pages = book(rng, int(rng.choice([12, 16, 24, 48])), tuple(shift), float(rng.uniform(0.05, 0.35)))
        seen = print_position_recto_verso(pages, TRIM) + own_jitter(pages) + own_size(pages, TRIM, True, True)
        for o in seen[:2]:
            if o.value is not None and o.u is not None:
                inside.append(abs(o.value - shift["xy".index(str(o.where.axis))]) <= 2 * o.u)
        findings, verdict = judge(seen, KDP, BookCopy("c", Path(), ()), (), ReferenceId("none"))
        assert all(f.outcome is not FindingOutcome.OUTSIDE for f in findings)
        outcomes.add(verdict.outcome)
    assert len(inside) >= 230
    assert 0.90 <= np.mean(inside) <= 0.995
    assert outcomes == {VerdictOutcome.INSUFFICIENT_EVIDENCE}


def test_chapter_openings_and_short_pages_are_outvoted() -> None:
    rng = np.random.default_rng(5003)
    pages = book(rng, 24, (0.6, 0.6))
    for i in (0, 5, 10, 15):
        y = {**pages[i].y_mm, "line 1": 70.0 + rng.random(), "line 2": 132.0}
        pages[i] = replace(pages[i], y_mm=y, x_mm={k: v for k, v in pages[i].x_mm.items() if k != "head"})
    for i in (4, 11, 16):
        pages[i] = replace(pages[i], y_mm={**pages[i].y_mm, "line -2": 100.0 + 7 * rng.random()}, x_mm={})
    for o in print_position_recto_verso(pages, TRIM):
        assert o.value == pytest.approx(0.6, abs=2 * (o.u or 0)) and (o.u or 1) < 0.1


def test_jitter_and_drift_are_told_apart_from_the_shift() -> None:
    pages = book(np.random.default_rng(5004), 60, (1.0, -1.0), jitter=0.25, drift=1.2)
    jitter = by_axis(own_jitter(pages))
    assert jitter["x"].value == pytest.approx(0.25, abs=3 * (jitter["x"].u or 0)) and (jitter["x"].u or 1) < 0.03
    assert jitter["y"].detail["drift"] == pytest.approx(1.2, abs=2 * jitter["y"].detail["u_drift"])
    assert abs(jitter["x"].detail["drift"]) < 2.5 * jitter["x"].detail["u_drift"]
    steady = by_axis(own_jitter(book(np.random.default_rng(5005), 24, jitter=0.0)))
    assert steady["x"].value is not None and steady["x"].value < 0.02


def test_pages_set_alike_on_both_sides_are_not_called_shifted() -> None:
    found = by_axis(print_position_recto_verso(book(np.random.default_rng(5006), alike=True), TRIM, counted=True))
    assert found["x"].value is None and found["x"].flags == (Flag.NOT_MIRRORED,)
    assert found["x"].detail["shift"] == pytest.approx(SPINE - OUTER, abs=0.2)
    assert found["y"].value == pytest.approx(0, abs=0.1)


def test_sides_that_the_print_contradicts_are_left_out_or_refused() -> None:
    pages = book(np.random.default_rng(5007), 24, (0.5, 0.0))
    few = [other_side(p) if p.position in (22, 23) else p for p in pages]
    found = by_axis(print_position_recto_verso(few, TRIM))["x"]
    assert found.value == pytest.approx(0.5, abs=2 * (found.u or 0))
    assert found.detail["rectos"] + found.detail["versos"] == 22
    half = [other_side(p) if p.position > 12 else p for p in pages]
    for o in print_position_recto_verso(half, TRIM) + print_position_recto_verso(half, TRIM, counted=True):
        assert o.value is None and o.flags == (Flag.SIDES_UNSURE,)


def test_even_margins_need_a_counted_copy_or_running_heads() -> None:
    pages = [replace(p, flush="") for p in book(np.random.default_rng(5008), spine=OUTER)]
    assert {o.flags for o in print_position_recto_verso(pages, TRIM)} == {(Flag.SIDES_UNSURE,)}
    assert all(o.value is not None for o in print_position_recto_verso(pages, TRIM, counted=True))
    with_heads = book(np.random.default_rng(5008), spine=OUTER)
    assert all(o.value is not None for o in print_position_recto_verso(with_heads, TRIM))


def test_too_little_to_go_by_is_refused_by_name() -> None:
    rng = np.random.default_rng(5009)
    assert {o.flags for o in print_position_recto_verso([], TRIM)} == {(Flag.FEW_PAGES,)}
    rectos = [p for p in book(rng, 24) if p.side is Side.RECTO]
    assert {o.flags for o in print_position_recto_verso(rectos, TRIM)} == {(Flag.FEW_PAGES,)}
    blind = [OwnPage(i, side_of(i), flag=Flag.WHITE_BACKING) for i in range(1, 13)]
    assert {o.flags for o in print_position_recto_verso(blind, TRIM)} == {(Flag.WHITE_BACKING,)}
    ragged = [
        replace(p, x_mm={"outer": p.x_mm["outer"]} if p.side is Side.VERSO else {"inner": p.x_mm["inner"]})
        for p in book(rng, 24)
    ]
    assert placement(ragged, "x") is Flag.SIDES_DIFFER
    assert isinstance(placement(ragged, "y"), Placement)


def test_marks_that_tell_different_shifts_are_refused() -> None:
    pages = [
        replace(p, y_mm={"line 1": p.y_mm["line 1"], "line -1": p.y_mm["line -1"] + (p.side is Side.VERSO) * 3.0})
        for p in book(np.random.default_rng(5010))
    ]
    assert placement(pages, "y") is Flag.SIDES_DIFFER


def test_size_counts_only_against_a_stated_trim() -> None:
    pages = [replace(p, size=Size(150.0, 230.6)) for p in book(np.random.default_rng(5011))]
    stated = by_axis(own_size(pages, TRIM, True, True))
    assert stated["height"].value == pytest.approx(2.0, abs=0.01) and (stated["height"].u or 0) > 1.1
    assert (stated["width"].value, stated["width"].flags) == (None, (Flag.BENCH_CUT,))
    printer = by_axis(own_size(pages, TRIM, True, False))
    assert printer["width"].value == pytest.approx(-2.4, abs=0.01)
    calibrated = [replace(p, u_scale=(0.002, 0.0004)) for p in pages]
    known = by_axis(own_size(calibrated, TRIM, True, False))
    assert known["height"].u == pytest.approx(0.0004 * TRIM.height_mm, rel=0.1)
    assert known["width"].u == pytest.approx(0.002 * TRIM.width_mm, rel=0.1)
    guessed = by_axis(own_size(pages, TRIM, False, True))["height"]
    assert (guessed.value, guessed.flags) == (None, (Flag.TRIM_NOT_STATED,))
    assert guessed.detail["size"] == pytest.approx(230.6, abs=0.01)


def test_nearest_trim_is_named_only_if_one_fits() -> None:
    assert nearest_trim(Size(149.0, 228.0), bench_cut=True) == nearest_trim(TRIM, bench_cut=False)
    assert nearest_trim(Size(127.5, 203.0), bench_cut=True) is None, "5 x 8, or 5.25 x 8 less its spine"
    assert nearest_trim(Size(127.5, 203.0), bench_cut=False) is not None
    assert nearest_trim(Size(100.0, 100.0), bench_cut=True) is None


@pytest.mark.parametrize(
    "shift, outcome", [(5.5, VerdictOutcome.INSUFFICIENT_EVIDENCE), (7.5, VerdictOutcome.NEEDS_REVIEW)]
)
def test_a_shift_beyond_twice_the_tolerance_goes_to_a_person(shift: float, outcome: VerdictOutcome) -> None:
    seen = print_position_recto_verso(book(np.random.default_rng(5012), shift=(0.0, shift)), TRIM)
    _, verdict = judge(seen, KDP, BookCopy("c", Path(), ()), (), ReferenceId("none"))
    assert verdict.outcome is outcome
    assert "lower than fronts" in verdict.summary


def test_the_shift_with_a_reference_comes_from_the_offsets() -> None:
    rng = np.random.default_rng(5013)
    measure = MEASURES["trim-offset"]
    offsets = []
    for page in range(1, 21):
        for edge, true in ((Edge.FORE_EDGE, 1.0), (Edge.HEAD, -0.5)):
            value = (true if page % 2 == 0 else 0.0) + float(rng.normal(0, 0.1))
            offsets.append(measure.observe(value, 0.02, Where(page=page, edge=edge)))
    found = by_axis(recto_verso_of_offsets(offsets, {p: side_of(p) for p in range(1, 21)}))
    assert found["x"].value == pytest.approx(1.0, abs=2 * (found["x"].u or 0))
    assert found["y"].value == pytest.approx(-0.5, abs=2 * (found["y"].u or 0))
    few = recto_verso_of_offsets(offsets[:8], {p: side_of(p) for p in range(1, 21)})
    assert {o.flags for o in few} == {(Flag.FEW_PAGES,)}


def alone(name: str, moved: tuple[float, float], seed: int, isbn: str | None = "9780000000002"):
    seen = print_position_recto_verso(book(np.random.default_rng(seed), moved=moved), TRIM)
    inspection = example()
    return replace(
        inspection,
        copy=replace(inspection.copy, id=name, isbn=isbn),
        reference=ReferenceId("none"),
        observations=tuple(seen),
    )


def test_of_three_copies_the_odd_one_is_named() -> None:
    copies = [alone("A", (0.1, 0.2), 5020), alone("B", (0.0, 4.4), 5021), alone("C", (0.0, 0.0), 5022)]
    after = with_consensus(copies, KDP)
    assert {i.reference.kind for i in after} == {"consensus"}
    for i in after:
        jsonschema.validate(json.loads(to_json(record(i))), SCHEMA)
    shift = {
        o.where.copy: o
        for i in after
        for o in i.observations
        if o.measure == "copy-position-outlier" and o.where.axis == "y"
    }
    assert shift["B"].value == pytest.approx(4.2, abs=2 * (shift["B"].u or 0))
    assert all(o.value is not None for o in shift.values())
    assert abs(shift["A"].value or 0) < 0.3 and abs(shift["C"].value or 0) < 0.4
    verdicts = {i.copy.id: i.verdict.outcome for i in after}
    assert verdicts == {
        "A": VerdictOutcome.INSUFFICIENT_EVIDENCE,
        "B": VerdictOutcome.NEEDS_REVIEW,
        "C": VerdictOutcome.INSUFFICIENT_EVIDENCE,
    }


def test_two_copies_or_other_titles_make_no_consensus() -> None:
    two = [alone("A", (0, 0), 5023), alone("B", (0, 4.4), 5024), alone("C", (0, 0), 5025, "9780000000019")]
    assert with_consensus(two, KDP) == two
    nameless = [alone(n, (0, 0), 5026, None) for n in "ABC"]
    assert with_consensus(nameless, KDP) == nameless


def test_a_drawn_copy_says_how_its_rectos_and_versos_lie(tmp_path: Path) -> None:
    kinds = ["text", "chapter-opener", *["text"] * 8]
    title = write_title(tmp_path / "t.pdf", kinds, trim_mm=(107.95, 174.5), seed=5030)
    truth = draw_copy(
        tmp_path / "RMA-1",
        title,
        block=Block(Cut(head_mm=-1.0, fore_edge_mm=2.0), duplex_mm=(0.9, -0.6)),
        scanner=Scanner(dpi=150),
        seed=5030,
    )
    inspection = inspect_copy(open_copy(tmp_path / "RMA-1"), None, KDP, note="none was named")
    found = by_axis([o for o in inspection.observations if o.measure == "print-position-recto-verso"])
    offsets = {
        axis: [np.mean([p.truth.offsets_mm[edge] for p in truth.pages if (p.page or 0) % 2 == odd]) for odd in (0, 1)]
        for axis, edge in (("x", "fore-edge"), ("y", "head"))
    }
    for axis in "xy":
        o = found[axis]
        assert o.value == pytest.approx(offsets[axis][0] - offsets[axis][1], abs=0.12)
        assert o.detail["rectos"] >= 4 and o.detail["versos"] >= 4
    jsonschema.validate(json.loads(to_json(record(inspection))), SCHEMA)
    assert inspection.verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    assert "leaf backs are printed" in inspection.verdict.summary
    assert "cannot be known" in block(inspection, 2)
    assert all(o.value is None for o in inspection.observations if o.measure == "trim-offset-block")
