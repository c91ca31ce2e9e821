"""Field cases: names and covers, leaves late or extra among the scans, the block of another book."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from PIL import Image, ImageOps

from qc.cli import main
from qc.features.text.barcode import IsbnCode
from qc.flags import Flag
from qc.geometry import Edge
from qc.inputs import open_with
from qc.judge.judge import judge
from qc.judge.padding import with_unexplained_blanks
from qc.judge.policy import load_policy
from qc.judge.refund import decide_refund
from qc.judge.sequence_words import how_scanned
from qc.measure import MEASURES
from qc.measure.context.another_book import in_ordered_cover, other_block
from qc.measure.extra_pages import pages_extra_inside
from qc.measure.foreign_pages import pages_foreign
from qc.measure.page_sequence import pages_out_of_order, with_unsure_places
from qc.model import (
    BookCopy,
    Evidence,
    FindingOutcome,
    Inspection,
    Observation,
    PageKind,
    PageRecord,
    ReferenceId,
    Role,
    ScanFile,
    VerdictOutcome,
    Where,
)
from qc.page import inspect_page
from qc.pipeline import PageWork, inspect_copy
from qc.reference.find import Reference
from qc.register.alignment import align
from qc.register.covers_among_pages import find_covers
from qc.register.page_result import PageResult
from qc.register.scan_order import AS_SCANNED
from qc.scan.copy_folder import copies_passed_over
from qc.scan.file_roles import roles_of

FIELD = Path(__file__).parent / "data" / "field"
LATE = FIELD / "18-leaf-at-the-end"
TITLED = FIELD / "24-title-words-in-file-names"
WHOLE = FIELD / "25-whole-copy-in-one-tiff"
PAGE_OF_SCAN = (1, 2, 5, 6, 3, 4)

Picture = NDArray[np.uint8]


# --- help -----------------------------------------------------------------------------------------------------------


def inspected(path: Path, reference: Path = LATE / "reference.pdf") -> Inspection:
    opened = open_with(path, reference=reference, titles=None, scanner=None, dpi=None)
    return inspect_copy(opened.copy, opened.reference, load_policy("kdp"), threads=2)


def values(inspection: Inspection, measure: str) -> list[tuple[int | None, float | None, tuple[str, ...]]]:
    return [(o.where.page, o.value, o.flags) for o in inspection.observations if o.measure == measure]


def page(number: int) -> Picture:
    """The scan of a page of the book."""
    name = f"p-{PAGE_OF_SCAN.index(number) + 1:04d}.jpg"
    return np.asarray(Image.open(LATE / "copy" / name).convert("L"))


def frame(number: int) -> Picture:
    """0: front cover, 1 and 8: blank insides, 9: back cover."""
    with Image.open(WHOLE / "copy.tif") as tiff:
        tiff.seek(number)
        return np.asarray(tiff.convert("L"))


def strange(number: int) -> Picture:
    """A page of another book: the lines of a page in another order, each of them shifted."""
    made = page(number).copy()
    rng = random.Random(number)
    top, lines, height = 260, 24, 26
    order = rng.sample(range(lines), lines)
    block = made[top : top + lines * height, 150:700].copy()
    for at, line in enumerate(order):
        strip = np.roll(block[line * height : (line + 1) * height], rng.randint(40, 500), axis=1)
        made[top + at * height : top + (at + 1) * height, 150:700] = strip[:, :: rng.choice((1, -1))]
    return made


def folder(root: Path, pictures: Sequence[Picture], settings: str = "") -> Path:
    root.mkdir()
    for i, picture in enumerate(pictures, 1):
        Image.fromarray(picture).save(root / f"scan {i:03d}.png", dpi=(150, 150))
    if settings:
        (root / "copy.toml").write_text(f"schema = 1\n{settings}\n", "utf-8")
    return root


def records(letters: str) -> list[PageRecord]:
    """A letter a side: a digit or letter a page of the book, ``.`` blank, ``?`` strange, ``!`` unreadable."""
    kinds = {".": PageKind.BLANK, "?": PageKind.CONTENT, "!": PageKind.UNREADABLE}
    return [
        PageRecord("x", 0, Role.PAGE, None, None, kinds[c], "", None, None, False)
        if c in kinds
        else PageRecord("x", 0, Role.PAGE, int(c, 36), None, PageKind.CONTENT, "", None, 0.1, False)
        for c in letters
    ]


def extra(letters: str, pages: int = 12) -> list[tuple[int | None, float | None]]:
    sides = records(letters)
    found = pages_extra_inside(sides, align([s.reference_page for s in sides], [True] * pages))
    return [(o.where.page, o.value) for o in found if o.value != 0]


def order_of(letters: str, complete: bool, pages: int = 12) -> list[tuple[int | None, float | None, tuple[str, ...]]]:
    sides = records(letters)
    alignment = align([s.reference_page for s in sides], [True] * pages)
    found = pages_out_of_order(sides, alignment, AS_SCANNED, complete)
    return [(o.where.page, o.value, o.flags) for o in found if o.value != 0]


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def titled() -> Inspection:
    return inspected(TITLED / "copy", TITLED / "reference.pdf")


def test_title_words_in_the_names_make_no_covers(titled: Inspection) -> None:
    assert [p.role for p in titled.pages] == [Role.PAGE] * 4
    assert [p.reference_page for p in titled.pages] == [1, 2, 3, 4]
    assert titled.verdict.outcome is VerdictOutcome.NO_DEFECT


STORY = [f"The Front Cover Story {i:03d}.jpg" for i in range(1, 5)]


@pytest.mark.parametrize(
    ("names", "covers"),
    [
        (STORY, {}),
        ([f"spine tingling {i}.tif" for i in range(9, 13)], {}),
        ([f"Target {i}.tif" for i in range(3)], {}),
        ([f"cover-{i}.jpg" for i in range(1, 5)], {}),
        ([f"Front Cover Story {i} {side}.jpg" for i in range(3) for side in ("front", "back")], {}),
        (
            [*STORY, "cover-front.jpg", "cover-back.jpg"],
            {"cover-front.jpg": Role.COVER_FRONT, "cover-back.jpg": Role.COVER_BACK},
        ),
        (
            [*STORY, "The Front Cover Story cover back.jpg"],
            {"The Front Cover Story cover back.jpg": Role.COVER_BACK},
        ),
        (
            ["RMA-1 cover front.jpg", "RMA-1 cover back.jpg", "RMA-1 cover spine.jpg", "RMA-1 p 1.jpg"],
            {
                "RMA-1 cover front.jpg": Role.COVER_FRONT,
                "RMA-1 cover back.jpg": Role.COVER_BACK,
                "RMA-1 cover spine.jpg": Role.SPINE,
            },
        ),
        (
            ["cover-front.jpg", "cover-front-2.jpg", "p-1.jpg"],
            {"cover-front.jpg": Role.COVER_FRONT, "cover-front-2.jpg": Role.COVER_FRONT},
        ),
    ],
)
def test_roles_that_three_scans_share_are_none(names: list[str], covers: dict[str, Role]) -> None:
    assert {n: r for n, r in roles_of(names).items() if r is not Role.PAGE} == covers


def test_copies_passed_over_are_named_with_the_reason(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    shutil.copytree(TITLED / "copy", inbox / "RMA-1")
    shutil.copytree(TITLED / "copy", tmp_path / "elsewhere")
    (inbox / "RMA-2").symlink_to(tmp_path / "elsewhere")
    (inbox / "RMA-3").mkdir()
    (inbox / "RMA-3" / "notes.txt").write_text("nothing scanned")
    (inbox / "week 2" / "RMA-4").mkdir(parents=True)
    (inbox / ".hidden").mkdir()
    passed = copies_passed_over(inbox)
    assert list(passed) == ["RMA-2", "RMA-3", "week 2/RMA-4"]
    assert "leads outside" in passed["RMA-2"] and "no scan" in passed["RMA-3"]
    assert copies_passed_over(inbox / "RMA-1") == {}
    for command in (["plan", str(inbox)], ["batch", str(inbox), "--out", str(tmp_path / "out"), "--jobs", "1"]):
        result = CliRunner().invoke(main, command)
        for name in passed:
            assert f"Passed over {name}: " in result.stderr, command[0]


# --- covers ---------------------------------------------------------------------------------------------------------

COVERS_ROUND = [Role.COVER_FRONT] * 2 + [Role.PAGE] * 6 + [Role.COVER_BACK] * 2


def test_a_whole_copy_in_one_tiff_brings_its_covers() -> None:
    inspection = inspected(WHOLE / "copy.tif", WHOLE / "reference.pdf")
    assert [p.role for p in inspection.pages] == COVERS_ROUND
    assert [p.reference_page for p in inspection.pages if p.role is Role.PAGE] == [1, 2, 3, 4, 5, 6]
    assert values(inspection, "pages-foreign") == [(None, 0.0, ())]
    assert values(inspection, "blank-pages-at-end") == [(None, 0.0, ())]
    assert values(inspection, "pages-extra-inside") == [(None, 0.0, ())]
    assert inspection.verdict.outcome is VerdictOutcome.NO_DEFECT
    assert "inside of the front cover" in inspection.pages[1].reason


FRONT, BLANK, BACK = frame(0), frame(1), frame(9)


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> tuple[BookCopy, Reference, dict[str, PageResult]]:
    """Every kind of side looked at once: covers, blank, strange and the pages of the book."""
    made = {"F": FRONT, "B": BACK, ".": BLANK, "?": strange(2)} | {str(n): page(n) for n in range(1, 7)}
    path = folder(tmp_path_factory.mktemp("sides") / "copy", list(made.values()))
    opened = open_with(path, reference=LATE / "reference.pdf", titles=None, scanner=None, dpi=None)
    assert opened.reference is not None
    work = PageWork(opened.reference, threads=2)
    pages = work.each(inspect_page, work.jobs(opened.copy))
    return opened.copy, opened.reference, dict(zip(made, pages, strict=True))


@pytest.mark.parametrize(
    ("sides", "roles"),
    [
        ("F12345", "fppppp"),
        ("F.12345", "ffppppp"),
        ("F.56", "ffpp"),
        ("F34B", "fppb"),
        ("12345.B", "ppppppb"),
        ("123456.B", "ppppppbb"),
        ("123456..B", "ppppppppb"),
        ("1234F..B", "ppppffbb"),
        ("F..B1234", "ffbbpppp"),
        ("?.123456", "pppppppp"),
        ("?.123456.?", "ffppppppbb"),
        ("?.12345.?", "ppppppppp"),
        ("?.1256.?", "ffppppbb"),
        ("12F3456", "ppppppp"),
        ("12F.3456", "pppppppp"),
        ("FB123456", "pppppppp"),
        ("123456FB", "pppppppp"),
        ("F?123456", "pppppppp"),
        ("F", "p"),
        ("F..B", "pppp"),
        ("F.????.B", "ffppppbb"),
        ("F.????", "pppppp"),
        ("?.????.?", "pppppppp"),
    ],
)
def test_covers_wherever_they_lie_among_the_scans(
    examined: tuple[BookCopy, Reference, dict[str, PageResult]], sides: str, roles: str
) -> None:
    copy, reference, seen = examined
    pages = [replace(seen[c], job=replace(seen[c].job, position=i)) for i, c in enumerate(sides, 1)]
    found = find_covers(copy, pages, reference)
    letters = {Role.COVER_FRONT: "f", Role.COVER_BACK: "b"}
    assert "".join(letters[found[i].role] if i in found else "p" for i in range(len(sides))) == roles
    assert all(cover.inside == (sides[i] == ".") for i, cover in found.items())


def test_covers_named_so_are_left_alone(examined: tuple[BookCopy, Reference, dict[str, PageResult]]) -> None:
    copy, reference, seen = examined
    named = replace(copy, scans=(*copy.scans, replace(copy.scans[0], name="cover-front.jpg", role=Role.COVER_FRONT)))
    assert list(find_covers(named, [seen[c] for c in "F.1234.B"], reference)) == [7, 6]


# --- leaves nobody ordered ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ("123456", []),
        ("12..34", [(3, 2.0)]),
        ("12??34", [(3, 2.0)]),
        ("12..34??56", [(3, 2.0), (7, 2.0)]),
        (".12345", []),  # a flyleaf, or the inside of the cover
        ("?12345", [(1, 1.0)]),
        ("12..56", []),
        ("12??56", []),
        ("12?..56", [(5, 1.0)]),
        ("123456....", []),
        ("12!34", []),
        ("121234", []),
        ("3.3.56", []),
        ("1.2.3.4.5", [(2, None)]),
        ("12..9A", []),
    ],
    ids=str,
)
def test_sides_nobody_ordered(sides: str, expected: list[tuple[int, float | None]]) -> None:
    assert extra(sides) == expected


def test_blank_sides_before_the_book_are_named() -> None:
    sides = records("..1234")
    alignment = align([s.reference_page for s in sides], [True] * 12)
    (none,) = pages_extra_inside(sides, alignment)
    assert (none.value, none.detail) == (0.0, {"blank_before": 2})
    assert "2 blank sides lie before the first page" in " ".join(how_scanned([none]))


def test_scans_before_the_stated_first_page_are_extra() -> None:
    sides = records("..567")
    alignment = align([s.reference_page for s in sides], [True] * 12)
    assert [(o.where.page, o.value) for o in pages_extra_inside(sides, alignment, first_page=5)] == [(1, 2.0)]
    assert [o.value for o in pages_extra_inside(sides, alignment, first_page=9)] == [0.0]


def test_a_blank_leaf_inside_goes_to_a_person(tmp_path: Path) -> None:
    pictures = [page(1), page(2), BLANK, np.asarray(ImageOps.mirror(Image.fromarray(BLANK))), page(3), page(4)]
    inspection = inspected(folder(tmp_path / "copy", pictures))
    assert values(inspection, "pages-extra-inside") == [(3, 2.0, ())]
    assert inspection.verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    assert "2 blank pages inside the book were not ordered, from " in inspection.verdict.summary
    (rule,) = [f for f in inspection.findings if f.rule == "pages-extra-inside"]
    assert rule.outcome is FindingOutcome.UNDECIDED


# --- leaves late among the scans ------------------------------------------------------------------------------------


def test_a_leaf_late_among_the_scans_is_said(tmp_path: Path) -> None:
    inspection = inspected(LATE / "copy")
    late = [(5, None, ("scanned-late",)), (6, None, ("scanned-late",))]
    assert values(inspection, "pages-out-of-order") == late
    (said,) = [w for w in inspection.verdict.not_checked if w.startswith("pages out of order")]
    assert "scanned pages 5-6 were scanned late" in said and said in inspection.verdict.summary
    whole = shutil.copytree(LATE / "copy", tmp_path / "copy")
    (whole / "copy.toml").write_text("schema = 1\n[scan]\ncomplete = true\n", "utf-8")
    complete = inspected(whole)
    assert {(v, f[-1]) for _, v, f in values(complete, "pages-out-of-order")} == {(1.0, "scanned-late")}
    assert complete.verdict.outcome is VerdictOutcome.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("sides", "late"),
    [
        ("12567834", {7, 8}),
        ("12783456", {3, 4}),
        ("34125678", {1, 2}),
        ("345678AB12", {9, 10}),
        ("1278AB34", {7, 8}),
    ],
)
@pytest.mark.parametrize("complete", [False, True])
def test_what_may_have_been_scanned_late_is_not_certain(sides: str, late: set[int], complete: bool) -> None:
    found = order_of(sides, complete)
    assert len(found) == len(late)
    for _, value, flags in found:
        assert value == (1.0 if complete else None)
        assert set(flags) & {"scanned-late", "mixed-up"}


@pytest.mark.parametrize("sides", ["125634789ABC", "12349A5678BC", "127834569ABC"])
@pytest.mark.parametrize("complete", [False, True])
def test_a_leaf_whose_neighbors_join_is_bound_there(sides: str, complete: bool) -> None:
    assert [(v, f) for _, v, f in order_of(sides, complete)] == [(1.0, ())] * 2


# --- another book ---------------------------------------------------------------------------------------------------


def test_the_block_of_another_book_is_one_finding(tmp_path: Path) -> None:
    inspection = inspected(folder(tmp_path / "copy", [strange(n) for n in (2, 3, 4, 5, 6)], "[scan]\ncomplete = true"))
    assert values(inspection, "pages-foreign") == [(1, 5.0, (Flag.ANOTHER_BOOK,))]
    assert inspection.verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    assert "None of the 5 printed pages belongs to the ordered book" in inspection.verdict.summary
    assert (inspection.refund.outcome, inspection.refund.route) == ("review", "review")
    for measure in (
        "pages-missing",
        "pages-duplicated",
        "pages-out-of-order",
        "blank-pages-inside",
        "pages-extra-inside",
    ):
        assert {(v, f) for _, v, f in values(inspection, measure)} <= {(None, (str(Flag.ANOTHER_BOOK),))}, measure
    assert not inspection.verdict.rescan and not inspection.not_seen
    again = with_unexplained_blanks(inspection.observations, load_policy("ingram").padding)
    assert all(o.value is None for o in again if o.measure == "blank-pages-unexplained")


def test_half_a_block_of_another_book_begins_where_it_does(tmp_path: Path) -> None:
    pictures = [page(1), page(2), page(3), page(4), *(strange(n) for n in (2, 3, 4, 5)), page(2)]
    inspection = inspected(folder(tmp_path / "copy", pictures, "[scan]\ncomplete = true"))
    ((where, count, flags),) = values(inspection, "pages-foreign")
    assert (where, count, flags) == (5, 4.0, (Flag.ANOTHER_BOOK,))
    assert inspection.verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    assert not [f for f in inspection.findings if f.outcome is FindingOutcome.OUTSIDE]


def another_block(titled: Inspection, read: str, sure: bool = True) -> tuple[Inspection, list[Observation]]:
    """The copy as if it were another book's block with a cover of which this ISBN is read."""
    copy = replace(titled.copy, claim=replace(titled.copy.claim, ordered_isbn="978-0-00-000000-2"))
    flags = () if sure else (str(Flag.LOW_CONFIDENCE),)
    isbn = MEASURES["isbn"].observe(1.0, 0.0, flags=flags, detail={"text": read})
    code = IsbnCode(read, "", sure, (0, 0, 1, 1))
    opened = open_with(titled.copy.path, reference=TITLED / "reference.pdf", titles=None, scanner=None, dpi=None)
    assert opened.reference is not None
    sides = records("????")
    block = other_block(sides)
    assert block is not None
    block = in_ordered_cover(block, copy, opened.reference, [(code, Evidence("cover.tif"))])
    return replace(titled, copy=copy), [*pages_foreign(sides, True, block=block), isbn]


