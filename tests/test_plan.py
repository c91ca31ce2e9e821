"""`qc plan`: how scans were understood, told without measuring and without writing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from jsonschema import Draft202012Validator
from PIL import Image

from qc.synthetic import Kind, Scanner, draw_copy, write_title

TRIM = (88.9, 127.0)
KINDS = [Kind.TEXT, Kind.TEXT, Kind.PICTURE, Kind.TEXT, Kind.TABLE, Kind.CHAPTER, Kind.LINE_ART, Kind.TEXT]
ISBN = "9780000000002"
IMPRINT = ("Made in the USA", "Middletown, DE", "14 September 2026")
DPI = 150
SCHEMA = json.loads((resources.files("qc.report") / "schemas" / "plan.schema.json").read_text("utf-8"))
SAMPLES = Path(__file__).parent.parent / "samples"


@dataclass(frozen=True)
class Shelf:
    """A drawn copy of eight pages, a blank one and an imprint; a page of another book; the folder of titles."""

    copy: Path
    foreign: Path
    titles: Path


@dataclass
class Bench:
    """A copy of one's own to spoil, and the command that looks at it."""

    folder: Path
    shelf: Shelf
    run: Run

    def page(self, number: int) -> Path:
        return self.folder / f"p-{number:04d}.jpg"

    def plan(self, code: int = 0, *options: str) -> dict[str, Any]:
        """The JSON of the one copy, held to its schema."""
        ran = self.run("plan", self.folder, "--titles", self.shelf.titles, "--json", *options)
        assert ran.code == code, ran
        (line,) = ran.out.splitlines()
        plan: dict[str, Any] = json.loads(line)
        Draft202012Validator(SCHEMA).validate(plan)
        return plan

    def text(self, *options: str) -> str:
        ran = self.run("plan", self.folder, "--titles", self.shelf.titles, *options)
        assert ran.code == 0, ran
        return ran.out


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    root = tmp_path_factory.mktemp("plan")
    title = write_title(root / "titles" / ISBN / "interior.pdf", KINDS, trim_mm=TRIM, seed=5001)
    other = write_title(root / "other" / "interior.pdf", [Kind.TEXT, Kind.CHAPTER], trim_mm=TRIM, seed=5002)
    (title.path.parent / "title.toml").write_text('trim = "88.9 x 127 mm"\nbleed = false\n')
    scanner = Scanner(dpi=DPI)
    draw_copy(root / "copy", title, scanner=scanner, blanks=1, imprint=IMPRINT, seed=5003)
    foreign = draw_copy(root / "foreign", other, scanner=scanner, pages=[1], seed=5004)
    return Shelf(root / "copy", foreign.pages[0].file, root / "titles")


@pytest.fixture
def bench(shelf: Shelf, tmp_path: Path, run_qc: Run) -> Iterator[Bench]:
    folder = tmp_path / "inbox" / "RMA-7"
    shutil.copytree(shelf.copy, folder)
    (folder / "copy.toml").write_text(f'isbn = "{ISBN}"\n[claim]\nreason = "defective"\n')
    yield Bench(folder, shelf, run_qc)


def codes(plan: dict[str, Any], kind: str) -> set[str]:
    return {r["code"] for r in plan["remarks"] if r["kind"] == kind}


