"""Doing what a list of scans says, on drawn copies, decides them; less does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qc.flags import Flag
from qc.judge.policy import Policy, load_policy
from qc.judge.rejudge import under
from qc.judge.rescan_list import in_groups
from qc.model import BookCopy, Claim, Inspection, PageKind, Rescan, Role, VerdictOutcome
from qc.pipeline import inspect_copy
from qc.reference.find import Reference, find_reference, open_reference
from qc.scan.copy_folder import open_copy
from qc.synthetic import Binding, Block, Cut, Faults, Kind, Scanner, Title, draw_copy, write_scan, write_title
from qc.synthetic.scanner import seen

TRIM = (88.9, 127.0)
BLACK = Scanner(dpi=200.0)
AS_ASKED = Scanner(dpi=300.0)
WHITE = replace(BLACK, backing=(0.86, 0.86, 0.86), shadow_edges=())
CROPPED = replace(BLACK, margin_mm=(-1, -1, -1, -1))
SOUND = Block(Cut(head_mm=0.6, tail_mm=-0.8, fore_edge_mm=1.0))
DEEP = Block(Cut(head_mm=0.6, tail_mm=-0.8, fore_edge_mm=-4.6))
DRAWN = {VerdictOutcome.NO_DEFECT: SOUND, VerdictOutcome.DEFECT: DEEP}


@dataclass(frozen=True)
class Bench:
    """A title, and a copy of it that can be scanned page by page."""

    title: Title
    folder: Path
    block: Block = SOUND
    faults: Faults | None = None

    @cached_property
    def reference(self) -> Reference:
        return open_reference(self.title.path, trim=f"{TRIM[0]} x {TRIM[1]} mm", bleed=False)

    def scan(self, pages: Sequence[int], scanner: Scanner = BLACK) -> Path:
        """Scan pages of the copy, each to its own file; the sheet is the same each time."""
        for n in pages:
            draw_copy(
                self.folder,
                self.title,
                block=self.block,
                scanner=scanner,
                faults=self.faults,
                pages=[n],
                seed=n,
                name=f"p-{n:04d}",
            )
        return self.folder

    def inspect(self, **settings: object) -> Inspection:
        copy = open_copy(self.folder)
        copy = replace(copy, scan=replace(copy.scan, **settings))  # type: ignore[arg-type]
        return inspect_copy(copy, self.reference, POLICY)

    def do(self, entries: Sequence[Rescan], scanner: Scanner = AS_ASKED) -> None:
        """Scan what is asked for as `how` says."""
        for entry in entries:
            assert "300 dpi" in entry.how
            number = entry.reference_page
            if entry.file:
                assert "in the place of the old file" in entry.how
                number = int(Path(entry.file).stem[2:])
                (self.folder / entry.file).unlink()
            assert number is not None
            self.scan([number], scanner)


POLICY: Policy = load_policy("kdp")
Open = Callable[..., Bench]


@pytest.fixture(scope="module")
def title(tmp_path_factory: pytest.TempPathFactory) -> Title:
    folder = tmp_path_factory.mktemp("title")
    return write_title(folder / "interior.pdf", [Kind.TEXT] * 7 + [Kind.THREE_LINES], trim_mm=TRIM, seed=4)


@pytest.fixture
def bench(title: Title, tmp_path: Path) -> Open:
    return lambda **how: Bench(title, tmp_path / "RMA-1", **how)


def asked(inspection: Inspection) -> list[list[Rescan]]:
    return in_groups(inspection.verdict.rescan)


def fewest(inspection: Inspection, less: int = 0) -> list[Rescan]:
    """The first scans of each group that suffice, or `less` than that."""
    return [e for group in asked(inspection) for e in group[: group[0].need - less]]


def names(group: Sequence[Rescan]) -> list[str | int | None]:
    return [e.file or e.reference_page for e in group]


@pytest.mark.parametrize("outcome", DRAWN, ids=str)
@pytest.mark.parametrize(
    "scans, need, listed",
    [
        ([([4, 5], BLACK)], 1, [1, 2, 3, 6, 7]),
        ([([4], BLACK)], 2, [1, 2, 3, 5, 6, 7]),
        ([([2, 3, 4, 5], WHITE)], 3, ["p-0002", "p-0003", "p-0004", "p-0005"]),
        ([([2, 3, 4], CROPPED)], 3, ["p-0002", "p-0003", "p-0004"]),
        ([([2, 3], WHITE), ([4], BLACK)], 2, ["p-0002", "p-0003"]),
        ([([2], WHITE), ([4], BLACK)], 2, ["p-0002", 1, 3, 5, 6, 7]),
    ],
    ids=["one page more", "two pages more", "white lid", "cropped", "white lid and black", "one white, one black"],
)
def test_the_scans_that_are_asked_for_decide_and_fewer_do_not(
    bench: Open,
    outcome: VerdictOutcome,
    scans: Sequence[tuple[list[int], Scanner]],
    need: int,
    listed: list[str | int],
) -> None:
    at = bench(block=DRAWN[outcome])
    for pages, scanner in scans:
        at.scan(pages, scanner)
    before = at.inspect()
    assert before.verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    (group,) = asked(before)
    assert group[0].need == need and len({e.how for e in group if e.file}) <= 1
    assert names(group) == [f"{n}.jpg" if isinstance(n, str) else n for n in listed]
    at.do(fewest(before, less=1))
    almost = at.inspect()
    assert almost.verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    assert asked(almost)[0][0].need == 1
    at.do(fewest(almost))
    after = at.inspect()
    assert after.verdict.outcome is outcome, after.verdict.summary
    assert not after.verdict.rescan


def test_a_copy_that_was_not_taken_apart_is_told_so_or_scanned_loose(bench: Open) -> None:
    at = bench()
    at.scan([2, 3, 4, 5], replace(BLACK, binding=Binding()))
    before = at.inspect()
    assert before.verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    (group,) = asked(before)
    assert names(group) == [f"p-000{n}.jpg" for n in (2, 3, 4, 5)] and group[0].need == 3
    assert "state bound = true" in group[0].how
    assert at.inspect(bound=True).verdict.outcome is VerdictOutcome.NO_DEFECT
    at.do(fewest(before))
    assert at.inspect().verdict.outcome is VerdictOutcome.NO_DEFECT


def test_in_a_bound_copy_the_page_is_scanned_with_black_paper_behind_it(bench: Open) -> None:
    at = bench()
    at.scan([2, 3, 4], replace(BLACK, binding=Binding(stack_mm=(0, 0, 0))))
    before = at.inspect(bound=True)
    assert before.verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    (group,) = asked(before)
    assert all("black paper behind the leaf" in e.how for e in group)
    at.do(fewest(before), replace(AS_ASKED, binding=Binding(stack_mm=(0, 0, 0))))
    assert at.inspect(bound=True).verdict.outcome is VerdictOutcome.NO_DEFECT


def unreadable(at: Bench) -> None:
    (at.folder / "p-0003.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")


def without_resolution(at: Bench) -> None:
    at.scan([3], replace(BLACK, dpi_tag=72.0))


@pytest.mark.parametrize("spoil", [unreadable, without_resolution])
def test_a_file_that_cannot_be_used_is_scanned_again(bench: Open, spoil: Callable[[Bench], None]) -> None:
    at = bench()
    at.scan([2, 3, 4])
    spoil(at)
    before = at.inspect()
    assert before.verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    assert [names(g) for g in asked(before)] == [["p-0003.jpg"]]
    assert "p-0003.jpg" in before.verdict.summary
    at.do(fewest(before))
    assert at.inspect().verdict.outcome is VerdictOutcome.NO_DEFECT


def test_of_a_copy_stated_complete_the_sides_that_were_not_scanned_are_asked_for(bench: Open) -> None:
    at = bench()
    at.scan([1, 3, 5, 7])
    before = at.inspect(complete=True)
    assert before.verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    assert [names(g) for g in asked(before)] == [[2, 4, 6, 8]]
    at.do(fewest(before, less=1))
    assert at.inspect(complete=True).verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    at.do(fewest(at.inspect(complete=True)))
    assert at.inspect(complete=True).verdict.outcome is VerdictOutcome.NO_DEFECT


def test_a_leaf_that_is_not_there_is_a_defect_once_the_sides_of_the_others_are_scanned(bench: Open) -> None:
    at = bench()
    at.scan([1, 2, 5, 6, 7])
    before = at.inspect(complete=True)
    assert before.verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    assert [names(g) for g in asked(before)] == [[8]]
    at.do(fewest(before))
    assert at.inspect(complete=True).verdict.outcome is VerdictOutcome.DEFECT


@pytest.mark.parametrize("cut_mm, outcome", [(2.93, VerdictOutcome.NO_DEFECT), (3.6, VerdictOutcome.DEFECT)])
def test_near_the_limit_more_pages_decide(bench: Open, cut_mm: float, outcome: VerdictOutcome) -> None:
    at = bench(block=Block(Cut(fore_edge_mm=cut_mm)))
    at.scan([2, 3, 4])
    before = at.inspect()
    assert before.verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    (group,) = asked(before)
    assert names(group) == [1, 5, 6, 7]
    at.do(fewest(before))
    assert at.inspect().verdict.outcome is outcome


def test_nearer_the_limit_it_takes_two_rounds(bench: Open) -> None:
    at = bench(block=Block(Cut(fore_edge_mm=3.5)))
    at.scan([2, 3, 4])
    at.do(fewest(at.inspect()))
    again = at.inspect()
    assert again.verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    at.do(fewest(again))
    assert at.inspect().verdict.outcome is VerdictOutcome.DEFECT


def test_between_the_limits_only_a_person_decides(bench: Open) -> None:
    at = bench(block=Block(Cut(fore_edge_mm=3.19), x_sd_mm=0.02))
    at.scan([1, 2, 3, 4, 5, 6])
    seen = at.inspect()
    assert seen.verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    assert not seen.verdict.rescan


def test_nothing_is_asked_for_where_a_defect_stands_or_none_was_found(bench: Open) -> None:
    at = bench(block=DEEP)
    (at.scan([2, 3, 4, 5]) / "p-0003.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    seen = at.inspect()
    assert seen.verdict.outcome is VerdictOutcome.DEFECT
    assert seen.not_seen and not seen.verdict.rescan
    assert "not checked: cover, pages 1 and 6-8, " in seen.verdict.summary


@pytest.mark.parametrize("scanned", [(), (2, 3)])
def test_nothing_is_asked_for_of_a_lost_copy(bench: Open, scanned: Sequence[int]) -> None:
    at = bench()
    at.folder.mkdir()
    at.scan(scanned)
    lost = Claim(reason="lost", notified_on=date(2026, 10, 2), claimed_on=date(2026, 10, 12))
    copy = BookCopy("RMA-1", at.folder, open_copy(at.folder).scans if scanned else (), claim=lost)
    seen = inspect_copy(copy, at.reference, POLICY)
    assert seen.verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    assert not seen.verdict.rescan
    assert "claimed as lost" in seen.verdict.summary
    assert "scan any" not in seen.verdict.summary and "unless" not in seen.verdict.summary


def test_without_a_reference_no_scan_is_asked_for_and_what_is_lacking_is_said(bench: Open, tmp_path: Path) -> None:
    at = bench()
    at.scan([2, 3])
    copy = replace(open_copy(at.folder), isbn="9780000000002")
    reference, note = find_reference(copy, None, tmp_path)
    seen = inspect_copy(copy, reference, POLICY, note=note)
    assert seen.verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    assert not seen.verdict.rescan
    assert f"The title 9780000000002 was not found under {tmp_path}: add it there" in seen.verdict.summary


def test_where_the_trim_is_not_stated_no_scan_is_asked_for(bench: Open) -> None:
    at = bench()
    at.scan([2, 3])
    seen = inspect_copy(open_copy(at.folder), open_reference(at.title.path), POLICY)
    if not any(Flag.TRIM_NOT_STATED in o.flags for o in seen.observations):
        pytest.fail("the drawn title states its trim")
    assert not seen.verdict.rescan
    assert "add the ordered trim" in seen.verdict.summary


SPECK = replace(BLACK, specks=((40.0, 20.0, 1.5),))


def glass(at: Bench, specks: Sequence[tuple[float, float, float]]) -> None:
    """Scan the empty glass with the frame and settings of page 3."""
    width, height = Image.open(at.folder / "p-0003.jpg").size
    scanner = replace(BLACK, specks=tuple(specks), backing=(0.86, 0.86, 0.86))
    light = np.full((height, width, 3), scanner.backing, np.float32)
    write_scan(at.folder / "glass.jpg", seen(light, scanner, np.random.default_rng(0)), scanner)


def test_a_scan_of_the_empty_glass_settles_dust(bench: Open) -> None:
    at = bench()
    at.scan([2, 3, 4])
    at.scan([3], SPECK)
    before = at.inspect()
    assert before.verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    ((scan,),) = asked(before)
    assert (scan.file, scan.role) == (None, Role.GLASS) and scan.how.startswith("Scan the empty glass")
    glass(at, SPECK.specks)
    after = at.inspect()
    assert after.verdict.outcome is VerdictOutcome.NO_DEFECT
    (record,) = [p for p in after.pages if p.role is Role.GLASS]
    assert record.file == "glass.jpg" and record.reason.startswith("the empty glass: serves ")


def test_where_the_glass_is_clean_the_sheet_is_wiped_and_scanned_again(bench: Open) -> None:
    at = bench()
    at.scan([2, 3, 4])
    at.scan([3], SPECK)
    glass(at, ())
    before = at.inspect()
    assert before.verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    (group,) = asked(before)
    assert names(group) == ["p-0003.jpg"] and group[0].how.startswith("Clean the glass")
    at.do(fewest(before), BLACK)
    assert at.inspect().verdict.outcome is VerdictOutcome.NO_DEFECT


def test_an_empty_glass_of_another_resolution_is_no_blank_page_of_the_book(bench: Open) -> None:
    at = bench()
    at.scan([3])
    glass(at, ())
    at.scan([2, 3, 4], AS_ASKED)
    after = at.inspect()
    assert after.verdict.outcome is VerdictOutcome.NO_DEFECT
    assert [(p.role, p.kind) for p in after.pages if p.file == "glass.jpg"] == [(Role.PAGE, PageKind.UNREADABLE)]


def test_judged_again_the_list_is_that_of_the_policy(bench: Open) -> None:
    at = bench(block=Block(Cut(fore_edge_mm=-2.6)))
    at.scan([4, 5])
    first = at.inspect()
    assert [e.need for e in under(first, load_policy("ingram")).verdict.rescan] == [1] * 5
    at.do(fewest(first))
    second = at.inspect()
    assert second.verdict.outcome is VerdictOutcome.NO_DEFECT and not second.verdict.rescan
    # A policy that requires the end of the book as well asks for it, from what was seen at that time.
    rules = tuple(replace(r, required=r.required or r.id == "blank-pages-unexplained") for r in POLICY.rules)
    (entry,) = under(second, replace(POLICY, rules=rules)).verdict.rescan
    assert entry.reference_page == 8 and "to the end of the copy" in entry.how
