"""Real scans: edges against marks set by eye. A wrong number without a flag is the one thing that must not be."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from qc.errors import ScanError
from qc.geometry import pixel_scaling
from qc.model import ScanFile
from qc.reference.page_outline import find_outline

ROOT = Path(__file__).parent.parent
_SPEC = importlib.util.spec_from_file_location("real_boxes", ROOT / "benchmarks" / "real_boxes.py")
assert _SPEC is not None and _SPEC.loader is not None
real_boxes = importlib.util.module_from_spec(_SPEC)
sys.modules["real_boxes"] = real_boxes
_SPEC.loader.exec_module(real_boxes)

WRONG_IF_UNSTATED = {
    ("lettres-25.jpg", "left", "sheet"): "the border of the film frame is taken for the page where it is bound",
    ("lettres-25.jpg", "top", "near"): "the border of the film frame, 3.6 mm beyond the page, is taken for its head",
}


def shrunk(mark: dict[str, Any]) -> dict[str, Any]:
    """The mark in pixels of the copy."""
    n = mark["copy"]["shrink"]
    to_copy = pixel_scaling(n, n).inverse()
    lines = {
        side: {**mark[side], "ends": to_copy(mark[side]["ends"]).tolist(), "u_px": mark[side]["u_px"] / n}
        for side in real_boxes.SIDES
        if isinstance(mark[side], dict)
    }
    return {**mark, **lines, "dpi": mark["dpi"] / n}


MARKS = {Path(mark["copy"]["path"]).name: shrunk(mark) for mark in real_boxes.read_marks() if "copy" in mark}


def scan_of(name: str) -> Path:
    return ROOT / str(MARKS[name]["copy"]["path"])


@cache
def results(name: str, stated: bool) -> dict[tuple[str, str], Any]:
    found, _ = real_boxes.examine(scan_of(name), MARKS[name], stated)
    return {(r.side, r.start): r for r in found}


def edges(known: dict[tuple[str, str, str], str]) -> list[Any]:
    cases = []
    for name, mark in MARKS.items():
        for side in real_boxes.SIDES:
            for start in ("sheet", "near") if isinstance(mark[side], dict) else ("sheet",):
                reason = known.get((name, side, start))
                marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
                cases.append(pytest.param(name, side, start, marks=marks))
    return cases


def check(name: str, side: str, start: str, stated: bool) -> None:
    result = results(name, stated)[side, start]
    if result.verdict == "refused":
        assert result.flag
    elif result.verdict != "unjudged":
        assert result.verdict == "good", f"{result.verdict}: {result.distance_mm} mm from the mark, u {result.u_mm}"
        assert 0 < result.u_mm < 0.25


@pytest.mark.parametrize(("name", "side", "start"), edges({}))
def test_an_edge_lies_at_its_mark_or_is_refused(name: str, side: str, start: str) -> None:
    check(name, side, start, stated=True)


@pytest.mark.parametrize(("name", "side", "start"), edges(WRONG_IF_UNSTATED))
def test_an_edge_lies_at_its_mark_or_is_refused_where_only_the_resolution_is_stated(
    name: str, side: str, start: str
) -> None:
    check(name, side, start, stated=False)


@pytest.mark.parametrize("stated", [True, False], ids=["stated", "unstated"])
def test_edges_are_not_all_refused(stated: bool) -> None:
    good = {(name, side) for name in MARKS for (side, _), r in results(name, stated).items() if r.verdict == "good"}
    assert len(good) >= 6, good


def test_the_head_on_black_is_measured_or_seen_to_lie_on_other_pages() -> None:
    for start in ("sheet", "near"):
        head = results("p-0007.tif", True)["top", start]
        if head.verdict == "refused":
            assert head.flag == "outside-not-backing"
        else:
            # The eye sets an edge where the encoded step begins, outside the half level in linear light.
            assert head.verdict == "good" and -0.2 < head.middle_mm < 0.05


@pytest.mark.parametrize("name", MARKS)
@pytest.mark.parametrize("stated", [True, False], ids=["stated", "unstated"])
def test_no_page_frame_comes_out_of_a_bound_page(name: str, stated: bool) -> None:
    with pytest.raises(ScanError, match=r"bound|backing|edge"):
        find_outline(ScanFile(scan_of(name), name), real_boxes.settings_of(MARKS[name], stated))


@pytest.mark.parametrize("name", MARKS)
def test_the_copies_are_what_the_marks_are_for(name: str) -> None:
    mark = MARKS[name]
    with Image.open(scan_of(name)) as image:
        assert image.info["dpi"] == pytest.approx((mark["dpi"], mark["dpi"]), abs=0.1)
        width, height = image.size
    for side in real_boxes.SIDES:
        if isinstance(mark[side], dict):
            ends = np.array(mark[side]["ends"])
            assert (ends >= 0).all() and (ends < (width, height)).all()
            along, length = (1, height) if side in ("left", "right") else (0, width)
            assert abs(ends[1, along] - ends[0, along]) > 0.6 * length


def test_every_scan_says_for_each_edge_where_it_is_or_why_not() -> None:
    reasons = ("bound", "cropped", "ambiguous", "invisible", "not straight")
    for mark in real_boxes.read_marks():
        assert len(mark["sha256"]) == 64 and mark["dpi"] > 0 and mark["note"]
        for side in real_boxes.SIDES:
            assert isinstance(mark[side], dict) or mark[side].startswith(reasons)
    assert sum(path.stat().st_size for path in (ROOT / "tests/data/real").iterdir()) < 3_000_000