def remark(plan: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = (r for r in plan["remarks"] if r["code"] == code)
    return dict(found)


def saved(path: Path, image: Image.Image, dpi: float = DPI) -> None:
    image.save(path, quality=90, dpi=(dpi, dpi))


# --- what pages are taken for -----------------------------------------------------------------------------------------


def test_every_page_of_a_sound_copy_is_named(bench: Bench) -> None:
    plan = bench.plan()
    assert [s["looks_like"] for s in plan["scans"]] == [1, 2, 3, 4, 5, 6, 7, 8, None, None]
    assert [s["kind"] for s in plan["scans"]] == ["content"] * 8 + ["blank", "imprint"]
    assert {tuple(s["dpi"]) for s in plan["scans"]} == {(DPI, DPI)}
    assert {s["dpi_from"] for s in plan["scans"]} == {"file"}
    assert {s["backing"] for s in plan["scans"]} == {"black"}
    for scan in plan["scans"]:
        assert TRIM[0] < scan["size_mm"][0] < TRIM[0] + 30 and TRIM[1] < scan["size_mm"][1] < TRIM[1] + 30
    assert plan["reference"]["pages"] == 8 and plan["reference"]["trim_mm"] == list(TRIM)
    assert plan["not_scanned"] == []
    assert codes(plan, "rescan") == codes(plan, "check") == set()


def test_a_turned_page_is_named_and_to_be_looked_at(bench: Bench) -> None:
    saved(bench.page(4), Image.open(bench.page(4)).rotate(180))
    plan = bench.plan()
    scan = plan["scans"][3]
    assert (scan["looks_like"], scan["upside_down"], scan["turns"]) == (4, True, 2)
    assert remark(plan, "upside-down")["files"] == ["p-0004.jpg"]
    assert "upside down" in bench.text()


def test_pages_that_all_lie_on_their_side_are_no_fault(bench: Bench) -> None:
    for number in range(1, 11):
        saved(bench.page(number), Image.open(bench.page(number)).transpose(Image.Transpose.ROTATE_270))
    plan = bench.plan()
    assert [s["looks_like"] for s in plan["scans"]][:8] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert plan["order"]["turns"] in (1, 3)
    assert not any(s["upside_down"] for s in plan["scans"])
    assert "lying on their side" in bench.text()


def test_a_page_of_another_book_stands_out_as_none(bench: Bench) -> None:
    shutil.copy(bench.shelf.foreign, bench.page(4))
    plan = bench.plan()
    assert plan["scans"][3]["looks_like"] is None and plan["scans"][3]["reference_page"] is None
    assert remark(plan, "not-recognized")["files"] == ["p-0004.jpg"]
    assert plan["not_scanned"] == [4]
    text = bench.text()
    assert "Not seen" in text and "not recognized by its small picture" in text and "Not scanned" not in text
    assert "lost print" not in text and "stands out" not in text


def test_a_mirrored_page_is_told(bench: Bench) -> None:
    saved(bench.page(2), Image.open(bench.page(2)).transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    plan = bench.plan()
    assert (plan["scans"][1]["looks_like"], plan["scans"][1]["mirrored"]) == (None, 2)
    assert remark(plan, "mirrored")["files"] == ["p-0002.jpg"]
    assert "reference page 2 in a mirror" in bench.text()


def test_a_blank_page_in_the_place_of_print_is_to_be_looked_at(bench: Bench) -> None:
    shutil.copy(bench.page(9), bench.page(4))
    plan = bench.plan()
    assert plan["scans"][3]["kind"] == "blank"
    assert remark(plan, "blank-inside")["reference_pages"] == [4]


def test_the_same_scan_twice_and_a_page_scanned_twice(bench: Bench) -> None:
    shutil.copy(bench.page(3), bench.page(5))
    image = Image.open(bench.page(7))
    saved(bench.page(4), image.convert("L"))
    saved(bench.page(6), image.rotate(0.4, Image.Resampling.BICUBIC, fillcolor=image.getpixel((2, 2))))
    plan = bench.plan()
    assert [s["same_as"] for s in plan["scans"]] == [None, None, None, "p-0007.jpg", "p-0003.jpg", *[None] * 5]
    same = [r["files"] for r in plan["remarks"] if r["code"] == "same-picture"]
    assert same == [["p-0007.jpg", "p-0004.jpg"], ["p-0003.jpg", "p-0005.jpg"]]
    assert "same scan as p-0003.jpg" in bench.text()
    twice = remark(plan, "same-page")
    assert (twice["files"], twice["reference_pages"]) == (["p-0006.jpg", "p-0007.jpg"], [7])
    assert plan["scans"][3]["gray"] and not plan["scans"][6]["gray"]


def test_two_pages_that_changed_places_are_out_of_order(bench: Bench) -> None:
    bench.page(3).rename(bench.folder / "x.jpg")
    bench.page(6).rename(bench.page(3))
    (bench.folder / "x.jpg").rename(bench.page(6))
    plan = bench.plan()
    assert [s["looks_like"] for s in plan["scans"]][:8] == [1, 2, 6, 4, 5, 3, 7, 8]
    astray = [r for r in plan["remarks"] if r["code"] == "order"]
    assert {f for r in astray for f in r["files"]} == {"p-0003.jpg", "p-0006.jpg"}


@pytest.mark.parametrize(
    ("scanned", "words"),
    [
        ([8, 7, 6, 5, 4, 3, 2, 1], "the whole stack reversed"),
        ([1, 3, 5, 7, 2, 4, 6, 8], "all fronts, then all backs"),
        ([1, 3, 5, 7, 8, 6, 4, 2], "all fronts, then all backs in reverse"),
    ],
)
def test_the_order_of_a_feeder_is_found_and_undone(bench: Bench, scanned: list[int], words: str) -> None:
    kept = {n: bench.page(n).read_bytes() for n in range(1, 9)}
    for at, number in enumerate(scanned, 1):
        bench.page(at).write_bytes(kept[number])
    bench.page(9).unlink()
    bench.page(10).unlink()
    plan = bench.plan()
    assert plan["order"]["scanned"] == words
    assert [s["looks_like"] for s in plan["scans"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [s["position"] for s in plan["scans"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [s["file"] for s in plan["scans"]] == [f"p-{scanned.index(n) + 1:04d}.jpg" for n in range(1, 9)]
    assert words in remark(plan, "order")["message"]
    assert words in bench.text()


def test_backs_that_a_scanner_turned_are_no_fault(bench: Bench) -> None:
    for number in (2, 4, 6, 8):
        saved(bench.page(number), Image.open(bench.page(number)).rotate(180))
    plan = bench.plan()
    assert "no fault" in remark(plan, "upside-down")["message"]
    assert [s["looks_like"] for s in plan["scans"]][:8] == [1, 2, 3, 4, 5, 6, 7, 8]


# --- resolution and files that cannot be used -------------------------------------------------------------------------


def test_a_page_that_states_72_dpi_is_to_be_rescanned_unless_dpi_is_given(bench: Bench) -> None:
    saved(bench.page(7), Image.open(bench.page(7)), 72)
    plan = bench.plan()
    assert plan["scans"][6]["dpi"] is None and plan["scans"][6]["claimed_dpi"] == [72, 72]
    found = remark(plan, "resolution")
    assert found["kind"] == "rescan" and found["files"] == ["p-0007.jpg"]
    assert "72" in found["message"] and "Rescan" in found["message"]
    stated = bench.plan(0, "--dpi", str(DPI))
    assert "resolution" not in codes(stated, "rescan")
    assert {s["dpi_from"] for s in stated["scans"]} == {"--dpi"}
    assert stated["scans"][6]["looks_like"] == 7


def test_a_coarse_page_is_to_be_rescanned(bench: Bench) -> None:
    image = Image.open(bench.page(2))
    saved(bench.page(2), image.resize((image.width * 2 // 3, image.height * 2 // 3)), 100)
    plan = bench.plan()
    assert plan["scans"][1]["dpi"] == [100, 100]
    assert "300 dpi" in remark(plan, "low-resolution")["message"]


def test_a_wrong_resolution_of_every_page_is_not_believed(bench: Bench) -> None:
    for number in range(1, 11):
        saved(bench.page(number), Image.open(bench.page(number)), 300)
    plan = bench.plan(3)
    assert {s["kind"] for s in plan["scans"]} == {"unreadable"}
    found = remark(plan, "resolution")
    assert len(found["files"]) == 10 and "same holds for" in found["message"]


@pytest.mark.parametrize("damage", ["truncated", "empty", "no-image", "folder-link"])
def test_a_bad_file_is_a_row_and_the_rest_goes_on(bench: Bench, damage: str, tmp_path: Path) -> None:
    file = bench.page(5)
    data = file.read_bytes()
    file.unlink()
    if damage == "folder-link":
        (tmp_path / "elsewhere.jpg").write_bytes(data)
        file.symlink_to(tmp_path / "elsewhere.jpg")
    else:
        file.write_bytes({"truncated": data[: len(data) // 3], "empty": b"", "no-image": b"hello " * 50}[damage])
    plan = bench.plan()
    bad = plan["scans"][4]
    assert bad["error"] and bad["kind"] == "unreadable" and bad["position"] == 5
    assert [s["looks_like"] for s in plan["scans"]][5:8] == [6, 7, 8]
    assert remark(plan, "unreadable")["files"] == ["p-0005.jpg"]
    assert "cannot be used" in bench.text()


def test_a_copy_of_which_nothing_can_be_used_is_3_and_still_shown(bench: Bench) -> None:
    for number in range(1, 11):
        bench.page(number).write_bytes(b"")
    assert len(bench.plan(3)["scans"]) == 10


# --- containers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".tif", ".pdf"])
def test_pages_of_one_file_come_in_its_order(bench: Bench, suffix: str, tmp_path: Path) -> None:
    pages = [Image.open(bench.page(n)) for n in range(1, 11)]
    file = tmp_path / f"RMA-8{suffix}"
    resolution = {"dpi": (DPI, DPI)} if suffix == ".tif" else {"resolution": DPI}
    pages[0].save(file, save_all=True, append_images=pages[1:], **resolution)
    ran = bench.run("plan", file, "--reference", bench.shelf.titles / ISBN, "--json")
    plan = json.loads(ran.out)
    Draft202012Validator(SCHEMA).validate(plan)
    assert ran.code == 0
    assert [s["looks_like"] for s in plan["scans"]][:8] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [s["frame"] for s in plan["scans"]] == list(range(10))
    assert plan["order"]["from"] == f"pages of the {'TIFF' if suffix == '.tif' else 'PDF'}"
    assert "… page 10" in bench.run("plan", file, "--reference", bench.shelf.titles / ISBN).out


# --- facts ------------------------------------------------------------------------------------------------------------


def test_what_copy_toml_lacks_and_what_contradicts_itself(bench: Bench) -> None:
    (bench.folder / "copy.toml").write_text(
        f'isbn = "{ISBN}"\npages_expected = 12\n[claim]\nreason = "damaged"\nordered_isbn = "9780000000003"\n'
        'received_on = 2026-10-05\nclaimed_on = 2026-10-01\nprinted_on = 2026-10-06\n[scan]\nscanner = "nobody-knows"\n'
        "complete = true\n"
    )
    bench.page(2).unlink()
    plan = bench.plan()
    facts = " ".join(r["message"] for r in plan["remarks"] if r["code"] == "facts")
    assert "claimed_on = 2026-10-01 lies before claim.received_on" in facts
    assert "received_on = 2026-10-05 lies before claim.printed_on" in facts
    assert "'9780000000003'" in facts and "wrong item" in facts
    assert plan["not_scanned"] == [2]
    assert remark(plan, "not-complete")["reference_pages"] == [2]
    assert "12 pages" in remark(plan, "pages-expected")["message"]
    assert "nobody-knows" in remark(plan, "scanner")["message"]
    assert "last-page" not in codes(plan, "add")


def test_the_last_page_the_cover_and_pages_to_add(bench: Bench) -> None:
    for number in range(3, 11):
        bench.page(number).unlink()
    plan = bench.plan()
    assert {"last-page", "back-cover", "few-pages", "facts"} <= codes(plan, "add")
    assert "printing date cannot be read" in remark(plan, "last-page")["message"]
    shutil.copy(bench.page(1), bench.folder / "cover-back.jpg")
    assert "back-cover" not in codes(bench.plan(), "add")
    assert bench.plan()["scans"][-1]["role"] == "cover-back"


def test_an_imprint_that_was_scanned_is_not_asked_for(bench: Bench) -> None:
    assert "last-page" not in codes(bench.plan(), "add")
    bench.page(10).unlink()
    bench.page(9).unlink()
    assert "last-page" in codes(bench.plan(), "add")


def test_without_a_reference_it_says_so_and_names_kinds(bench: Bench) -> None:
    (bench.folder / "copy.toml").unlink()
    plan = bench.plan()
    assert plan["reference"]["kind"] == "none" and plan["reference"]["note"]
    assert remark(plan, "reference")["message"].startswith(plan["reference"]["note"])
    assert [s["kind"] for s in plan["scans"]][-2] == "blank"
    assert {s["looks_like"] for s in plan["scans"]} == {None}


# --- folders of copies ------------------------------------------------------------------------------------------------


def test_a_folder_of_copies_goes_on_past_a_bad_one(bench: Bench, shelf: Shelf) -> None:
    inbox = bench.folder.parent
    shutil.copytree(bench.folder, inbox / "RMA-8")
    (inbox / "RMA-8" / "copy.toml").write_text("nonsense = 1\n")
    (inbox / "RMA-9").mkdir()
    (inbox / "RMA-9" / "copy.toml").write_text(f'isbn = "{ISBN}"\n[claim]\nreason = "lost"\nnotified_on = 2026-10-02\n')
    ran = bench.run("plan", inbox, "--titles", shelf.titles, "--json")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 3
    assert [line["schema"] for line in lines] == ["qc.plan.copy_plan/1", "qc.error/1", "qc.plan.copy_plan/1"]
    assert lines[1]["copy"] == "RMA-8" and lines[1]["exit"] == 2 and "nonsense" in lines[1]["message"]
    assert lines[2]["scans"] == [] and [r["code"] for r in lines[2]["remarks"]] == ["facts"]
    text = bench.run("plan", inbox, "--titles", shelf.titles)
    assert text.out.rstrip().splitlines()[-1].startswith("2 of 3 copies")
    assert "Not usable   1 of 3 copies: RMA-8" in text.out
    assert "p-0001.jpg … p-0008.jpg" in text.out and "reference pages 1-8" in text.out
    assert "p-0002.jpg" in bench.run("plan", inbox, "--titles", shelf.titles, "-v").out


def test_two_copies_of_one_id_are_refused_as_a_night_would(bench: Bench) -> None:
    shutil.copytree(bench.folder, bench.folder.parent / "RMA-8")
    (bench.folder.parent / "RMA-8" / "copy.toml").write_text('copy = "RMA-7"\n')
    ran = bench.run("plan", bench.folder.parent)
    assert (ran.code, ran.out) == (2, "")
    assert "same id, RMA-7" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nowhere"], 2),
        (["."], 3),
        ([".", "--titles", "nowhere"], 2),
        ([".", "--reference", "nowhere"], 4),
        ([".", "--scanner", "nowhere"], 4),
        ([".", "--reference", "a", "--titles", "b"], 2),
    ],
)
def test_wrong_options_end_in_their_code(arguments: list[str], code: int, run_qc: Run) -> None:
    ran = run_qc("plan", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert len(ran.err.splitlines()) == 1


# --- what it must not do ----------------------------------------------------------------------------------------------


def everything_below(*roots: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.lstat().st_mtime_ns, p.lstat().st_size) for root in roots for p in (root, *root.rglob("*"))}


def test_nothing_is_written_anywhere(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    before = everything_below(tmp_path, bench.shelf.titles)
    bench.plan()
    bench.text()
    assert everything_below(tmp_path, bench.shelf.titles) == before


def test_it_measures_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a plan registers no page and reads none at full size")

    monkeypatch.setattr("qc.register.identify.register", refuse)
    monkeypatch.setattr("qc.page.page_edges", refuse)
    monkeypatch.setattr("qc.measure.context.imprint_page.open_page", refuse)
    monkeypatch.setattr("qc.reference.pdf.PdfReference.page", refuse)
    assert bench.plan()["scans"][0]["looks_like"] == 1


def test_hostile_and_long_names_are_harmless(bench: Bench) -> None:
    evil = "p-0001 [red]\x1b[31m\u202e\n.jpg"
    bench.page(1).rename(bench.folder / evil)
    bench.page(2).rename(bench.folder / f"p-0002 {'a-very-long-name-' * 12}.jpg")
    os.rename(bench.page(3), os.fsencode(bench.folder) + b"/p-0003 \xff.jpg")
    (bench.folder / "notes.txt").write_text("")
    ran = bench.run("plan", bench.folder, "--titles", bench.shelf.titles)
    assert ran.code == 0
    assert "\x1b" not in ran.out and "\u202e" not in ran.out and "[red]" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 140
    plan = bench.plan()
    assert [s["looks_like"] for s in plan["scans"]][:8] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert plan["passed_over"] == ["notes.txt"]


def test_the_samples_are_understood(run_qc: Run) -> None:
    ran = run_qc("plan", SAMPLES / "returns", "--titles", SAMPLES / "titles", "--json")
    plans = {p["copy"]["id"]: p for p in map(json.loads, ran.out.splitlines())}
    assert ran.code == 0 and len(plans) == 11
    named = {i: [s["looks_like"] for s in p["scans"] if s["role"] == "page"] for i, p in plans.items()}
    assert named["RMA-10481"] == [1, None, 3, 4, 5, 6, 9, None, None, 23, 24, None, None]
    assert named["RMA-10488"] == [3, 4, 5, 11, None, 13, 24, None, None]
    assert remark(plans["RMA-10484"], "blank-inside")["reference_pages"] == [8]
    assert remark(plans["RMA-10486"], "few-pages")["kind"] == "add"
    assert remark(plans["RMA-10488"], "not-recognized")["files"] == ["p-0005.jpg"]
    assert remark(plans["RMA-10489"], "backing")["kind"] == "check"
    assert plans["RMA-10490"]["scans"] == []