@pytest.mark.parametrize(
    ("read", "sure", "route", "ordered"),
    [
        ("9780000000002", True, "review", True),
        ("9780000000002", False, "review", False),
        ("9780306406157", True, "returns-center", False),
    ],
)
def test_only_an_isbn_tells_a_wrong_item_from_another_block_in_the_ordered_cover(
    titled: Inspection, read: str, sure: bool, route: str, ordered: bool
) -> None:
    inspection, observations = another_block(titled, read, sure)
    policy = load_policy("kdp")
    findings, verdict = judge(observations, policy, inspection.copy, inspection.pages, inspection.reference)
    assert verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    assert ("though its cover is the ordered one" in verdict.summary) is ordered
    assert decide_refund(verdict, findings, inspection.copy, policy, observations).route == route


def test_another_book_is_no_earlier_revision_for_certain(titled: Inspection) -> None:
    inspection, observations = another_block(titled, "9780000000002")
    claim = replace(inspection.copy.claim, printed_on=date(2026, 1, 2), content_updated_on=date(2026, 3, 4))
    copy = replace(inspection.copy, claim=claim)
    _, verdict = judge(observations, load_policy("kdp"), copy, inspection.pages, inspection.reference)
    assert verdict.outcome is VerdictOutcome.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ("????", (1, 4, 4)),
        ("???", (1, 3, 3)),
        ("1234????", (5, 4, 8)),
        ("12????5?", (3, 5, 8)),
        (".?.?1???", (2, 6, 6)),
        ("123456??", None),
        ("1?3?5?7?", None),
        ("??", None),
        ("123456789ABCDEFGHIJK????", None),
    ],
    ids=str,
)
def test_where_another_book_begins(sides: str, expected: tuple[int, int, int] | None) -> None:
    block = other_block(records(sides))
    assert (block and (block.first, block.pages, block.printed)) == expected


