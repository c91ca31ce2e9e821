"""Field cases of what was ordered: PDFs without a TrimBox, held against real copies of the trim that they mean."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, RectangleObject, StreamObject

from qc.flags import Flag
from qc.geometry import Edge
from qc.judge.policy import load_policy
from qc.measure.context.trim_guess import of_another_trim
from qc.model import FindingOutcome, Inspection, Observation, VerdictOutcome, Where
from qc.pipeline import inspect_copy
from qc.reference.find import find_reference
from qc.scan.copy_folder import open_copy
from qc.units import MM_PER_INCH

FIELD = Path(__file__).parent / "data" / "field"
PT = 72 / MM_PER_INCH
CUTS = (
    "trim-offset",
    "trim-offset-block",
    "trim-offset-page",
    "trim-size-block",
    "trim-skew",
    "print-position-jitter",
    "print-position-recto-verso",
)

pytestmark = pytest.mark.usefixtures("fresh_cache")


def inspected(name: str, reference: Path | None = None, copy: Path | None = None) -> Inspection:
    folder = FIELD / name
    opened = open_copy(copy or folder / "copy")
    return inspect_copy(
        opened, find_reference(opened, reference or folder / "reference.pdf", None)[0], load_policy("kdp")
    )


def stated(tmp_path: Path, name: str, text: str) -> Path:
    copy = tmp_path / name
    shutil.copytree(FIELD / name / "copy", copy)
    (copy / "copy.toml").write_text(f"[reference]\n{text}\n")
    return copy


def with_slug(path: Path, margin_mm: float, marks: bool = False) -> Path:
    """The plain PDF, its pages larger by a margin all round in which there may be crop marks."""
    writer = PdfWriter(clone_from=PdfReader(FIELD / "00-plain" / "reference.pdf"))
    for page in writer.pages:
        width, height, m = float(page.mediabox.width), float(page.mediabox.height), margin_mm * PT
        for box in ("/TrimBox", "/CropBox", "/BleedBox", "/ArtBox"):
            page.pop(box, None)
        page[NameObject("/MediaBox")] = RectangleObject((-m, -m, width + m, height + m))
        if marks:
            lines = [f"{x} {y} m {x} {y + d * 15} l S" for x in (0, width) for y, d in ((-8, -1), (height + 8, 1))]
            lines += [f"{x} {y} m {x + d * 15} {y} l S" for y in (0, height) for x, d in ((-8, -1), (width + 8, 1))]
            content = page.get_contents()
            assert content is not None
            drawn = StreamObject()
            drawn.set_data(("q 0 G 0.25 w " + " ".join(lines) + " Q\n").encode() + content.get_data())
            page[NameObject("/Contents")] = writer._add_object(drawn)
    writer.write(path)
    return path


def size_of(inspection: Inspection) -> float | None:
    return next(o.value for o in inspection.observations if o.measure == "trim-size-block" and o.where.axis == "height")


def assert_asked(inspection: Inspection) -> None:
    """Every cut is null, the trim is asked for, the pages were recognized, and nothing stands against the copy."""
    verdict = inspection.verdict
    assert verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    assert "trim = " in verdict.summary and "title.toml" in verdict.summary
    assert any(words.startswith("trim (") for words in verdict.not_checked)
    cuts = [o for o in inspection.observations if o.measure in CUTS]
    assert {o.measure for o in cuts} == set(CUTS)
    for cut in cuts:
        assert cut.value is None
        assert {Flag.TRIM_NOT_STATED, Flag.NOT_REGISTERED}.intersection(cut.flags)
        assert Flag.TRIM_NOT_STATED in cut.flags or cut.where.page is not None
    assert not [f for f in inspection.findings if f.outcome in (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED)]
    assert [p.reference_page for p in inspection.pages] == [1, 2, 3, 4]
    foreign = next(o for o in inspection.observations if o.measure == "pages-foreign")
    assert foreign.value == 0
    assert sum(p.to_scan is not None for p in inspection.pages) >= 3


@pytest.fixture(scope="module")
def plain() -> Inspection:
    return inspected("00-plain")


def test_plain_pages_are_their_trim(plain: Inspection) -> None:
    assert plain.verdict.outcome is VerdictOutcome.NO_DEFECT
    assert size_of(plain) == pytest.approx(0.6, abs=0.15)


def test_bleed_of_5_mm_that_prints_nothing_is_asked_for() -> None:
    asked = inspected("01-bleed-5mm-no-trimbox")
    assert_asked(asked)
    # The cuts suggest the trim to a person.
    sizes = {o.where.axis: o.detail["cut_size_mm"] for o in asked.observations if o.measure == "trim-size-block"}
    assert sizes["height"] == pytest.approx(203.2 + 0.6, abs=0.2)
    assert f"{sizes['height']:.1f} mm" in asked.verdict.summary


def test_once_stated_the_cuts_are_judged(tmp_path: Path, plain: Inspection) -> None:
    name = "01-bleed-5mm-no-trimbox"
    judged = inspected(name, copy=stated(tmp_path, name, 'trim = "5 x 8 in"'))
    assert judged.verdict.outcome is VerdictOutcome.NO_DEFECT
    assert size_of(judged) == pytest.approx(size_of(plain), abs=0.05)


def test_other_margins_are_asked_for(tmp_path: Path) -> None:
    assert_asked(inspected("00-plain", with_slug(tmp_path / "b.pdf", 15.0)))


def test_crop_marks_show_the_trim(tmp_path: Path, plain: Inspection) -> None:
    marked = inspected("00-plain", with_slug(tmp_path / "b.pdf", 12.0, marks=True))
    assert marked.verdict.outcome is VerdictOutcome.NO_DEFECT
    assert size_of(marked) == pytest.approx(size_of(plain), abs=0.05)


def test_pages_without_a_trim_box_have_that_of_the_others() -> None:
    found = inspected("04-trimbox-on-some-pages")
    assert found.verdict.outcome is VerdictOutcome.NO_DEFECT
    assert [p.reference_page for p in found.pages] == [1, 2, 3, 4, 5, 6]
    for page in (3, 6):
        edges = [o for o in found.observations if o.measure == "trim-offset" and o.where.page == page]
        assert {o.where.edge for o in edges if o.value is not None} >= {Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE}
        assert all(abs(o.value) < 1.5 for o in edges if o.value is not None and o.where.edge is not Edge.SPINE)


def test_tinted_pages_with_bleed_on_three_sides() -> None:
    found = inspected("31-tinted-pages")
    assert found.verdict.outcome is VerdictOutcome.NO_DEFECT
    assert not [o for o in found.observations if o.measure == "print-defect" and o.value]


def test_a_trim_that_equals_another_with_its_bleed_is_no_certain_defect(tmp_path: Path) -> None:
    """A book of 5.75 x 8.75 in whose PDF has bleed has pages of 6 x 9 in, which read as their own trim."""
    block = [
        Observation("trim-offset-block", 1, Where(edge=edge), value, "mm", 0.1)
        for edge, value in ((Edge.HEAD, -3.6), (Edge.TAIL, -2.5), (Edge.FORE_EDGE, -3.9), (Edge.SPINE, 0.0))
    ]
    assert of_another_trim(block)
    assert of_another_trim([replace(o, value=-(o.value or 0.0)) for o in block])
    # One edge cut too deep, or all by what no bleed is.
    assert not of_another_trim([replace(o, value=v) for o, v in zip(block, (-4.0, 0.2, 0.3, 0.0), strict=True)])
    assert not of_another_trim([replace(o, value=-8.0) for o in block])
