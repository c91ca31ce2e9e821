"""On which side of its leaf a page lies, and which leaves can be missing: copies as a bench meets them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from qc.flags import Flag
from qc.geometry import Direction, Edge, Side, mates
from qc.judge.policy import load_policy
from qc.judge.sequence_words import sides_taken
from qc.measure.context.leaf_pairs import backs, uneven_edge
from qc.measure.context.sides import after_extra_side
from qc.measure.page_sequence import pages_missing
from qc.model import FindingOutcome, Inspection, VerdictOutcome
from qc.pipeline import inspect_copy
from qc.reference.find import find_reference
from qc.register.alignment import align, whole
from qc.scan.copy_folder import open_copy
from qc.scan.pdfium import stated_direction

FIELD = Path(__file__).parent / "data" / "field"
SOUND, RTL, FRONTS, SHIFTED = (
    FIELD / name
    for name in ("00-plain", "06-rtl-fore-edge-deep", "15-only-fronts-scanned", "17-every-page-on-the-wrong-side")
)
BOTH = frozenset(Side)


def inspected(folder: Path, case: Path) -> Inspection:
    """The copy in a folder against the reference of a case, or of a folder."""
    copy = open_copy(folder)
    option = case / "reference.pdf" if (case / "reference.pdf").exists() else case
    return inspect_copy(copy, find_reference(copy, option, None)[0], load_policy("kdp"))


def copied(into: Path, scans: Sequence[Path], toml: str = "") -> Path:
    """A copy of these scans in this order."""
    into.mkdir()
    for number, scan in enumerate(scans, 1):
        shutil.copyfile(scan, into / f"p-{number:04d}{scan.suffix}")
    (into / "copy.toml").write_text("schema = 1\n" + toml)
    return into


def page(case: Path, number: int) -> Path:
    return case / "copy" / f"p-{number:04d}.jpg"


def found(inspection: Inspection, rule: str) -> dict[Edge | None, tuple[FindingOutcome, tuple[str, ...]]]:
    return {f.where.edge: (f.outcome, f.doubt) for f in inspection.findings if f.rule == rule}


def test_a_sound_copy_has_the_usual_sides_and_says_they_are_assumed() -> None:
    seen = inspected(SOUND / "copy", SOUND)
    assert seen.verdict.outcome is VerdictOutcome.NO_DEFECT
    assert [p.side for p in seen.pages] == [Side.RECTO, Side.VERSO] * 2
    assert sides_taken(seen.observations).startswith("Sides assumed")


def test_the_fore_edge_of_a_right_to_left_book_is_at_the_left_of_its_rectos() -> None:
    seen = inspected(RTL / "copy", RTL)
    assert seen.verdict.outcome is VerdictOutcome.DEFECT
    assert found(seen, "trim-offset-block")[Edge.FORE_EDGE][0] is FindingOutcome.OUTSIDE
    assert [p.side for p in seen.pages] == [Side.RECTO, Side.VERSO] * 3
    assert "right to left (by the PDF)" in sides_taken(seen.observations)


@pytest.mark.parametrize(
    ("copy", "title", "edge"),
    [
        ("", 'direction = "rtl"\n', Edge.FORE_EDGE),
        ("rtl", "", Edge.FORE_EDGE),
        ("ltr", 'direction = "rtl"\n', Edge.SPINE),
    ],
)
def test_what_copy_toml_says_wins_over_title_toml_and_that_over_the_pdf(
    tmp_path: Path, copy: str, title: str, edge: Edge
) -> None:
    # The same leaves against a file that says nothing of its direction.
    shelf = tmp_path / "title"
    shelf.mkdir()
    shutil.copyfile(SHIFTED / "reference.pdf", shelf / "interior.pdf")
    (shelf / "title.toml").write_text(title)
    stated = f'[reference]\ndirection = "{copy}"\n' if copy else ""
    scans = copied(tmp_path / "copy", [page(RTL, n) for n in range(1, 7)], stated)
    seen = inspected(scans, shelf)
    offsets = {o.where.edge: o.value for o in seen.observations if o.measure == "trim-offset-block"}
    assert offsets[edge] == pytest.approx(-4.0, abs=0.2)
    assert seen.verdict.outcome is (VerdictOutcome.DEFECT if edge is Edge.FORE_EDGE else VerdictOutcome.NO_DEFECT)


def test_a_cut_too_deep_behind_a_blank_side_goes_to_a_person() -> None:
    seen = inspected(SHIFTED / "copy", SHIFTED)
    assert seen.verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    cuts = found(seen, "trim-offset-block")
    assert cuts[Edge.SPINE] == (FindingOutcome.UNDECIDED, ("sides-not-proven",))
    assert cuts[Edge.FORE_EDGE][0] is FindingOutcome.WITHIN and cuts[Edge.HEAD][0] is FindingOutcome.WITHIN
    assert [p.side for p in seen.pages][1:] == [None] * 5
    assert "not ordered lies before a page" in sides_taken(seen.observations)


@pytest.mark.parametrize(
    ("before", "doubted"),
    [
        (1, True),  # sound: either outer edge is within
        (2, False),  # a leaf of its own
    ],
)
def test_blank_sides_before_a_sound_copy(tmp_path: Path, before: int, doubted: bool) -> None:
    blank = page(SHIFTED, 1)
    scans = [blank] * before + [page(SOUND, n) for n in range(1, 5)]
    seen = inspected(copied(tmp_path / "copy", scans), SOUND)
    assert seen.verdict.outcome is VerdictOutcome.NO_DEFECT, seen.verdict.summary
    doubtful = [o for o in seen.observations if o.measure == "trim-offset" and Flag.SIDES_NOT_PROVEN in o.flags]
    assert bool(doubtful) is doubted
    assert {o.where.edge for o in doubtful} <= {Edge.SPINE, Edge.FORE_EDGE}


def test_a_head_cut_too_deep_is_certain_whatever_the_sides(tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    cut.mkdir()
    for number in range(1, 7):
        image = cv2.imread(str(page(SHIFTED, number)), cv2.IMREAD_GRAYSCALE)
        paper = image > 128
        # A band at the head as dark as the backing: 4.2 mm at 150 dpi, as the sheet lies.
        top = np.argmax(paper, axis=0)
        rows = np.arange(image.shape[0])[:, None]
        image[(rows < top + 25) & paper.any(axis=0)] = int(np.median(image[:8]))
        cv2.imwrite(str(cut / f"p-{number:04d}.png"), image)
    (cut / "copy.toml").write_text("schema = 1\n[scan]\ndpi = 150\n")
    seen = inspected(cut, SHIFTED)
    assert found(seen, "trim-offset-block")[Edge.HEAD][0] is FindingOutcome.OUTSIDE
    assert seen.verdict.outcome is VerdictOutcome.DEFECT


def test_fronts_alone_are_an_unfinished_scan_and_no_leaf_is_missing() -> None:
    seen = inspected(FRONTS / "copy", FRONTS)
    assert [r.reference_page for r in seen.verdict.rescan] == [2, 4, 6]
    assert all("only the other side of its leaf was scanned" in r.why for r in seen.verdict.rescan)
    (missing,) = [o for o in seen.observations if o.measure == "pages-missing"]
    assert (missing.value, missing.flags) == (None, (Flag.HALF_LEAVES,))
    assert seen.verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    assert "scan pages 2, 4, 6" in seen.verdict.summary
    assert all(r.need == 3 and r.how.startswith("Scan these sides, too.") for r in seen.verdict.rescan)


def test_a_whole_leaf_is_missing_unless_the_scan_is_unfinished(tmp_path: Path) -> None:
    complete = "[scan]\ncomplete = true\n"
    lost = inspected(copied(tmp_path / "lost", [page(RTL, n) for n in (1, 2, 5, 6)], complete), RTL)
    assert found(lost, "pages-missing")[None] == (FindingOutcome.OUTSIDE, ())
    half = inspected(copied(tmp_path / "half", [page(RTL, n) for n in (1, 5, 6)], complete), RTL)
    assert all(f.outcome is not FindingOutcome.OUTSIDE for f in half.findings if f.rule == "pages-missing")
    assert [n.reference_page for n in half.not_seen] == [2, 3, 4]


def missing(seen: list[int | None], pages: int, **how: frozenset[Side]) -> list[tuple[float | None, tuple[str, ...]]]:
    return [(o.value, o.flags) for o in pages_missing(align(seen, [True] * pages), complete=True, **how)]


def test_only_whole_leaves_of_the_sides_found_are_missing() -> None:
    assert missing([1, 2, 5, 6], 6) == [(2.0, ())]
    assert missing([1, 4, 5, 6], 6) == [(None, ("half-leaves",))]
    assert missing([1, 4, 5, 6], 6, odd=frozenset({Side.VERSO})) == [(2.0, ())]
    assert missing([1, 2, 5, 6], 6, odd=frozenset({Side.VERSO})) == [(None, ("half-leaves",))]
    assert missing([1, 2, 5, 6], 6, odd=BOTH) == [(2.0, ("sides-not-proven",))]
    assert missing([1, 2], 6, odd=BOTH) == [(4.0, ("sides-not-proven",))]
    # A leaf beside sides that were certainly not scanned may not have been scanned either.
    assert missing([1, 3, 4, 7, 8], 8) == [(2.0, ("scan-unfinished",)), (None, ("half-leaves",))]
    assert missing([2, 3, 4], 5) == [(1.0, ("scan-unfinished", "may-be-cover")), (None, ("half-leaves",))]


def test_a_leaf_before_all_that_was_scanned_may_be_a_cover_inside_the_file() -> None:
    assert missing([3, 4, 5, 6], 6) == [(2.0, ("may-be-cover",))]
    assert missing([3, 4, 5, 6], 8) == [(2.0, ("may-be-cover",))] * 2
    assert missing([2, 3, 4, 5], 5, odd=frozenset({Side.VERSO})) == [(1.0, ("may-be-cover",))]
    assert missing([5, 6], 6) == [(4.0, ())]
    assert missing([1, 2, 3, 4], 6) == [(2.0, ())]


def test_what_is_missing_beside_a_scan_of_an_unknown_page_is_asked_for() -> None:
    gap = align([1, 2, None, 5, 6], [True] * 6, not_known=[3])
    assert [(o.value, o.flags) for o in pages_missing(gap, complete=True)] == [(None, ("half-leaves",))]
    far = align([1, 2, 5, 6, None], [True] * 6, not_known=[5])
    assert [(o.value, o.flags) for o in pages_missing(far, complete=True)] == [(2.0, ())]


def test_leaves_by_the_side_of_odd_pages() -> None:
    assert (mates(1), mates(2)) == ((2,), (1,))
    assert (mates(1, {Side.VERSO}), mates(2, {Side.VERSO})) == ((0,), (3,))
    assert whole([3, 4], [1, 2, 5], Side.RECTO) and not whole([3, 4], [1, 2, 5], Side.VERSO)


@pytest.mark.parametrize(
    ("numbers", "first"),
    [
        ([None, 1, 2, 3], 2),
        ([None, None, 1, 2], None),
        ([1, 2, None, 3, 4], 4),
        ([1, 2, None, 4, 5], None),  # it stands where page 3 belongs
        ([None, 9, 10], None),  # a part was scanned
        ([1, 2, None, None, 3], None),
        ([1, 2, 3, None], None),
        ([5, 6, None, 1, 2], None),
    ],
)
def test_sides_that_the_reference_has_no_room_for(numbers: list[int | None], first: int | None) -> None:
    expected = frozenset() if first is None else frozenset(range(first, len(numbers) + 1))
    assert after_extra_side(numbers) == expected


def leaves(seed: int, count: int, first: int, bench: float, jitter: float, u: float) -> tuple[dict[int, float], ...]:
    """Offsets at spine and fore-edge of pages; the first leaf begins with page `first`."""
    rng = np.random.default_rng(seed)
    spine, fore = {}, {}
    for number, cut in enumerate(rng.normal(-4, bench, count)):
        for n in (first + 2 * number, first + 2 * number + 1):
            move = rng.normal(0, jitter)
            spine[n], fore[n] = cut + move + rng.normal(0, u), -move + rng.normal(0, u)
    return spine, fore


@pytest.mark.parametrize("first", [1, 2])
def test_two_sides_of_a_leaf_are_as_wide_as_each_other(first: int) -> None:
    told = []
    for seed in range(200):
        spine, fore = leaves(seed, 12, first, bench=0.15, jitter=0.2, u=0.02)
        told.append(backs({n: spine[n] + fore[n] for n in spine}))
    right = Side.RECTO if first == 1 else Side.VERSO
    assert told.count(right) > 190 and set(told) <= {right, None}


def test_leaves_of_one_width_tell_nothing() -> None:
    told = [leaves(seed, 12, 1, bench=0.0, jitter=0.2, u=0.02) for seed in range(1000)]
    assert sum(backs({n: s[n] + f[n] for n in s}) is not None for s, f in told) <= 15
    assert sum(uneven_edge(s, f, 0.02) is not None for s, f in told) <= 4


def test_one_page_measured_badly_tells_nothing() -> None:
    told = []
    for seed in range(200):
        spine, fore = leaves(seed, 12, 1, bench=0.0, jitter=0.05, u=0.02)
        spine[1 + seed % 24] += 0.8
        told += [backs({n: spine[n] + fore[n] for n in spine}), uneven_edge(spine, fore, 0.02)]
    assert sum(t is not None for t in told) <= 2


def test_the_edge_that_was_cut_unevenly_is_the_one_that_follows_the_width() -> None:
    for swapped in (False, True):
        told = []
        for seed in range(200):
            spine, fore = leaves(seed, 12, 1, bench=0.15, jitter=0.03, u=0.02)
            told.append(uneven_edge(*((fore, spine) if swapped else (spine, fore)), 0.02))
        assert told.count(int(swapped)) > 150 and set(told) <= {int(swapped), None}


def test_the_direction_that_a_pdf_states() -> None:
    import pypdfium2

    with pypdfium2.PdfDocument(RTL / "reference.pdf") as said, pypdfium2.PdfDocument(SOUND / "reference.pdf") as silent:
        assert (stated_direction(said), stated_direction(silent)) == (str(Direction.RTL), None)
