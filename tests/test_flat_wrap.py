"""The folds of a cover that lies flat, in one scan and in two that overlap: drawn creases at known places."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_closed import Closed, measure_folder, observe, reference_of
from numpy.typing import NDArray
from PIL import Image

from qc.flags import Flag
from qc.geometry import Edge
from qc.reference.cover_page import draw_cover as draw_wrap
from qc.reference.wrap import Panel
from qc.synthetic import Art, Wrap, write_wrap
from qc.units import px_per_mm

DPI = 150.0
SCALE = px_per_mm(DPI)
LID = 0.3
CREASES = {"narrow": (0.8, -1.1), "wide": (-1.3, -0.4)}
"""Offsets of the front and the back fold, > 0 into the designed spine."""


@pytest.fixture(scope="module")
def wrap(tmp_path_factory: pytest.TempPathFactory) -> Wrap:
    return write_wrap(tmp_path_factory.mktemp("title") / "cover.pdf", Art(title="HIT THE HILL"))


def printed(wrap: Wrap, offsets: tuple[float, float], depth: float) -> NDArray[np.float64]:
    """The cut cover on a lid, in encoded gray levels; `depth` is how much light the creases take or give."""
    ordered = reference_of(wrap).wrap
    light = (draw_wrap(wrap.path, DPI) / 255.0) ** 2.2 * 0.9 + 0.02
    x = (np.arange(light.shape[1]) + 0.5) / SCALE
    for panel, offset, sign in zip((Panel.FRONT, Panel.BACK), offsets, (1, -1), strict=True):
        fold = ordered.fold(panel) + ordered.toward_spine(panel) * offset
        light *= (1 + sign * depth * np.exp(-(((x - fold) / 0.25) ** 2)))[None, :, None]
    x0, y0, x1, y1 = (round(v * SCALE) for v in ordered.trim)
    page = np.full((y1 - y0 + 120, x1 - x0 + 120, 3), LID)
    page[60:-60, 60:-60] = light[y0:y1, x0:x1]
    turn = cv2.getRotationMatrix2D((page.shape[1] / 2, page.shape[0] / 2), 0.4, 1.0)
    page = cv2.warpAffine(page, turn, (page.shape[1], page.shape[0]), borderMode=cv2.BORDER_REPLICATE)
    noise = np.random.default_rng(3).normal(0, 1.5, page.shape)
    return np.asarray(255 * np.clip(cv2.GaussianBlur(page, (0, 0), 0.6), 0, 1) ** (1 / 2.2) + noise)


def scanned(folder: Path, wrap: Wrap, page: NDArray[np.float64], parts: int = 1) -> Closed:
    """The cover measured in one scan, or in two of which each shows a side and more."""
    folder.mkdir()
    width = page.shape[1]
    ends = [(0, width)] if parts == 1 else [(0, round(0.62 * width)), (round(0.38 * width), width)]
    for n, (a, b) in enumerate(ends, 1):
        picture = Image.fromarray(np.clip(page[:, a:b], 0, 255).astype(np.uint8))
        picture.save(folder / f"cover-wrap-{n}.jpg", quality=92, dpi=(DPI, DPI))
    sides = measure_folder(folder, reference_of(wrap))
    return Closed(None, sides, observe(sides))  # type: ignore[arg-type]


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("name", CREASES)
def test_both_folds_of_a_flat_wrap_are_found_as_creases(name: str, parts: int, wrap: Wrap, tmp_path: Path) -> None:
    front, back = CREASES[name]
    seen = scanned(tmp_path / "copy", wrap, printed(wrap, (front, back), 0.12), parts)
    for side, truth in (("front", front), ("back", back)):
        fold = seen.of("cover-fold-offset", side)
        assert fold.value is not None and fold.u is not None and fold.u < 0.3
        assert fold.flags == (Flag.FOLD_NOT_PROVEN,)
        assert abs(fold.value - truth) <= 2 * fold.u, (side, fold.value)
        head = seen.of("cover-trim-offset", side, Edge.HEAD)
        assert head.value is not None and abs(head.value) < 0.15
    assert seen.of("spine-centering").value == pytest.approx((front - back) / 2, abs=0.25)
    assert seen.of("spine-width").value == pytest.approx(-(front + back), abs=0.4)
    assert seen.of("cover-identity").value == 0


def test_a_wrap_that_was_never_folded_shows_no_folds(wrap: Wrap, tmp_path: Path) -> None:
    seen = scanned(tmp_path / "copy", wrap, printed(wrap, (0.0, 0.0), 0.0))
    for side in ("front", "back"):
        fold = seen.of("cover-fold-offset", side)
        assert fold.value is None and fold.flags == (Flag.EDGE_NOT_FOUND,)
    assert seen.of("spine-centering").value is None


def test_one_part_of_a_flat_wrap_tells_no_fold(wrap: Wrap, tmp_path: Path) -> None:
    """A crease alone is not told from a line of the art: both must lie as far apart as designed."""
    page = printed(wrap, CREASES["narrow"], 0.12)
    seen = scanned(tmp_path / "copy", wrap, page[:, round(0.55 * page.shape[1]) :])
    folds = [o for (measure, _, _), o in seen.observations.items() if measure == "cover-fold-offset"]
    assert folds and all(o.value is None for o in folds)
