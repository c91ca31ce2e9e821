"""The drawn covers lie where their truth says: art, cuts and folds, seen in the scans themselves."""

import json

import cv2
import numpy as np
import pytest
from cover_model import draw, read_wrap
from cover_model.fold import make_fold
from PIL import Image
from press_model.geometry import apply
from reportlab.pdfgen import canvas

MM = 72 / 25.4
WIDTH, HEIGHT, SPINE, BLEED = 127.0, 203.2, 12.0, 3.175
MARKS = {"back": (63.0, 100.0), "front": (WIDTH + SPINE + 63.0, 100.0)}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Scans of a pale wrap with a dark disc on either side, and their truth."""
    folder = tmp_path_factory.mktemp("covers")
    size = ((2 * WIDTH + SPINE + 2 * BLEED) * MM, (HEIGHT + 2 * BLEED) * MM)
    page = canvas.Canvas(str(folder / "cover.pdf"), pagesize=size)
    page.setTrimBox((BLEED * MM, BLEED * MM, size[0] - BLEED * MM, size[1] - BLEED * MM))
    page.setFillColorRGB(0.8, 0.9, 0.8)
    page.rect(0, 0, *size, stroke=0, fill=1)
    page.setFillColorRGB(0.1, 0.1, 0.3)
    for x, y in MARKS.values():
        page.circle((BLEED + x) * MM, size[1] - (BLEED + y) * MM, 5 * MM, stroke=0, fill=1)
    page.save()
    titles = [("9780000100009", read_wrap(folder / "cover.pdf"))]
    draw(folder / "copy", folder / "truth.json", 5, titles, "dark-on-black")
    scans = {s: np.asarray(Image.open(folder / "copy" / f"cover-{s}.jpg").convert("L")) for s in ("front", "back")}
    return json.loads((folder / "truth.json").read_text()), scans


def _edges(truth: dict, side: str) -> dict[str, tuple[tuple[float, float], tuple[float, float]]]:
    """Per edge the middle of the edge as the truth has it, in mm of the design, and the direction outward."""
    seen, left = truth["sides"][side], 0.0 if side == "back" else WIDTH + SPINE
    out = 1 if side == "front" else -1
    fore = 2 * WIDTH + SPINE + seen["trim_mm"]["fore-edge"] if side == "front" else -seen["trim_mm"]["fore-edge"]
    fold = WIDTH + SPINE - seen["fold_mm"] if side == "front" else WIDTH + seen["fold_mm"]
    return {
        "head": ((left + WIDTH / 2, -seen["trim_mm"]["head"]), (0, -1)),
        "tail": ((left + WIDTH / 2, HEIGHT + seen["trim_mm"]["tail"]), (0, 1)),
        "fore-edge": ((fore, HEIGHT / 2), (out, 0)),
        "fold": ((fold, HEIGHT / 2), (-out, 0)),
    }


def test_wrap_is_read_from_its_trim_box(copy):
    truth, _ = copy
    assert truth["art_difference"] == 0
    f, b = (truth["sides"][s]["fold_mm"] for s in ("front", "back"))
    assert truth["spine_centering_mm"] == pytest.approx((f - b) / 2)
    assert truth["spine_width_mm"] == pytest.approx(-(f + b))


@pytest.mark.parametrize("side", ["front", "back"])
def test_art_lies_where_the_truth_says(copy, side):
    truth, scans = copy
    x, y = apply(np.array(truth["sides"][side]["to_frame"]), np.array([MARKS[side]]))[0]
    part = scans[side][int(y) - 80 : int(y) + 80, int(x) - 80 : int(x) + 80].astype(float)
    dark = np.clip(np.quantile(part, 0.9) - 25 - part, 0, None)
    rows, cols = np.indices(part.shape) + 0.5
    seen = np.array([(dark * cols).sum(), (dark * rows).sum()]) / dark.sum() + (int(x) - 80, int(y) - 80)
    assert np.abs(seen - (x, y)).max() < 0.06 * truth["dpi"] / 25.4


@pytest.mark.parametrize("side", ["front", "back"])
def test_edges_lie_where_the_truth_says(copy, side):
    """The light falls to half at a cut; over a bend it falls earlier, by less than the radius."""
    truth, scans = copy
    seen = truth["sides"][side]
    steps = np.arange(-4, 1.5, 0.02)
    for edge, (middle, outward) in _edges(truth, side).items():
        if (edge == "fore-edge" and seen["block_mm"]) or (edge == "fold" and seen["wall_mm"]):
            continue
        along = np.array(outward[::-1])
        points = np.array(middle) + steps[:, None, None] * np.array(outward) + np.arange(-4, 4, 0.2)[:, None] * along
        places = (apply(np.array(seen["to_frame"]), points.reshape(-1, 2)) - 0.5).astype(np.float32)
        light = cv2.remap(scans[side], places.reshape(*points.shape), None, cv2.INTER_LINEAR).mean(axis=1)
        half = (light[:20].mean() + light[-20:].mean()) / 2
        last = steps[np.flatnonzero(light > half)[-1]]
        room = seen["radius_mm"] if edge == "fold" else 0.0
        assert -0.12 - room < last < 0.12, (edge, last)


def test_bend_and_wall():
    """The edge seen lies r from where the bend begins, and shows a quarter turn of the cover; the wall follows."""
    fold = make_fold(np.random.default_rng(0), 1.0, 20.0, 60.0, gloss=True, bench=False, lens=True)
    d, place, _, _ = fold.tables()
    assert fold.wall == pytest.approx(60 / 350 * 19)
    assert np.interp([2.0, 5.0], d, place) == pytest.approx([2.0, 5.0], abs=0.02)
    assert np.interp(-fold.slope * 11, d, place) == pytest.approx(1 - np.pi / 2 - 10, abs=0.02)
    flat = make_fold(np.random.default_rng(0), 1.0, 20.0, 0.0, gloss=True, bench=False, lens=False)
    d, place, _, _ = flat.tables()
    assert flat.wall == 0
    assert np.interp(0.0, d, place) == pytest.approx(1 - np.pi / 2, abs=0.03)
