"""Sequence: feeder orders undone, then missing, doubled, misplaced and turned pages at their place."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from judged_alone import verdict_on
from numpy.typing import NDArray

from qc.flags import Flag
from qc.judge.policy import load_policy
from qc.judge.sequence_words import how_scanned
from qc.measure.context.sheet_twice import Again, SheetIdentity
from qc.measure.page_sequence import pages_duplicated, pages_missing, pages_out_of_order, pages_upside_down
from qc.model import FindingOutcome, Inspection, PageKind, PageRecord, Role, ScanFile, VerdictOutcome
from qc.pipeline import inspect_copy
from qc.reference.find import open_reference
from qc.register.alignment import align
from qc.register.scan_order import AS_SCANNED, ORDERS, find_order, reading_order
from qc.scan.copy_folder import open_copy
from qc.synthetic import Kind, Scanner, draw_copy, write_title

TRIM = (76.2, 101.6)


def record(number: int | None, turned: bool = False, kind: PageKind = PageKind.CONTENT) -> PageRecord:
    skew = 0.0 if kind is PageKind.CONTENT else None
    return PageRecord(f"p-{number}.jpg", 0, Role.PAGE, number, None, kind, "", None, skew, turned)


@pytest.mark.parametrize("order", list(ORDERS))
@pytest.mark.parametrize("count", [7, 8, 24, 301])
def test_every_feeder_order_is_found_and_undone(order: str, count: int) -> None:
    scanned = sorted(range(1, count + 1), key=ORDERS[order])
    assert find_order(scanned) == order
    assert [scanned[i] for i in reading_order(scanned, order)] == list(range(1, count + 1))


@pytest.mark.parametrize("order", list(ORDERS))
def test_a_feeder_order_is_undone_around_a_lost_leaf_and_pages_that_say_nothing(order: str) -> None:
    rng = random.Random(3)
    scanned = [p for p in sorted(range(1, 41), key=ORDERS[order]) if p not in (17, 18)]
    silent = set(rng.sample([i for i, p in enumerate(scanned) if p not in (15, 16, 19, 20)], 6))
    seen = [None if i in silent else p for i, p in enumerate(scanned)]
    assert find_order(seen) == order
    put = [scanned[i] for i in reading_order(seen, order)]
    assert [p for p in put if p is not None] == [p for p in range(1, 41) if p not in (17, 18)]


@pytest.mark.parametrize("order", list(ORDERS))
def test_a_leaf_out_of_place_stays_there_when_the_order_is_undone(order: str) -> None:
    bound = [*range(1, 9), 21, 22, *range(9, 21), *range(23, 41)]
    scanned = [bound[position - 1] for position in sorted(range(1, 41), key=ORDERS[order])]
    assert find_order(scanned) == order
    assert [scanned[i] for i in reading_order(scanned, order)] == bound


@pytest.mark.parametrize("order", list(ORDERS))
def test_the_order_of_a_whole_notebook_shows_in_its_few_other_pages(order: str) -> None:
    looks = [1, 2, *(3,) * 26, 29, 2]
    fed = sorted(range(1, 31), key=ORDERS[order])
    seen = [None if page in (2, 30) else looks[page - 1] for page in fed]
    found = find_order([None] * 30, seen, looks)
    undone = [fed[i] for i in reading_order([None] * 30, found)]
    assert [looks[page - 1] for page in undone] == looks
    assert find_order([None] * 29, seen[1:], looks) == AS_SCANNED


@pytest.mark.parametrize(
    "places",
    [
        [1, 2, 21, 22, 23, 24],
        [1, 2, 3, 5, 4, 6, 7, 8],
        [1, 2, 5, 6, 3, 4, 7, 8],
        [None] * 8,
        [2, 1],
        [1, 1, 2, 2, 3, 3, 4, 4],
    ],
    ids=["part", "swapped", "leaf moved", "nothing known", "two", "all twice"],
)
def test_other_sequences_are_left_as_scanned(places: list[int | None]) -> None:
    assert find_order(places) == AS_SCANNED


def test_missing_pages_show_at_the_next_page_there() -> None:
    found = align([1, 2, 5, 6, 7, 8], [True] * 9)
    assert [(g.position, g.pages) for g in found.gaps] == [(3, (3, 4)), (7, (9,))]
    values = [(o.where.page, o.value, o.u, o.flags) for o in pages_missing(found, complete=True)]
    assert values == [(3, 2.0, 0.0, ()), (7, 1.0, 0.0, ())]
    (asked,) = pages_missing(found, complete=False)
    assert (asked.value, asked.flags) == (None, (Flag.NOT_COMPLETE,))


def test_a_page_that_is_not_recognized_may_be_the_one_it_stands_for() -> None:
    assert align([1, 2, None, None, 5], [True] * 5, unknown=[3, 4]).gaps == ()
    (gap,) = align([1, 2, None, 5], [True] * 5, unknown=[3]).gaps
    assert (len(gap.pages), gap.among) == (1, (3, 4))
    assert align([1, 2, None, 5], [True] * 5).gaps[0].pages == (3, 4)


def test_a_blank_page_that_the_scanner_skipped_is_not_missing() -> None:
    assert align([1, 3, 4], [True, False, True, True]).gaps == ()


def test_a_leaf_bound_twice_is_told_from_a_side_scanned_twice() -> None:
    leaf = [record(p) for p in (1, 2, 3, 4, 3, 4, 5, 6)]
    found = pages_duplicated(leaf, align([p.reference_page for p in leaf], [True] * 6))
    assert [(o.where.page, o.value, o.u, o.flags) for o in found] == [
        (5, 1.0, 0.0, ("maybe-same-sheet",)),
        (6, 1.0, 0.0, ("maybe-same-sheet",)),
    ]
    assert [verdict_on(o) for o in found] == [(FindingOutcome.UNDECIDED, ("maybe-same-sheet",))] * 2
    alignment = align([p.reference_page for p in leaf], [True] * 6)
    for sheet, outcome in ((SheetIdentity.OTHER, FindingOutcome.OUTSIDE), (SheetIdentity.SAME, FindingOutcome.WITHIN)):
        found = pages_duplicated(leaf, alignment, dict.fromkeys((5, 6), Again(sheet, both_sides=True)))
        assert [verdict_on(o) for o in found] == [(outcome, ())] * 2
    side = [record(p) for p in (1, 2, 3, 3, 4)]
    (found_side,) = pages_duplicated(side, align([1, 2, 3, 3, 4], [True] * 4))
    assert (found_side.where.page, found_side.value, found_side.u) == (4, 1.0, 0.0)
    assert found_side.flags == (Flag.ONE_SIDE,) and verdict_on(found_side) == (FindingOutcome.UNDECIDED, ("one-side",))


ALL_ALIKE = (1,) * 6
TWINS = (1, 2, 3, 3, 3, 6, 7, 8)


@pytest.mark.parametrize(
    ("seen", "looks"),
    [
        ([1, 2, 3, 3, 4, 6], ALL_ALIKE),
        ([1, 6, 2, 4, 4, 5], ALL_ALIKE),
        ([1, 2, 4, 5, 3, 6, 7, 8], TWINS),
        ([1, 2, 5, 5, 3, 6, 7, 8], TWINS),
    ],
)
def test_pages_that_look_the_same_are_taken_as_they_come(seen: list[int], looks: tuple[int, ...]) -> None:
    found = align(seen, [True] * len(looks), looks)
    assert found.places == tuple(range(1, len(looks) + 1))
    assert not (found.gaps or found.doubled or found.misplaced)


def test_how_many_look_alikes_are_missing_is_known_and_which_is_not() -> None:
    found = align([1, 2, 3, 5, 6, 7, 8], [True] * 8, TWINS)
    (missing,) = pages_missing(found, complete=True)
    assert (missing.value, missing.u, missing.where.page, missing.flags) == (1.0, 0.0, None, (Flag.LOOK_ALIKE,))
    assert missing.detail["reference_pages"] == [3, 4, 5]
    assert verdict_on(missing) == (FindingOutcome.UNDECIDED, ("look-alike",))
    (leaf,) = pages_missing(align([1, 2, 5, 6], [True] * 6, (1, 2, 1, 2, 1, 2)), complete=True)
    assert (leaf.value, leaf.u, leaf.flags) == (2.0, 0.0, (Flag.LOOK_ALIKE,))
    assert leaf.detail["reference_pages"] == [1, 2, 3, 4, 5, 6]
    assert verdict_on(leaf) == (FindingOutcome.UNDECIDED, ("look-alike",))
    (known,) = pages_missing(align([1, 2, 3, 4, 5, 6], [True] * 8, TWINS), complete=True)
    assert (known.value, known.u, known.where.page, known.flags) == (2.0, 0.0, 7, ())
    assert verdict_on(known) == (FindingOutcome.OUTSIDE, ())
    (half,) = pages_missing(align([1, 2, 3, 4, 5, 7, 8], [True] * 8, TWINS), complete=True)
    assert (half.value, half.flags, half.detail["not_seen"]) == (None, (Flag.HALF_LEAVES,), [6])


def test_few_pages_that_are_told_say_nothing_of_the_order_of_a_notebook() -> None:
    looks = (1, *(2,) * 22, 24)
    seen = [24, *range(2, 24), 1]
    found = pages_out_of_order([record(p) for p in seen], align(seen, [True] * 24, looks), AS_SCANNED, True)
    assert {(o.value, o.u, o.flags) for o in found} == {(None, None, (Flag.LOOK_ALIKE,))}
    assert {verdict_on(o) for o in found} == {(FindingOutcome.NOT_JUDGED, ())}


def test_where_many_pages_are_out_of_place_the_scans_may_have_been_mixed_up() -> None:
    seen = [1, 4, 7, 2, 9, 5, 3, 8, 6, 10]
    found = pages_out_of_order([record(p) for p in seen], align(seen, [True] * 10), AS_SCANNED, True)
    assert len(found) > 2
    assert {(o.value, o.u, o.flags) for o in found} == {(1.0, 0.0, (Flag.MIXED_UP,))}
    assert {verdict_on(o) for o in found} == {(FindingOutcome.UNDECIDED, ("mixed-up",))}


def test_one_look_alike_too_many_goes_to_a_person() -> None:
    seen = [1, 2, 3, 4, 4, 5, 6, 7, 8]
    (extra,) = pages_duplicated([record(p) for p in seen], align(seen, [True] * 8, TWINS))
    assert (extra.value, extra.u, extra.flags) == (1.0, 0.0, (Flag.LOOK_ALIKE,))
    assert verdict_on(extra) == (FindingOutcome.UNDECIDED, ("look-alike",))


@pytest.mark.parametrize(
    ("places", "complete", "expected"),
    [
        ([1, 2, 9, 3, 4, 5], False, {3}),
        ([1, 2, 5, 6, 3, 4, 7, 8, 9, 10, 11, 12], True, {3, 4}),
        ([1, 2, 11, 12, 23, 24], False, set()),
    ],
    ids=["one", "leaf", "spreads"],
)
def test_pages_out_of_order_are_named_and_parts_scanned_apart_are_not(
    places: list[int], complete: bool, expected: set[int]
) -> None:
    pages = [record(p) for p in places]
    found = pages_out_of_order(pages, align(places, [True] * 24), AS_SCANNED, complete)
    named = {o.where.page for o in found if o.value}
    assert len(named) == len(expected) and named <= (expected | {5, 6})
    assert {(o.u, o.flags) for o in found} == {(0.0, ())}


@pytest.mark.parametrize(
    ("turned", "expected"),
    [((3, 4), {3, 4}), ((3,), set()), ((4,), set()), ((2, 4, 6, 8), set()), ((), set())],
    ids=["leaf", "front", "back", "all versos", "none"],
)
def test_only_a_whole_leaf_is_bound_upside_down(turned: tuple[int, ...], expected: set[int]) -> None:
    found = pages_upside_down([record(p, p in turned) for p in range(1, 9)], True)
    assert {o.where.page for o in found if o.value} == expected
    assert {(o.u, o.flags) for o in found} == {(0.0, ())}


def test_a_leaf_upside_down_shows_where_every_verso_was_scanned_turned() -> None:
    scanned = {n for n in range(1, 25) if (n in (5, 6)) != (n % 2 == 0)}
    for turned in (scanned, set(range(1, 25)) - scanned):
        found = pages_upside_down([record(p, p in turned) for p in range(1, 25)], True)
        assert {o.where.page for o in found if o.value} == {5, 6}


def test_a_turned_page_with_a_blank_back_goes_to_a_person() -> None:
    pages = [record(1), record(2), record(3, True), record(4, kind=PageKind.BLANK)]
    (found,) = pages_upside_down(pages, True)
    assert (found.where.page, found.value, found.u, found.flags) == (3, 1.0, 0.0, (Flag.ONE_SIDE,))
    assert verdict_on(found) == (FindingOutcome.UNDECIDED, ("one-side",))


@pytest.mark.parametrize("seed", [5001, 5002, 5003])
def test_faults_drawn_at_random_are_all_found_and_none_invented(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(40):
        count = 2 * rng.randint(12, 150)
        leaves = rng.sample(range(2, count // 2 - 1), 3)
        lost, twice, _spare = leaves
        if abs(lost - twice) < 2:
            continue
        pages = [p for p in range(1, count + 1) if (p + 1) // 2 != lost]
        at = pages.index(2 * twice) + 1
        pages[at:at] = [2 * twice - 1, 2 * twice]
        found = align(pages, [True] * count)
        assert [g.pages for g in found.gaps] == [(2 * lost - 1, 2 * lost)]
        assert found.gaps[0].position == pages.index(2 * lost + 1) + 1
        assert [i for i, _ in found.doubled] == [at + 1, at + 2]
        assert not found.misplaced


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sequence")
    title = write_title(root / "interior.pdf", [Kind.TEXT] * 8, trim_mm=TRIM, seed=5010)
    draw_copy(root / "copy", title, scanner=Scanner(dpi=150.0), seed=5010)
    return root


def inspected(book: Path, order: list[int], complete: bool = True) -> Inspection:
    copy = open_copy(book / "copy")
    scans = tuple(copy.scans[p - 1] for p in order)
    copy = replace(copy, scans=scans, scan=replace(copy.scan, complete=complete))
    reference = open_reference(book / "interior.pdf", trim="76.2 x 101.6 mm", bleed=False)
    return inspect_copy(copy, reference, load_policy("kdp"))


def claimed(inspection: Inspection) -> list[tuple[str, int | None, float]]:
    return [
        (o.measure, o.where.page, o.value)
        for o in inspection.observations
        if o.measure.startswith("pages-") and o.value
    ]


@pytest.mark.parametrize("order", ["as scanned", "all fronts, then all backs in reverse", "the whole stack reversed"])
def test_a_sound_copy_stays_sound_however_it_was_fed(book: Path, order: str) -> None:
    inspection = inspected(book, sorted(range(1, 9), key=ORDERS[order]))
    assert claimed(inspection) == []
    assert [p.reference_page for p in inspection.pages] == list(range(1, 9))
    assert inspection.verdict.outcome is VerdictOutcome.NO_DEFECT, inspection.verdict.summary
    said = how_scanned(inspection.observations)
    assert len(said) == (order != AS_SCANNED) and all(order in s for s in said)


def test_a_lost_leaf_is_a_defect_only_of_a_complete_copy(book: Path) -> None:
    whole = inspected(book, [1, 2, 5, 6, 7, 8])
    assert claimed(whole) == [("pages-missing", 3, 2.0)]
    assert whole.verdict.outcome is VerdictOutcome.DEFECT
    part = inspected(book, [1, 2, 5, 6, 7, 8], complete=False)
    assert claimed(part) == []
    assert [r.reference_page for r in part.not_seen] == [3, 4]
    assert all("a feeder draws in two leaves" in r.why for r in part.not_seen)
    assert "Pages 3-4 of the book (whole leaves) are missing" in whole.verdict.summary
    assert part.verdict.outcome is VerdictOutcome.NO_DEFECT


def scanned(book: Path, into: Path, made: dict[int, NDArray[np.uint8] | None]) -> Inspection:
    """The copy with single scans replaced; None leaves one out."""
    copy = open_copy(book / "copy")
    into.mkdir(exist_ok=True)
    scans = []
    for number, scan in enumerate(copy.scans, 1):
        if number in made:
            image = made[number]
            if image is None:
                continue
            scan = ScanFile(into / f"{number}.png", f"{number}.png")
            cv2.imwrite(str(scan.path), image)
        scans.append(scan)
    copy = replace(copy, scans=tuple(scans), scan=replace(copy.scan, complete=True, dpi=150.0))
    reference = open_reference(book / "interior.pdf", trim="76.2 x 101.6 mm", bleed=False)
    return inspect_copy(copy, reference, load_policy("kdp"))


def picture(book: Path, number: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.imread(str(open_copy(book / "copy").scans[number - 1].path)), np.uint8)


def test_a_leaf_bound_upside_down_is_a_defect_and_one_side_is_scanning(book: Path, tmp_path: Path) -> None:
    turned = {n: picture(book, n)[::-1, ::-1] for n in (3, 4)}
    leaf = scanned(book, tmp_path, turned)
    assert claimed(leaf) == [("pages-upside-down", 3, 1.0), ("pages-upside-down", 4, 1.0)]
    assert leaf.verdict.outcome is VerdictOutcome.DEFECT
    side = scanned(book, tmp_path, {3: turned[3]})
    assert claimed(side) == [] and side.verdict.outcome is VerdictOutcome.NO_DEFECT
    versos = scanned(book, tmp_path, {n: picture(book, n)[::-1, ::-1] for n in (2, 4, 6, 8)})
    assert claimed(versos) == [] and versos.verdict.outcome is VerdictOutcome.NO_DEFECT
    assert "Every verso was scanned upside down." in how_scanned(versos.observations)


def test_a_mirrored_page_is_named_and_is_not_missing(book: Path, tmp_path: Path) -> None:
    inspection = scanned(book, tmp_path, {5: np.ascontiguousarray(picture(book, 5)[:, ::-1])})
    assert claimed(inspection) == [("pages-foreign", 5, 1.0)]
    assert "Page 5 of the book is printed mirrored" in inspection.verdict.summary
    assert inspection.verdict.outcome is VerdictOutcome.NEEDS_REVIEW


def test_the_block_of_another_book_goes_to_a_person(book: Path, tmp_path: Path) -> None:
    other = write_title(tmp_path / "other.pdf", [Kind.TEXT] * 8, trim_mm=TRIM, seed=5011)
    draw_copy(tmp_path / "other", other, scanner=Scanner(dpi=150.0), seed=5011)
    copy = open_copy(tmp_path / "other")
    reference = open_reference(book / "interior.pdf", trim="76.2 x 101.6 mm", bleed=False)
    inspection = inspect_copy(replace(copy, scan=replace(copy.scan, complete=True)), reference, load_policy("kdp"))
    assert claimed(inspection) == [("pages-foreign", 1, 8.0)]
    assert inspection.verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    assert "None of the 8 printed pages belongs to the ordered book" in inspection.verdict.summary


def test_covers_the_last_pages_and_two_spreads_are_a_sound_part(book: Path) -> None:
    inspection = inspected(book, [7, 8, 2, 3, 4, 5], complete=False)
    assert claimed(inspection) == []
    assert [p.reference_page for p in inspection.pages] == [7, 8, 2, 3, 4, 5]
    assert inspection.verdict.outcome is VerdictOutcome.NO_DEFECT, inspection.verdict.summary
