"""`qc check-cover`: what it says of a wrap before it is ordered, and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import Run
from drawn_cover import DrawnCover
from jsonschema import Draft202012Validator
from PIL import Image
from reportlab.lib.units import inch
from reportlab.pdfgen.canvas import Canvas

from qc.report.cover_shapes import CoverCheck
from qc.report.schema import schema
from qc.units import MM_PER_INCH

CREAM_300 = 300 * 0.0025 * MM_PER_INCH
GRAY, RED = (0.9, 0.9, 0.85), (0.8, 0.1, 0.1)


@pytest.fixture
def lettered(tmp_path: Path) -> Path:
    """A cream book of 300 pages whose spine has lettering 2.0 mm from the front and its color from the back."""
    cover = DrawnCover(spine=CREAM_300, letters="HHHH", letters_from_right=2.0, bleed=3.0, colors=(RED, GRAY, GRAY))
    return cover.write(tmp_path / "cover.pdf")


def room(text: str, panel: str) -> float:
    found = re.search(rf"([\d.]+) mm to the fold at the {panel}", text)
    assert found, text
    return float(found[1])


def test_text_and_picture(lettered: Path, tmp_path: Path, run_qc: Run) -> None:
    ran = run_qc("check-cover", lettered, "--trim", "6 x 9 in", "--pages", "300", "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    small, large = ran.out.split("A shift of ")[1:]
    assert (
        "19.05 mm (0.75 in), by the trim of 6 x 9 in" in ran.out and "300 agree with this spine on KDP cream" in ran.out
    )
    assert "KDP: −1.9 mm white" in ran.out and room(ran.out, "front") == pytest.approx(2.0, abs=0.08)
    assert "changes at the fold to the back" in ran.out and "fold to the front may show" not in ran.out
    assert "IngramSpark" in small and "stay on the spine, 0.4 mm or more" in small and "unprinted" not in small
    assert "KDP" in large and "comes up to 1.2 mm onto the front." in large
    assert "of 3.2 mm on the spine or of 3.2 mm on the back" in large and "up to 0.2 mm may stay unprinted" in large
    with Image.open(tmp_path / "out" / "cover-check.png") as picture:
        assert picture.width == 1440 and picture.height > 1000


def test_json_is_as_its_schema_says(lettered: Path, tmp_path: Path, run_qc: Run) -> None:
    validator = Draft202012Validator(schema(CoverCheck))
    ran = run_qc("check-cover", lettered, "--trim", "6 x 9 in", "--paper", "cream", "--json", "--out", tmp_path)
    record = json.loads(ran.out)
    validator.validate(record)
    assert record["form"] == "paperback" and record["wrap"]["spine_mm"] == pytest.approx(19.05, abs=0.01)
    assert record["papers"][0]["pages"] == 300 and record["papers"][0]["agrees"] is None
    assert {p["name"] for p in record["papers"] if p["cited"]["printer"] == "KDP"} == {"cream", "groundwood"}
    assert record["spine_art"]["front"]["art_mm"] == pytest.approx(2.0, abs=0.08)
    unknown = json.loads(run_qc("check-cover", lettered, "--json", "--out", tmp_path).out)
    validator.validate(unknown)
    assert unknown["form"] == "unknown" and "wrap" not in unknown and unknown["picture"] is None


def test_what_is_not_stated_is_taken_from_the_title_beside_it(lettered: Path, tmp_path: Path, run_qc: Run) -> None:
    (tmp_path / "title.toml").write_text('trim = "6 x 9 in"\npages = 300\npaper = "cream"\ndirection = "rtl"\n')
    ran = run_qc("check-cover", lettered, "--out", tmp_path / "out")
    assert "300 agree with this spine on KDP cream" in ran.out and "front, spine, back from left" in ran.out
    assert room(ran.out, "back") == pytest.approx(2.0, abs=0.08)


def test_a_spine_without_anything(tmp_path: Path, run_qc: Run) -> None:
    path = DrawnCover(spine=4.0).write(tmp_path / "plain.pdf")
    ran = run_qc("check-cover", path, "--trim", "6 x 9 in", "--out", tmp_path)
    assert "no lettering or art found" in ran.out and "that could run over a fold" in ran.out
    picture = DrawnCover(spine=12.0, stripes=True).write(tmp_path / "picture.pdf")
    assert "look at the drawing" in run_qc("check-cover", picture, "--trim", "6 x 9 in", "--out", tmp_path).out


def test_what_cannot_be_told_is_said_and_ends_in_0(lettered: Path, tmp_path: Path, run_qc: Run) -> None:
    ran = run_qc("check-cover", lettered, "--trim", "6 x 8.5 in", "--out", tmp_path / "out")
    assert ran.code == 0 and "correct one" in ran.out and not (tmp_path / "out").exists()


def test_a_cover_that_cannot_be_read_is_4(tmp_path: Path, run_qc: Run) -> None:
    (tmp_path / "cover.pdf").write_bytes(b"%PDF-1.7 nothing")
    for name in ("cover.pdf", "missing.pdf"):
        assert run_qc("check-cover", tmp_path / name, "--trim", "6 x 9 in").code == 4
    assert run_qc("check-cover", tmp_path / "cover.pdf", "--trim", "6 by 9").code == 2


def test_trim_and_pages_are_those_of_the_interior_beside_it(lettered: Path, tmp_path: Path, run_qc: Run) -> None:
    pdf = Canvas(str(tmp_path / "interior.pdf"), pagesize=(6 * inch, 9 * inch))
    for number in range(300):
        pdf.drawString(100, 100, str(number))
        pdf.showPage()
    pdf.save()
    assert "300 agree with this spine on KDP cream" in run_qc("check-cover", lettered, "--out", tmp_path / "out").out
    (tmp_path / "interior.pdf").write_bytes(b"%PDF-1.7 nothing")
    assert "state the trim or the pages" in run_qc("check-cover", lettered, "--out", tmp_path / "out").out
