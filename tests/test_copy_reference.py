"""An approved copy as the reference: where its pages were cut, what stands beyond the cut, what it does not offer."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qc.errors import ReferenceFault
from qc.geometry import MARGIN_MM, Affine, Edge
from qc.judge.policy import load_policy
from qc.model import ScanSettings
from qc.normalize.page_image import LINEAR_LUT
from qc.pipeline import inspect_copy
from qc.reference import page_outline
from qc.reference.approved_copy import CopyReference
from qc.reference.find import open_reference
from qc.reference.page_outline import find_outline
from qc.scan.copy_folder import open_copy
from qc.synthetic import Block, CopyTruth, Cut, Kind, Scanner, Title, draw_copy, write_title
from qc.units import px_per_mm

pytestmark = pytest.mark.usefixtures("fresh_cache")

TRIM = (100.0, 140.0)
KINDS = [Kind.TEXT, Kind.BLEED_BRIGHT, Kind.PICTURE, Kind.TABLE, Kind.BLANK, Kind.TEXT]


@pytest.fixture(scope="module")
def title(tmp_path_factory: pytest.TempPathFactory) -> Title:
    return write_title(tmp_path_factory.mktemp("title") / "t.pdf", KINDS, trim_mm=TRIM, bleed=True, seed=3)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory, title: Title) -> CopyTruth:
    scanner = Scanner(dpi=200.0, falloff=0.05, backing=(0.02, 0.02, 0.02))
    block = Block(cut=Cut(head_mm=0.4, fore_edge_mm=-0.6, taper_mm=(0.3, -0.2, 0.2, 0.4)))
    return draw_copy(tmp_path_factory.mktemp("copies") / "approved", title, block=block, scanner=scanner, seed=11)


@pytest.fixture(scope="module")
def approved(drawn: CopyTruth) -> CopyReference:
    reference = open_reference(drawn.folder)
    assert isinstance(reference, CopyReference)
    return reference


def test_a_folder_of_scans_is_a_reference(approved: CopyReference) -> None:
    assert (approved.id.kind, approved.id.id, approved.pages) == ("copy", "approved", len(KINDS))
    assert len(approved.id.sha256 or "") == 64
    assert approved.unavailable == {} and approved.usable == (1, 2, 3, 4, 5, 6)
    assert 0.010 < approved.u_trim_mm < 0.03


def test_pages_measure_what_was_cut(approved: CopyReference, drawn: CopyTruth) -> None:
    for number, page in enumerate(drawn.pages, 1):
        outline, cut = approved.outline(number), page.truth.offsets_mm
        assert outline is not None
        assert abs(outline.size.width_mm - (TRIM[0] + cut["spine"] + cut["fore-edge"])) < 0.06
        assert abs(outline.size.height_mm - (TRIM[1] + cut["head"] + cut["tail"])) < 0.06


def test_beyond_the_cut_stands_what_the_page_shows_there(approved: CopyReference) -> None:
    text, picture = approved.page(1), approved.page(2)
    rim = round((MARGIN_MM - 0.2) * px_per_mm(150.0))
    assert text.rgb[:rim].min() > 235 and text.rgb[:, -rim:].min() > 235
    assert np.median(text.rgb[20:-20, 20:-20]) >= 253
    assert text.rgb.min() < 90
    light = LINEAR_LUT[picture.rgb].mean(axis=2)
    beyond, inside = light[:rim, 100:-100].mean(axis=0), light[2 * rim : 3 * rim, 100:-100].mean(axis=0)
    assert inside.mean() < 0.9, "printed to the cut"
    assert abs(beyond - inside).max() < 0.15
    assert not text.rgb.flags.writeable


def test_paper_is_white_although_the_lamp_falls_off(approved: CopyReference) -> None:
    """Between the lines of text, from the left to the right end of the lamp."""
    light = LINEAR_LUT[approved.page(1).rgb]
    ends = [np.quantile(part, 0.8) for part in (light[:, 30:130], light[:, -130:-30])]
    assert min(ends) > 0.985


def test_thumbnails_have_the_size_of_the_trim(approved: CopyReference) -> None:
    stack = approved.thumbnails()
    assert stack.shape[0] == len(KINDS)
    assert abs(stack.shape[2] - approved.trim.width_mm * px_per_mm(18.75)) <= 0.5
    assert stack[4].min() == 255, "a blank page is paper only"
    assert stack[0].min() < 200


def test_crop_shows_the_cut_where_the_page_frame_has_it(approved: CopyReference) -> None:
    size = approved.page(1).trim
    crop = approved.crop(1, (-2.0, size.height_mm / 2 - 10, 2.0, size.height_mm / 2 + 10), 600.0)
    assert crop.shape == (473, 95, 3)
    profile = LINEAR_LUT[crop[..., 1]].mean(axis=0)
    level = (profile[:20].mean() + profile[-20:].mean()) / 2
    at = int(np.argmax(profile > level))
    across = at - 1 + (level - profile[at - 1]) / (profile[at] - profile[at - 1])
    # The left cut is a taper of 0.2 mm, whose middle is its mean.
    assert abs((across + 0.5) / px_per_mm(600.0) - 2.0) < 0.06


def test_another_copy_is_measured_against_it(
    approved: CopyReference, drawn: CopyTruth, title: Title, tmp_path: Path
) -> None:
    block = Block(cut=Cut(head_mm=-0.9, tail_mm=1.1, fore_edge_mm=0.5))
    other = draw_copy(tmp_path / "other", title, block=block, scanner=Scanner(dpi=200.0), seed=12)
    inspection = inspect_copy(open_copy(other.folder), approved, load_policy())
    assert inspection.reference.kind == "copy"
    blocks = {o.where.edge: o for o in inspection.observations if o.measure == "trim-offset-block"}
    pages = [n for n, kind in enumerate(KINDS) if kind is not Kind.BLANK]
    for edge in (Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE):
        o = blocks[edge]
        truth = [other.pages[n].truth.offsets_mm[edge] - drawn.pages[n].truth.offsets_mm[edge] for n in pages]
        assert o.value is not None and o.u is not None
        assert abs(o.value - np.mean(truth)) <= 2 * o.u, edge


def test_what_cannot_be_cut_out_is_not_offered(drawn: CopyTruth, tmp_path: Path) -> None:
    folder = tmp_path / "partial"
    shutil.copytree(drawn.folder, folder)
    (folder / "p-0003.jpg").write_bytes(b"no picture")
    (folder / "copy.toml").write_text("[scan]\nfirst_page = 3\n")
    reference = CopyReference(open_copy(folder))
    assert reference.pages == len(KINDS) + 2
    assert list(reference.unavailable) == [1, 2, 5]
    assert "p-0003.jpg" in reference.unavailable[5] and "p-0003.jpg" in reference.id.note
    assert reference.page(5).rgb.min() == 255 and reference.thumbnails()[4].min() == 255
    assert reference.position(3) == 1
    with pytest.raises(IndexError):
        reference.page(9)


def test_white_backing_and_bound_copies_are_refused(title: Title, tmp_path: Path, drawn: CopyTruth) -> None:
    scanner = Scanner(dpi=200.0, backing=(0.9, 0.9, 0.9))
    white = draw_copy(tmp_path / "white", title, scanner=scanner, pages=[1], seed=4)
    with pytest.raises(ReferenceFault, match="scanner lid is as white as the paper"):
        CopyReference(open_copy(white.folder))
    copy = open_copy(drawn.folder)
    with pytest.raises(ReferenceFault, match="bound"):
        CopyReference(replace(copy, scan=replace(copy.scan, bound=True)))


def test_a_stated_trim_is_checked(drawn: CopyTruth) -> None:
    with pytest.raises(ReferenceFault, match=r"152\.4 x 228\.6 mm is stated"):
        open_reference(drawn.folder, trim="6 x 9 in")
    reference = open_reference(drawn.folder, trim="100 x 140 mm")
    assert (reference.trim.width_mm, reference.trim.height_mm) == TRIM


def test_cuts_are_looked_for_once(drawn: CopyTruth, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_reference(drawn.folder)

    def fail(*_: object) -> None:
        raise AssertionError("looked again")

    monkeypatch.setattr(page_outline, "find_outline", fail)
    again = open_reference(drawn.folder)
    assert np.array_equal(first.thumbnails(), again.thumbnails()) and first.trim == again.trim


def test_skew_moves_no_cut(title: Title, tmp_path: Path) -> None:
    """The same leaf straight and turned by 2 degrees: the frame has the same size and the print the same place."""
    sizes = []
    for skew in (0.0, 2.0):
        scanner = Scanner(dpi=200.0, skew_deg=skew)
        copy = draw_copy(tmp_path / str(skew), title, scanner=scanner, pages=[1], skew_sd_deg=0.0, seed=5)
        outline = find_outline(open_copy(copy.folder).pages[0], ScanSettings())
        sizes.append((outline.size.width_mm, outline.size.height_mm))
        assert isinstance(outline.to_scan, Affine) and abs(outline.to_scan.skew_deg - skew) < 0.05
    assert np.allclose(sizes[0], sizes[1], atol=0.04)
