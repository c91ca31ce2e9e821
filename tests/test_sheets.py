"""Separator sheets: printed, scanned, and one long scan parted at them."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pytest
from conftest import ISBN, Drawn, Run
from PIL import Image

from qc.batch.fingerprint import fingerprint
from qc.batch.intake import look_in, look_in_all
from qc.batch.job import Job
from qc.batch.store import Store
from qc.errors import UsageError
from qc.features.text.separator import read_sheet, split_at_sheets
from qc.inputs import find_parts
from qc.judge.policy import load_policy
from qc.model import Role, ScanFile
from qc.normalize.empty_glass import with_glass
from qc.report.sheet_pdf import Sheet, sheets_pdf
from qc.scan.copy_folder import open_copy
from qc.scan.scan_reader import ScanReader

POLICY = load_policy()
LONGEST = "R" * 100


def printed(pdf: bytes, dpi: float) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(pdf)
    return [page.render(scale=dpi / 72).to_pil().convert("L") for page in document]


def side(copy: str, dpi: float = 100, paper: str = "a4") -> Image.Image:
    return printed(sheets_pdf([Sheet(copy)], paper), dpi)[0]


def page(n: int) -> Image.Image:
    """A page with something on it, another one for each number."""
    gray = np.full((700, 500), 235, np.uint8)
    cv2.putText(gray, f"page {n}", (40, 100 + 10 * n), cv2.FONT_HERSHEY_SIMPLEX, 2, 30, 5)
    return Image.fromarray(gray)


@pytest.fixture
def stack() -> list[Image.Image]:
    """A leftover page, then RMA-1 with two pages, its sheet scanned on both sides, and RMA-2 with one."""
    return [page(0), side("RMA-1"), side("RMA-1"), page(1), page(2), side("RMA-2").rotate(180), page(3), side("RMA-3")]


def long_scan(path: Path, images: list[Image.Image]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix:
        options = {"resolution": 100.0} if path.suffix == ".pdf" else {"dpi": (100, 100)}
        images[0].save(path, save_all=True, append_images=images[1:], **options)
    else:
        path.mkdir()
        for n, image in enumerate(images, 1):
            image.save(path / f"scan {n}.png", dpi=(100, 100))
    return path


# --- printing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("paper", "size"), [("a4", (210, 297)), ("letter", (216, 279))])
def test_a_sheet_has_two_sides_of_its_paper(paper: str, size: tuple[int, int]) -> None:
    document = pypdfium2.PdfDocument(sheets_pdf([Sheet("RMA-1"), Sheet("RMA-2")], paper))
    assert len(document) == 4
    assert tuple(round(v / 72 * 25.4) for v in document[0].get_size()) == size


def test_the_command_takes_ids_and_a_list(run_qc: Run, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"copy,isbn,title,reason\nRMA-1,{ISBN},Feld <&> Wald,\nRMA-2,,,lost\n")
    ran = run_qc("sheet", "RMA-7", "--csv", "list.csv", "--out", "to print/sheets.pdf")
    assert (ran.code, ran.err) == (0, "") and "2 sheets" in ran.out
    document = pypdfium2.PdfDocument(tmp_path / "to print" / "sheets.pdf")
    text = [page.get_textpage().get_text_range() for page in document]
    assert len(text) == 4 and "RMA-7" in text[0] and "RMA-1" in text[2]
    assert f"Feld <&> Wald · {ISBN}" in text[3] and "(back)" in text[3]


@pytest.mark.parametrize("arguments", [[], ["RMA 1"], ["../x"], ["--csv", "nowhere.csv"]])
def test_what_makes_no_sheet_is_2(arguments: list[str], run_qc: Run, tmp_path: Path) -> None:
    ran = run_qc("sheet", *arguments)
    assert (ran.code, ran.out) == (2, "") and not (tmp_path / "sheets.pdf").exists()


def test_where_nothing_can_be_written_it_is_5(run_qc: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert run_qc("sheet", "RMA-1", "--out", "file/sheets.pdf").code == 5


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copy", ["RMA-10482", LONGEST])
@pytest.mark.parametrize(("dpi", "angle"), [(75, 0), (100, 90), (150, 183), (300, 5)])
def test_a_sheet_is_read_however_it_lies(copy: str, dpi: int, angle: int, tmp_path: Path) -> None:
    gray = np.asarray(side(copy, dpi).rotate(angle, expand=True, fillcolor=40), np.float32)
    noise = np.random.default_rng(1).normal(0, 6, gray.shape)
    gray = 25 + 0.8 * cv2.GaussianBlur(gray, (0, 0), dpi / 200) + noise
    Image.fromarray(gray.clip(0, 255).astype(np.uint8)).save(tmp_path / "s.jpg", quality=70)
    assert read_sheet(ScanFile(tmp_path / "s.jpg", "s.jpg")) == copy


@pytest.mark.parametrize("paper", ["a4", "letter"])
@pytest.mark.parametrize("size_in", [(6, 9), (5, 8)])
def test_a_feeder_that_is_set_to_the_book_sees_enough_of_a_sheet(
    size_in: tuple[int, int], paper: str, tmp_path: Path
) -> None:
    dpi = 200
    whole = side("RMA-10482", dpi, paper)
    width, height = (v * dpi for v in size_in)
    for left in (0, (whole.width - width) // 2, whole.width - width):
        for turned in (False, True):
            seen = (whole.rotate(180) if turned else whole).crop((left, 0, left + width, height))
            seen.save(tmp_path / "s.png")
            assert read_sheet(ScanFile(tmp_path / "s.png", "s.png")) == "RMA-10482", (left, turned)


def test_other_pages_and_other_codes_are_no_sheets(tmp_path: Path) -> None:
    import zxingcpp

    for text in ("https://example.com", "qc-copy:", "qc-copy:../x", "x qc-copy:RMA-1"):
        code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
        Image.fromarray(np.array(zxingcpp.write_barcode_to_image(code, scale=8))).save(tmp_path / "s.png")
        assert read_sheet(ScanFile(tmp_path / "s.png", "s.png")) is None
    page(1).save(tmp_path / "p.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    assert read_sheet(ScanFile(tmp_path / "p.png", "p.png")) is None
    assert read_sheet(ScanFile(tmp_path / "broken.png", "broken.png")) is None


# --- parting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["long.tif", "long.pdf", "long"])
def test_a_long_scan_is_parted_and_pages_keep_file_and_frame(name: str, stack: list, tmp_path: Path) -> None:
    path = long_scan(tmp_path / "inbox" / name, stack)
    before = sorted(p.name for p in path.parent.rglob("*"))
    parts, said = find_parts(path)
    assert parts is not None
    places = {p.id: [(s.name, s.frame) for s in p.scans] for p in parts}
    if name == "long":
        assert places == {"RMA-1": [("scan 4.png", 0), ("scan 5.png", 0)], "RMA-2": [("scan 7.png", 0)]}
        first = "1 scan from scan 1.png"
    else:
        assert places == {"RMA-1": [(name, 3), (name, 4)], "RMA-2": [(name, 6)]}
        first = f"1 scan from {name}"
    assert said == {
        f"{name}, RMA-3": "no page follows its separator sheet",
        f"{name}, {first}": "before the first separator sheet nothing says whose they are",
    }
    opened = open_copy(path, part=parts[0])
    assert (opened.id, opened.path, opened.scans) == ("RMA-1", path, parts[0].scans)
    assert sorted(p.name for p in path.parent.rglob("*")) == before


def test_a_sheet_laid_in_again_goes_on_with_its_copy(tmp_path: Path) -> None:
    images = [side("RMA-1"), page(1), side("RMA-2"), page(2), side("RMA-1"), page(3)]
    split = split_at_sheets(open_copy(long_scan(tmp_path / "a.tif", images)).scans)
    assert split is not None
    assert {p.id: [s.frame for s in p.scans] for p in split.parts} == {"RMA-1": [1, 5], "RMA-2": [3]}


def test_scans_of_one_copy_are_looked_through_only_if_the_first_is_a_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real = read_sheet
    monkeypatch.setattr("qc.inputs.read_sheet", lambda scan: seen.append(scan.frame) or real(scan))
    monkeypatch.setattr("qc.inputs.split_at_sheets", lambda scans: pytest.fail("all were looked at"))
    (tmp_path / "returns.csv").write_text("copy\na\n")
    path = long_scan(tmp_path / "a.tif", [page(1), side("RMA-1"), page(2)])
    assert find_parts(path) == (None, {}) and seen == [0]
    folder = long_scan(tmp_path / "b", [page(1), page(2)])
    page(3).save(folder / "cover-back.png")
    assert find_parts(folder) == (None, {}) and seen == [0, 0]
    (folder / "cover-back.png").unlink()
    (folder / "copy.toml").write_text("")
    assert find_parts(folder) == (None, {}) and seen == [0, 0]


def test_a_scan_of_the_empty_glass_belongs_to_all_copies_of_a_stack(stack: list, tmp_path: Path) -> None:
    folder = long_scan(tmp_path / "stack", stack[1:7])
    Image.new("L", page(1).size, 20).save(folder / "glass.png", dpi=(100, 100))
    parts, said = find_parts(folder)
    assert parts is not None and not said
    for part in parts:
        *pages, glass = with_glass(open_copy(folder, part=part), ScanReader()).scans
        assert {s.role for s in pages} == {Role.PAGE} and (glass.name, glass.role) == ("glass.png", Role.GLASS)
        assert glass.found == f"the empty glass: serves {len(pages)} page{'s' if len(pages) > 1 else ''}"


def test_a_sheet_before_a_copy_with_a_row_is_no_page_of_it(tmp_path: Path) -> None:
    (tmp_path / "returns.csv").write_text("copy,title\nRMA-1,The Long Field\n")
    path = long_scan(tmp_path / "RMA-1", [side("RMA-1"), page(1), page(2)])
    parts, said = find_parts(path)
    assert parts is not None and not said
    found = open_copy(path, part=parts[0])
    assert [s.name for s in found.scans] == ["scan 2.png", "scan 3.png"] and found.title == "The Long Field"


def test_jobs_of_a_long_scan_have_keys_of_their_own_and_no_id_twice(stack: list, tmp_path: Path) -> None:
    path = long_scan(tmp_path / "long.tif", stack)
    job = Job(path, "long", tmp_path / "out", POLICY)
    first, second = look_in(job).jobs
    assert (first.id, second.id, first.folder) == ("RMA-1", "RMA-2", tmp_path / "out" / "RMA-1")
    with Store(tmp_path / "qc.db", create=True) as store:
        keys = {fingerprint(j, store) for j in (job, first, second)}
    assert len(keys) == 3
    again = Job(long_scan(tmp_path / "more.tif", stack), "more", tmp_path / "out", POLICY)
    with pytest.raises(UsageError, match="have the same id, RMA-1"):
        look_in_all([job, again], 1, lambda done, of: None)


def test_a_broken_long_scan_is_left_to_its_inspection(tmp_path: Path) -> None:
    (tmp_path / "long.tif").write_bytes(b"II*\0 broken")
    job = Job(tmp_path / "long.tif", "long", tmp_path / "out", POLICY)
    assert look_in(job).jobs == (job,)


# --- all the way ------------------------------------------------------------------------------------------------------


def test_a_long_scan_goes_all_the_way(drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    """Two copies in one folder of pages: alone they are the drawn copy, and so they are here."""
    inbox = tmp_path / "inbox"
    (inbox / "night").mkdir(parents=True)
    scans = [s.path for s in open_copy(drawn.copy).pages]
    for n, copy in enumerate(("RMA-1", "RMA-2")):
        side(copy, 150).save(inbox / "night" / f"{n}-00.png", dpi=(150, 150))
        for m, scan in enumerate(scans, 1):
            shutil.copy(scan, inbox / "night" / f"{n}-{m:02}{scan.suffix}")
    (inbox / "returns.csv").write_text(f"copy;isbn\nRMA-1;{ISBN}\nRMA-2;{ISBN}\nRMA-9;{ISBN}\n")
    alone = run_qc("inspect", drawn.copy, "--titles", drawn.titles)
    planned = run_qc("plan", inbox, "--titles", drawn.titles)
    assert planned.code == 0 and "2 of 2 copies can be inspected" in planned.out
    ran = run_qc("batch", inbox, "--titles", drawn.titles, "--store", "qc.db", "--jobs", "1")
    assert ran.code == 0 and "2 of 2 copies inspected" in ran.out
    assert "Passed over RMA-9: row 4" in ran.err and "RMA-1: row" not in ran.err
    verdicts = [line.split(",")[1] for line in (tmp_path / "qc-out" / "summary.csv").read_text().splitlines()[1:]]
    outcome = {0: "no-defect", 10: "defect", 11: "needs-review", 12: "insufficient-evidence"}[alone.code]
    assert verdicts == [outcome, outcome]
    again = run_qc("batch", inbox, "--titles", drawn.titles, "--store", "qc.db")
    assert "2 done before" in again.err
    first, second = ((tmp_path / "qc-out" / copy / "inspection.json").read_text() for copy in ("RMA-1", "RMA-2"))
    assert '"file": "0-01' in first and '"file": "1-04' in second and "1-0" not in first.split('"pages":')[-1]
    # What lies in the folder beside its scans is the other copy's.
    decided = run_qc("decide", "RMA-1", outcome, "--store", "qc.db", "--by", "A. Mueller")
    assert decided.code == 0, decided.err
