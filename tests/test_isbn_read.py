"""The ISBN that is read off a cover before the title is looked up, where nothing states one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp
from conftest import ISBN

from qc.batch.intake import look_in, look_in_all
from qc.batch.job import Job
from qc.inputs import open_with, read_isbn
from qc.judge.policy import load_policy

OTHER = "9791234567896"
LEFT = "9780306406157"


def scan(path: Path, *isbns: str) -> None:
    """A scan of 300 dpi with barcodes on gray paper."""
    page = np.full((1200, 900), 200, np.uint8)
    for n, isbn in enumerate(isbns):
        code = zxingcpp.create_barcode(isbn, zxingcpp.BarcodeFormat.EAN13)
        bars = np.array(zxingcpp.write_barcode_to_image(code, scale=4, add_quiet_zones=True))
        page[100 + 400 * n :, 100:][: bars.shape[0], : bars.shape[1]] = bars
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), page)


@pytest.fixture
def titles(tmp_path: Path) -> Path:
    for isbn in (ISBN, LEFT):
        (tmp_path / "titles" / isbn).mkdir(parents=True)
    return tmp_path / "titles"


@pytest.mark.parametrize("name", ["cover-back.png", "cover-wrap.png"])
def test_it_is_read_off_the_back_cover_or_the_wrap(name: str, titles: Path, tmp_path: Path) -> None:
    scan(tmp_path / "RMA-1" / "p1.png", OTHER)
    scan(tmp_path / "RMA-1" / name, ISBN)
    assert read_isbn(tmp_path / "RMA-1", titles) == ISBN


def test_without_a_cover_by_name_the_last_scan_and_then_the_first_is_looked_at(titles: Path, tmp_path: Path) -> None:
    for name, isbns in (("p1", [OTHER]), ("p2", [LEFT]), ("p3", [ISBN])):
        scan(tmp_path / "RMA-1" / f"{name}.png", *isbns)
    assert read_isbn(tmp_path / "RMA-1", titles) == ISBN
    scan(tmp_path / "RMA-1" / "p3.png")
    assert read_isbn(tmp_path / "RMA-1", titles) == OTHER
    scan(tmp_path / "RMA-1" / "p1.png")
    assert read_isbn(tmp_path / "RMA-1", titles) is None


def test_of_several_numbers_the_one_whose_title_is_there_counts(titles: Path, tmp_path: Path) -> None:
    scan(tmp_path / "RMA-1" / "cover-back.png", OTHER, ISBN)
    assert read_isbn(tmp_path / "RMA-1", titles) == ISBN
    scan(tmp_path / "RMA-1" / "cover-back.png", LEFT, ISBN)
    assert read_isbn(tmp_path / "RMA-1", titles) is None, "either may be ordered"


@pytest.mark.parametrize(
    "stated", ['isbn = "1"', f'[claim]\nordered_isbn = "{OTHER}"', '[reference]\nfile = "x"', "isbn = "]
)
def test_it_never_replaces_what_is_stated(
    stated: str, titles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(tmp_path / "RMA-1" / "cover-back.png", ISBN)
    (tmp_path / "RMA-1" / "copy.toml").write_text(stated)
    monkeypatch.setattr("qc.inputs.cover_isbns", lambda *_: pytest.fail("a cover is decoded"))
    job = Job(tmp_path / "RMA-1", "RMA-1", tmp_path / "out", load_policy(), titles=titles)
    assert look_in(job).jobs == (job,)


def test_a_batch_reads_them_in_other_processes_and_the_title_is_found(titles: Path, tmp_path: Path) -> None:
    scan(tmp_path / "RMA-1" / "cover-back.png", ISBN)
    (tmp_path / "RMA-2").mkdir()
    (tmp_path / "RMA-2" / "cover-back.png").write_bytes(b"no image")
    jobs = [Job(tmp_path / n, n, tmp_path / "out", load_policy(), titles=titles) for n in ("RMA-1", "RMA-2")]
    told: list[tuple[int, int]] = []
    looked = look_in_all(jobs, 2, lambda done, of: told.append((done, of)))
    first, second = looked.jobs
    assert looked.isbns == {"RMA-1": ISBN}
    assert (first.isbn, second) == (ISBN, jobs[1])
    assert told[-1] == (2, 2)
    opened = open_with(first.path, titles=titles, isbn=first.isbn)
    assert f"The ordered file of the title {ISBN} cannot be used" in opened.note, "its folder is empty"


def test_an_isbn_that_is_not_under_titles_is_said_and_nothing_else_is_asked_for(run_qc, drawn, tmp_path: Path) -> None:
    copy = drawn.copied_to(tmp_path / "RMA-1")
    (copy / "copy.toml").unlink()
    ran = run_qc("inspect", copy, "--titles", drawn.titles, "--isbn", OTHER)
    assert ran.code == 12
    verdict = ran.out.splitlines()[-1]
    assert f"The title {OTHER} was not found under" in verdict and "--titles" not in verdict
    assert run_qc("inspect", copy, "--titles", drawn.titles, "--isbn", ISBN).code in (0, 11)