def test_a_single_strange_page_by_chance_like_a_mirrored_one_claims_nothing(tmp_path: Path) -> None:
    mirrored = np.ascontiguousarray(page(5)[:, ::-1])
    pictures = [page(1), page(2), mirrored, page(4), page(5), page(6)]
    inspection = inspected(folder(tmp_path / "copy", pictures, "[scan]\ncomplete = true"))
    assert values(inspection, "pages-foreign") == [(3, 1.0, ())]
    assert not [f for f in inspection.findings if f.outcome is FindingOutcome.OUTSIDE]
    assert inspection.verdict.outcome is VerdictOutcome.NEEDS_REVIEW


def test_what_a_doubled_page_lacks_is_for_a_person() -> None:
    lost, other = (
        MEASURES["print-defect"].observe(1.0, 0.0, Where(page=n), detail={"code": "missing-print"}) for n in (18, 3)
    )
    doubled = MEASURES["pages-duplicated"].observe(1.0, 0.0, Where(page=18), flags=(Flag.ONE_SIDE,))
    same = MEASURES["pages-duplicated"].observe(0.0, 0.0, Where(page=3), flags=(Flag.SAME_SHEET,))
    assert [o.flags for o in with_unsure_places([lost, other], [doubled, same])] == [("place-unsure",), ()]


def test_the_print_of_a_cover_that_looks_like_a_page_is_not_misplaced_for_certain() -> None:
    """A cover bound first that looks like page 17: it is out of place, and its print lies 6 mm off that of the page."""
    off = MEASURES["trim-offset-page"].observe(-6.4, 0.4, Where(page=1, edge=Edge.HEAD))
    cover = MEASURES["pages-out-of-order"].observe(1.0, 0.0, Where(page=1))
    (doubted,) = with_unsure_places([off], [cover])
    copy = BookCopy("RMA-1", Path("RMA-1"), (ScanFile(Path("a.tif"), "a.tif"),))
    for policy in map(load_policy, ("kdp", "ingram")):
        findings, _ = judge([doubted], policy, copy, [], ReferenceId("pdf"))
        (found,) = (f for f in findings if f.value is not None)
        assert (found.rule, found.outcome, found.doubt) == (
            "trim-offset-page",
            FindingOutcome.UNDECIDED,
            ("place-unsure",),
        )
