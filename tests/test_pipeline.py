"""Whole copies, small and drawn, from a folder of scans to the verdict."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from qc.errors import ScanError
from qc.flags import Flag
from qc.geometry import Edge, Side
from qc.judge.policy import Policy, load_policy
from qc.model import Inspection, Observation, PageKind, PageRecord, ScanFile, ScanSettings, VerdictOutcome
from qc.pipeline import inspect_copy
from qc.reference.find import Reference, open_reference
from qc.report.record import record
from qc.scan import scan_reader
from qc.scan.copy_folder import open_copy
from qc.synthetic import Block, CopyTruth, Cut, Faults, Kind, Print, Scanner, Title, draw_copy, write_title
from qc.synthetic.design import typeset

TRIM = (88.9, 127.0)
KINDS = [
    Kind.TEXT, Kind.TEXT, Kind.PICTURE, Kind.TEXT, Kind.TABLE, Kind.TEXT, Kind.LINE_ART, Kind.TEXT,
]  # fmt: skip
IMPRINT = ("Made in the USA", "Middletown, DE", "14 September 2026")
SCANNER = Scanner(dpi=200.0)


@dataclass(frozen=True)
class Shop:
    """A title, its reference, a policy, and a folder that drawn copies go to."""

    title: Title
    reference: Reference
    policy: Policy
    folder: Path

    def draw(self, name: str, *, scanner: Scanner = SCANNER, **how: object) -> CopyTruth:
        return draw_copy(self.folder / name, self.title, scanner=scanner, **how)  # type: ignore[arg-type]

    def inspect(self, folder: Path, threads: int = 1, **settings: object) -> Inspection:
        copy = open_copy(folder)
        copy = replace(copy, scan=replace(copy.scan, **settings))  # type: ignore[arg-type]
        return inspect_copy(copy, self.reference, self.policy, threads=threads)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    root = tmp_path_factory.mktemp("pipeline")
    title = write_title(root / "title" / "interior.pdf", KINDS, trim_mm=TRIM, seed=4)
    reference = open_reference(title.path, trim=f"{TRIM[0]} x {TRIM[1]} mm", bleed=False)
    return Shop(title, reference, load_policy("kdp"), root)


@pytest.fixture(scope="session")
def sound(shop: Shop) -> CopyTruth:
    block = Block(Cut(head_mm=0.6, tail_mm=-0.8, spine_mm=0.2, fore_edge_mm=1.0))
    return shop.draw("sound", block=block, blanks=2, imprint=IMPRINT, seed=1)


@pytest.fixture(scope="session")
def inspected(shop: Shop, sound: CopyTruth) -> Inspection:
    return shop.inspect(sound.folder)


def of(inspection: Inspection, measure: str, edge: Edge | None = None, page: int | None = None) -> Observation:
    """The one observation of a measure at a place."""
    (found,) = (
        o
        for o in inspection.observations
        if o.measure == measure and o.where.edge is edge and (page is None or o.where.page == page)
    )
    return found


def pages_shown(inspection: Inspection) -> list[int | None]:
    return [p.reference_page for p in inspection.pages]


def record_without_time(inspection: Inspection) -> dict[str, object]:
    data = record(inspection)
    data["provenance"].pop("started")
    return data


# A sound copy


def test_a_sound_copy_is_measured_and_passes(inspected: Inspection, sound: CopyTruth) -> None:
    assert inspected.verdict.outcome is VerdictOutcome.NO_DEFECT, inspected.verdict.summary
    assert pages_shown(inspected)[:8] == list(range(1, 9))
    for edge in Edge:
        found = of(inspected, "trim-offset-block", edge)
        assert found.value is not None and found.u is not None
        assert abs(found.value - sound.block_mm[edge]) < 3 * found.u
        assert found.u < 0.4
    assert of(inspected, "blank-pages-at-end").value == 2
    assert of(inspected, "blank-pages-inside").value == 0
    assert of(inspected, "pages-foreign").value == 0
    assert not inspected.verdict.rescan and not inspected.not_seen


def test_every_page_agrees_with_its_truth(inspected: Inspection, sound: CopyTruth) -> None:
    z = []
    for position, page in enumerate(sound.pages[:8], 1):
        for edge in Edge:
            found = of(inspected, "trim-offset", edge, position)
            assert found.value is not None and found.u is not None, (position, edge, found.flags)
            z.append((found.value - page.truth.offsets_mm[edge]) / found.u)
    assert np.abs(z).max() < 3
    assert 0.05 < np.sqrt(np.mean(np.square(z))) < 1.5


def test_the_record_of_the_pages_is_that_of_the_scans(inspected: Inspection, sound: CopyTruth) -> None:
    assert [p.kind for p in inspected.pages] == [PageKind.CONTENT] * 8 + [PageKind.BLANK] * 2 + [PageKind.IMPRINT]
    for page, drawn in zip(inspected.pages, sound.pages, strict=True):
        assert page.file == drawn.file.name
        assert page.side is (Side.RECTO if drawn.truth.recto else Side.VERSO)
        assert page.dpi == (200.0, 200.0) and not page.upside_down
        if page.to_scan is not None:
            assert page.skew_deg == pytest.approx(drawn.truth.skew_deg, abs=0.05)
            middle = np.array(TRIM) / 2
            expected = drawn.truth.to_scan[:, :2] @ middle + drawn.truth.to_scan[:, 2]
            assert page.to_scan(middle) == pytest.approx(expected, abs=0.5)


def test_threads_change_nothing(shop: Shop, sound: CopyTruth, inspected: Inspection) -> None:
    assert record_without_time(shop.inspect(sound.folder, threads=4)) == record_without_time(inspected)


def test_progress_counts_every_page(shop: Shop, sound: CopyTruth, inspected: Inspection) -> None:
    del inspected
    calls: list[tuple[int, int]] = []
    copy = open_copy(sound.folder)
    inspect_copy(copy, None, shop.policy, note="none", progress=lambda done, total: calls.append((done, total)))
    assert calls == [(i, 11) for i in range(1, 12)]


def test_without_a_reference_nothing_is_guessed(shop: Shop, sound: CopyTruth) -> None:
    inspection = inspect_copy(open_copy(sound.folder), None, shop.policy, note="no title given")
    assert inspection.verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    assert inspection.reference.kind == "none" and inspection.reference.note == "no title given"
    for edge in Edge:
        found = of(inspection, "trim-offset-block", edge)
        assert found.value is None and Flag.NO_REFERENCE in found.flags
    assert pages_shown(inspection) == [None] * 11


# The spine


@pytest.mark.parametrize(("spine", "judged"), [("bench", False), ("printer", True)])
def test_the_spine_is_judged_only_where_the_printer_cut_it(shop: Shop, spine: str, judged: bool) -> None:
    folder = shop.folder / "spine"
    if not folder.exists():
        block = Block(Cut(spine_mm=4.5), spine_sd_mm=0.0)
        shop.draw("spine", block=block, pages=[1, 2, 4, 6], seed=2)
    inspection = shop.inspect(folder, spine=spine)
    assert of(inspection, "trim-offset-block", Edge.SPINE).value == pytest.approx(4.5, abs=0.3)
    assert (inspection.verdict.outcome is VerdictOutcome.DEFECT) is judged, inspection.verdict.summary


# The cut


def test_a_fore_edge_cut_too_deep_is_a_defect(shop: Shop) -> None:
    drawn = shop.draw("deep", block=Block(Cut(fore_edge_mm=-4.2)), pages=[1, 2, 4, 6], seed=3)
    inspection = shop.inspect(drawn.folder)
    assert inspection.verdict.outcome is VerdictOutcome.DEFECT
    found = of(inspection, "trim-offset-block", Edge.FORE_EDGE)
    assert found.value == pytest.approx(drawn.block_mm["fore-edge"], abs=3 * (found.u or 0))
    outside = [f for f in inspection.findings if f.outcome == "outside"]
    assert [f.where.edge for f in outside] == [Edge.FORE_EDGE]


def test_two_pages_are_too_few_to_judge_the_block(shop: Shop) -> None:
    inspection = shop.inspect(shop.draw("two", pages=[1, 2], seed=4).folder)
    assert inspection.verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    for edge in Edge:
        found = of(inspection, "trim-offset-block", edge)
        assert found.value is None and Flag.FEW_PAGES in found.flags


def test_one_misplaced_page_does_not_move_the_block(shop: Shop, sound: CopyTruth, inspected: Inspection) -> None:
    how = {"block": Block(Cut(head_mm=0.6, tail_mm=-0.8, spine_mm=0.2, fore_edge_mm=1.0)), "blanks": 2, "seed": 1}
    shifted = Faults(prints={4: Print(dy_mm=5.0)})
    inspection = shop.inspect(shop.draw("misprint", faults=shifted, imprint=IMPRINT, **how).folder)
    head, before = (of(i, "trim-offset-block", Edge.HEAD).value for i in (inspection, inspected))
    assert head is not None and before is not None and abs(head - before) < 0.15
    assert of(inspection, "trim-offset", Edge.HEAD, 4).value == pytest.approx(
        (of(inspected, "trim-offset", Edge.HEAD, 4).value or 0) + 5.0, abs=0.1
    )


def test_a_deep_cut_leaves_blank_pages_credible(shop: Shop) -> None:
    block = Block(Cut(head_mm=-4.5, tail_mm=-4.5, fore_edge_mm=-4.5, spine_mm=-4.5), spine_sd_mm=0.0)
    drawn = shop.draw("very-deep", block=block, blanks=2, seed=5)
    inspection = shop.inspect(drawn.folder)
    assert not [n for n in inspection.not_seen if n.file]
    assert PageKind.UNREADABLE not in [p.kind for p in inspection.pages]
    assert inspection.verdict.outcome is VerdictOutcome.DEFECT


def test_a_page_of_which_only_the_folio_is_left_lacks_its_print(shop: Shop) -> None:
    # Everything above the folio, on page 4 of the title.
    lost = Print(missing=((0.0, 0.0, TRIM[0], TRIM[1] - 14.0),))
    drawn = shop.draw("only-folio", faults=Faults(prints={4: lost}), seed=8)
    inspection = shop.inspect(drawn.folder)
    found = of(inspection, "print-defect", page=4)
    assert found.value and found.value >= 1 and found.u == 0, found
    assert inspection.verdict.outcome is VerdictOutcome.DEFECT


def test_blank_pages_of_a_deep_cut_still_are_blank(shop: Shop) -> None:
    block = Block(Cut(head_mm=-4.5, tail_mm=-4.5, fore_edge_mm=-4.5, spine_mm=-4.5), spine_sd_mm=0.0)
    drawn = shop.draw("very-deep-blank", block=block, blanks=2, pages=[4, 6, 7, 8], seed=5)
    inspection = shop.inspect(drawn.folder)
    assert [p.kind for p in inspection.pages[-2:]] == [PageKind.BLANK] * 2
    assert of(inspection, "pages-foreign").value == 0


# Blank, lost, foreign pages


def test_a_page_that_came_out_blank_is_a_defect_at_its_place(shop: Shop) -> None:
    everything = Print(missing=((-5.0, -5.0, 95.0, 135.0),))
    drawn = shop.draw("lost-page", faults=Faults(prints={4: everything}), blanks=3, seed=6)
    inspection = shop.inspect(drawn.folder, complete=True)
    inside = of(inspection, "blank-pages-inside")
    assert (inside.value, inside.where.page, inside.detail["reference_page"]) == (1.0, 4, 4)
    fault = next(o for o in inspection.observations if o.measure == "print-defect" and o.value)
    assert (fault.where.page, fault.detail["code"]) == (4, "missing-print")
    assert of(inspection, "blank-pages-at-end").value == 3
    assert inspection.verdict.outcome is VerdictOutcome.DEFECT


def test_part_of_the_print_missing_is_a_defect_at_its_place(shop: Shop) -> None:
    half = Print(missing=((0.0, 62.0, 89.0, 127.0),))
    drawn = shop.draw("half", faults=Faults(prints={6: half}), seed=7)
    inspection = shop.inspect(drawn.folder)
    faults = [o for o in inspection.observations if o.measure == "print-defect" and o.value]
    assert [(o.where.page, o.detail["code"]) for o in faults] == [(6, "missing-print")]
    assert pages_shown(inspection) == list(range(1, 9))
    assert inspection.verdict.outcome is VerdictOutcome.DEFECT


@pytest.mark.parametrize(
    ("blanks", "unexplained", "said"),
    [(0, 0, ""), (4, 0, "the 4 blank pages at the end are expected"), (5, 1, "5 blank pages, 1 more than expected")],
)
def test_blank_pages_at_the_end_are_no_defect(shop: Shop, blanks: int, unexplained: int, said: str) -> None:
    drawn = shop.draw(f"blanks-{blanks}", pages=[1, 2, 6, 8], blanks=blanks, seed=8)
    inspection = shop.inspect(drawn.folder)
    assert of(inspection, "blank-pages-at-end").value == blanks
    assert of(inspection, "blank-pages-unexplained").value == unexplained
    expected = VerdictOutcome.NEEDS_REVIEW if unexplained else VerdictOutcome.NO_DEFECT
    assert inspection.verdict.outcome is expected, inspection.verdict.summary
    assert said in inspection.verdict.summary and inspection.refund.outcome != "eligible"
    assert ("blank page" in inspection.verdict.summary) == bool(said)


@pytest.mark.parametrize("imprint", [None, IMPRINT])
def test_the_last_leaves_scanned_without_the_page_before_them_lack_no_print(
    shop: Shop, imprint: tuple[str, ...] | None
) -> None:
    name = f"last-leaves-{bool(imprint)}"
    inspection = shop.inspect(shop.draw(name, pages=[1, 2, 3, 4], blanks=1, imprint=imprint, seed=9).folder)
    found = of(inspection, "blank-pages-unexplained")
    assert found.value is None and found.flags == (Flag.LAST_CONTENT_NOT_SEEN,)
    assert inspection.refund.outcome != "eligible"
    assert inspection.verdict.outcome is not VerdictOutcome.DEFECT, inspection.verdict.summary


@pytest.mark.parametrize(("complete", "count"), [(False, None), (True, 2)])
def test_blanks_after_a_part_count_only_where_the_end_is_known(shop: Shop, complete: bool, count: int | None) -> None:
    folder = shop.folder / "no-end"
    if not folder.exists():
        shop.draw("no-end", pages=[1, 2, 3, 4], blanks=2, seed=9)
    found = of(shop.inspect(folder, complete=complete), "blank-pages-at-end")
    assert found.value == count
    assert found.flags == (() if complete else (Flag.END_NOT_SEEN,))


def test_a_page_of_another_book_goes_to_review(shop: Shop) -> None:
    other = typeset([Kind.TEXT], trim_mm=TRIM, first_number=4, seed=77)[0]
    inspection = shop.inspect(shop.draw("foreign", faults=Faults(foreign={4: other}), seed=10).folder)
    assert of(inspection, "pages-foreign").where.page == 4
    assert pages_shown(inspection) == [1, 2, 3, None, 5, 6, 7, 8]
    assert of(inspection, "trim-offset", Edge.HEAD, 4).flags == (Flag.FOREIGN,)
    assert inspection.verdict.outcome is VerdictOutcome.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("faults", "shown"),
    [
        (Faults(left_out=(3,)), [1, 2, 4, 5, 6, 7, 8]),
        (Faults(twice=(5,)), [1, 2, 3, 4, 5, 5, 6, 7, 8]),
    ],
    ids=["left out", "twice"],
)
def test_a_page_too_few_or_too_many_shifts_nothing(shop: Shop, faults: Faults, shown: list[int | None]) -> None:
    name = f"sequence-{len(shown)}"
    inspection = shop.inspect(shop.draw(name, faults=faults, seed=11).folder)
    assert pages_shown(inspection) == shown
    assert of(inspection, "pages-foreign").value == 0


def test_a_partial_scan_is_placed_by_content_and_what_is_unseen_is_said(shop: Shop) -> None:
    drawn = shop.draw("part", pages=[1, 2, 6, 7, 8], seed=12)
    inspection = shop.inspect(drawn.folder)
    assert pages_shown(inspection) == [1, 2, 6, 7, 8]
    assert [n.reference_page for n in inspection.not_seen] == [3, 4, 5] and not inspection.verdict.rescan
    assert inspection.verdict.outcome is VerdictOutcome.NO_DEFECT


def test_first_page_says_where_a_part_begins(shop: Shop) -> None:
    drawn = shop.draw("from-5", pages=[5, 6, 7, 8], seed=13)
    assert pages_shown(shop.inspect(drawn.folder, first_page=5)) == [5, 6, 7, 8]


# Turned, damaged and mislabeled scans


@pytest.mark.parametrize(
    ("turns", "turned", "expected"),
    [(2, (), []), (0, (3,), [3]), (2, (6,), [6]), (1, (), [])],
    ids=["all upside down", "one", "all but one", "all across"],
)
def test_only_a_page_that_lies_unlike_the_others_is_upside_down(
    shop: Shop, turns: int, turned: Sequence[int], expected: list[int]
) -> None:
    name = f"turned-{turns}-{len(expected)}"
    faults = Faults(upside_down=tuple(turned))
    drawn = shop.draw(name, scanner=replace(SCANNER, turns=turns), faults=faults, seed=14)
    inspection = shop.inspect(drawn.folder)
    assert pages_shown(inspection) == list(range(1, 9))
    assert [p.reference_page for p in inspection.pages if p.upside_down] == expected
    found = of(inspection, "trim-offset-block", Edge.FORE_EDGE)
    assert found.value == pytest.approx(drawn.block_mm["fore-edge"], abs=3 * (found.u or 0))


@pytest.fixture
def again(sound: CopyTruth, tmp_path: Path) -> Callable[[], Path]:
    return lambda: Path(shutil.copytree(sound.folder, tmp_path / "again"))


def unreadable(inspection: Inspection) -> list[PageRecord]:
    return [p for p in inspection.pages if p.kind is PageKind.UNREADABLE]


def test_one_broken_file_goes_on_the_rescan_list(shop: Shop, inspected: Inspection, again: Callable[[], Path]) -> None:
    folder = again()
    broken = sorted(folder.iterdir())[4]
    broken.write_bytes(broken.read_bytes()[:2000])
    inspection = shop.inspect(folder)
    assert inspection.verdict.outcome is inspected.verdict.outcome
    assert [(r.file, r.reference_page) for r in inspection.verdict.rescan] == [(broken.name, 5)]
    assert [p.file for p in unreadable(inspection)] == [broken.name]
    assert pages_shown(inspection)[:8] == list(range(1, 9))
    assert of(inspection, "trim-offset", Edge.HEAD, 5).flags == (Flag.UNREADABLE,)
    for edge in Edge:
        value, before = (of(i, "trim-offset-block", edge).value for i in (inspection, inspected))
        assert value == pytest.approx(before, abs=0.15)


def test_a_copy_of_broken_files_stops(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    for n in (1, 2, 3):
        (folder / f"p-{n}.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    with pytest.raises(ScanError, match=r"broken: .*p-1\.jpg.* \(3 pages, none usable\)"):
        shop.inspect(folder)


WRONG = replace(SCANNER, dpi_tag=200.0 * 1.07)


def test_print_proves_the_scale_where_the_file_states_it_seven_percent_off(shop: Shop) -> None:
    """Offsets are in millimeters of the reference, so a wrong tag does not move them."""
    drawn = shop.draw("wrong-dpi", scanner=WRONG, pages=[1, 2, 4, 6], blanks=1, seed=15)
    inspection = shop.inspect(drawn.folder)
    assert pages_shown(inspection)[:4] == [1, 2, 4, 6]
    assert not [n for n in inspection.not_seen if n.file]
    for edge in Edge:
        found = of(inspection, "trim-offset-block", edge)
        assert found.value is not None and abs(found.value - drawn.block_mm[edge]) < 3 * (found.u or 0)


def test_a_wrong_resolution_that_no_print_proves_is_refused_with_the_way_out(shop: Shop) -> None:
    other = typeset([Kind.TEXT] * 4, trim_mm=TRIM, seed=50)
    foreign = Faults(foreign=dict(enumerate(other, 1)))
    drawn = shop.draw("wrong-all", scanner=WRONG, pages=[1, 2, 3, 4], faults=foreign, seed=16)
    with pytest.raises(ScanError, match=r"--dpi N") as caught:
        shop.inspect(drawn.folder)
    assert "at 200 dpi" in str(caught.value) and "none usable" in str(caught.value)


def test_a_stated_resolution_overrides_the_file(shop: Shop) -> None:
    drawn = shop.draw("stated-dpi", scanner=WRONG, pages=[1, 2, 4, 6], seed=15)
    inspection = shop.inspect(drawn.folder, dpi=200.0)
    assert [p.dpi for p in inspection.pages] == [(200.0, 200.0)] * 4
    for edge in Edge:
        found = of(inspection, "trim-offset-block", edge)
        assert found.value is not None and abs(found.value - drawn.block_mm[edge]) < 3 * (found.u or 0)


def test_no_resolution_at_all_stops_with_what_to_do(shop: Shop) -> None:
    drawn = shop.draw("no-dpi", scanner=replace(SCANNER, dpi_tag=None), pages=[1, 2, 4], seed=17)
    with pytest.raises(ScanError, match=r"states no resolution.*--dpi N"):
        shop.inspect(drawn.folder)
    assert shop.inspect(drawn.folder, dpi=200.0).pages[0].reference_page == 1


def test_a_white_lid_with_a_shadow_is_judged_with_its_wider_u(shop: Shop) -> None:
    lit = ("left", "top", "right", "bottom")
    lid = replace(SCANNER, backing=(0.86, 0.86, 0.86), shadow_edges=lit, shadow_depth=0.3, rim_depth=0.03)
    drawn = shop.draw("white", scanner=lid, pages=[1, 2, 4, 6], seed=18)
    inspection = shop.inspect(drawn.folder)
    assert pages_shown(inspection) == [1, 2, 4, 6]
    assert inspection.verdict.outcome is VerdictOutcome.NO_DEFECT
    for edge in (Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE):
        found = of(inspection, "trim-offset-block", edge)
        assert found.value is not None and found.u is not None and found.u > 0.13
        assert abs(found.value - drawn.block_mm[edge]) < 2 * found.u


def test_a_white_lid_as_bright_as_the_paper_leaves_the_cut_unjudged(shop: Shop) -> None:
    lid = replace(SCANNER, backing=(0.84, 0.83, 0.80), mode="gray")
    inspection = shop.inspect(shop.draw("lid", scanner=lid, pages=[1, 2, 4, 6], seed=18).folder)
    assert pages_shown(inspection) == [1, 2, 4, 6]
    assert inspection.verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    for edge in Edge:
        assert Flag.WHITE_BACKING in of(inspection, "trim-offset-block", edge).flags


def test_cropped_scans_bound_the_cut_and_say_whose_format_they_have(shop: Shop) -> None:
    drawn = shop.draw("cropped", scanner=replace(SCANNER, margin_mm=(-1, -1, -1, -1)), pages=[1, 2, 4, 6], seed=18)
    inspection = shop.inspect(drawn.folder, backing="cropped")
    assert inspection.verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    assert Flag.CROPPED.meaning in inspection.verdict.summary
    found = of(inspection, "trim-offset-block", Edge.HEAD)
    assert found.value is None and "frame" not in found.detail
    assert found.detail["cut_beyond_mm"] < np.mean([p.truth.offsets_mm["head"] for p in drawn.pages])
    (finding,) = [f for f in inspection.findings if f.measure == found.measure and f.where.edge is Edge.HEAD]
    assert "; it is at most " in finding.message and finding.message.endswith(" too deep.")

    width, height = np.min([p.truth.size_px for p in drawn.pages], axis=0)
    for page in drawn.pages:
        cv2.imwrite(str(page.file), cv2.imread(str(page.file))[:height, :width])
    again = of(shop.inspect(drawn.folder, backing="cropped", dpi=200.0), "trim-offset-block", Edge.HEAD)
    assert again.detail["frame"] == "driver format"


def test_a_gray_scan_is_measured_and_has_no_color(shop: Shop) -> None:
    scanner = replace(SCANNER, mode="gray", format="tiff")
    inspection = shop.inspect(shop.draw("gray", scanner=scanner, pages=[1, 2, 3], seed=19).folder)
    assert of(inspection, "color-difference-copy").flags == (Flag.GRAY_SCAN,)
    assert of(inspection, "trim-offset-block", Edge.HEAD).value is not None


def test_the_settings_of_a_copy_do_not_leak(shop: Shop, sound: CopyTruth) -> None:
    assert open_copy(sound.folder).scan == ScanSettings()


def test_a_long_copy_is_measured_page_by_page_and_gives_what_a_short_one_does(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what the first pages say of its scale, each page decoded once; all of them say the same within a few micrometers."""
    shop.draw("long", seed=7)
    at_once = shop.inspect(shop.folder / "long")
    decoded: list[Path] = []
    read = scan_reader.read_pixels

    def reading(scan: ScanFile, reduce: int) -> object:
        decoded.append(scan.path)
        return read(scan, reduce)

    monkeypatch.setattr(scan_reader, "read_pixels", reading)
    monkeypatch.setattr("qc.pipeline.teachers", lambda pages: list(range(0, pages, 2)))
    in_parts = shop.inspect(shop.folder / "long", threads=2)
    assert sorted(decoded) == sorted(s.path for s in in_parts.copy.pages)
    pairs = list(zip(at_once.observations, in_parts.observations, strict=True))
    assert [(a.measure, a.where, a.flags) for a, _ in pairs] == [(b.measure, b.where, b.flags) for _, b in pairs]
    both = [(a, b) for a, b in pairs if a.value is not None and b.value is not None and a.measure.startswith("trim")]
    assert len(both) > 20 and max(abs(a.value - b.value) for a, b in both) < 0.005
