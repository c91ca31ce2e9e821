"""Edges of a closed cover on drawn strips: cut on any lid, fold that is rounded, wall of the spine, block that stands out."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from qc.colorimetry import LINEAR_LUT
from qc.edges.cover_edge import find_cover_edge
from qc.edges.dark_backing import EdgeLine
from qc.edges.page_stack import Expected
from qc.flags import Flag
from qc.geometry import Affine
from qc.units import px_per_mm

DPI = 300.0
WIDTH, HEIGHT = 360, 900
GUESS_PX = 180.0
SCALE = px_per_mm(DPI)
FINE = 4
BLUE, DEEP_RED, BLACK, CREAM = (0.07, 0.30, 0.65), (0.08, 0.01, 0.012), (0.001, 0.001, 0.001), (0.95, 0.9, 0.68)
LIDS = {"black": 0.006, "gray": 0.16, "white": 0.75}
SLOPE = 0.004
PAPER, BLEED_MM, SPINE_MM = 0.85, 3.2, 18.0


def art_of(color: tuple[float, float, float], textured: bool = False) -> np.ndarray:
    """Linear light of the ordered cover, going on over the fold and the bleed, shape (height, fine width, 3)."""
    art = np.broadcast_to(np.array(color), (HEIGHT, WIDTH * FINE, 3)).copy()
    if textured:
        rng = np.random.default_rng(7)
        spots = cv2.resize(rng.uniform(0.4, 1.6, (30, 12)), (WIDTH * FINE, HEIGHT), interpolation=cv2.INTER_CUBIC)
        art *= np.clip(spots, 0.2, 1.5)[..., None]
    return art


def find(
    art: np.ndarray,
    lid: float,
    edge_mm: float,
    *,
    spine_mm: float | None = None,
    radius_mm: float = 0.0,
    wall_mm: float = 0.0,
    wall_light: float = 0.15,
    block_mm: float = 0.0,
    block_light: float = 0.55,
    shadow: float = 0.6,
    bleed_mm: float | None = None,
    deeper_mm: float = 0.0,
) -> tuple[EdgeLine, float]:
    """Draw a scan of the strip and measure it: the edge found and its error in mm."""
    x = (np.arange(WIDTH * FINE) + 0.5) / FINE - 0.5
    rows = np.arange(HEIGHT)[:, None]
    outside = (x[None] - GUESS_PX - SLOPE * (rows - HEIGHT / 2)) / SCALE - edge_mm
    light = art.copy()
    if bleed_mm is not None:
        light[:, round((GUESS_PX + 0.5 + bleed_mm * SCALE) * FINE) :] = PAPER
    if radius_mm:
        # Light on a cylinder by the cosine of its normal, down to that of the wall.
        sine = np.clip(1 + outside / radius_mm, 0, 1)
        light *= (wall_light + (1 - wall_light) * np.sqrt(1 - sine**2))[..., None]
    beyond = np.repeat((lid * (1 - shadow * np.exp(-np.maximum(outside, 0) / 4)))[..., None], 3, axis=2)
    if block_mm:
        beyond = np.where(
            (outside < block_mm)[..., None], block_light * np.exp(-np.maximum(outside, 0) / 4)[..., None], beyond
        )
    if wall_mm:
        beyond = np.where((outside < wall_mm)[..., None], wall_light * art, beyond)
    light = np.where((outside > 0)[..., None], beyond, light)
    light = cv2.GaussianBlur(light, (0, 0), sigmaX=0.8 * FINE, sigmaY=0.8)
    light = light.reshape(HEIGHT, WIDTH, FINE, 3).mean(axis=2)
    light += np.random.default_rng(1).normal(0, 0.003, light.shape)
    encoded = np.interp(light, LINEAR_LUT, np.arange(256)).round().astype(np.uint8)
    _, file = cv2.imencode(".jpg", encoded[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    channels = cv2.imdecode(file, cv2.IMREAD_COLOR)[..., ::-1]
    ordered = (art.reshape(HEIGHT, WIDTH, FINE, 3).mean(axis=2) @ [0.2126, 0.7152, 0.0722]).astype(np.float32)
    if deeper_mm:
        ordered[:, round(GUESS_PX - deeper_mm * SCALE) :] *= 0.7
    if bleed_mm is not None:
        ordered = ordered[:, : round(GUESS_PX + 0.5 + bleed_mm * SCALE)]
    luminance = (cv2.LUT(channels, LINEAR_LUT) @ [0.2126, 0.7152, 0.0722]).astype(np.float32)
    ends = np.array([[GUESS_PX, 0.0], [GUESS_PX, HEIGHT - 1.0]])
    expected = Expected(lambda: ordered, Affine(np.eye(2, 3)))
    line = find_cover_edge(channels, luminance, ends, DPI, expected, spine_mm=spine_mm)
    at = np.nan if line.ends is None else (line.ends[:, 0].mean() - GUESS_PX) / SCALE
    return line, float(at - edge_mm)


@pytest.mark.parametrize("lid", LIDS)
@pytest.mark.parametrize("textured", [False, True])
def test_a_cut_is_found_on_any_lid(lid: str, textured: bool) -> None:
    line, error = find(art_of(BLUE, textured), LIDS[lid], 1.3)
    assert abs(error) < 0.05
    assert line.ends is not None
    assert line.u_px / SCALE < 0.05
    assert line.ends[1, 0] - line.ends[0, 0] == pytest.approx(SLOPE * HEIGHT, abs=0.6)


@pytest.mark.parametrize("block_mm", [0.6, 1.5, 3.0])
@pytest.mark.parametrize("color", [BLUE, CREAM])
def test_a_block_that_stands_out_is_not_the_cover(color: tuple[float, float, float], block_mm: float) -> None:
    _, error = find(art_of(color), LIDS["black"], -0.8, block_mm=block_mm)
    assert abs(error) < 0.1


@pytest.mark.parametrize("lid", LIDS)
@pytest.mark.parametrize("edge_mm", [4.6, 6.0])
def test_where_the_bleed_ends_is_no_cut(lid: str, edge_mm: float) -> None:
    _, error = find(art_of(BLUE), LIDS[lid], edge_mm, bleed_mm=BLEED_MM)
    assert abs(error) < 0.1


@pytest.mark.parametrize("lid", LIDS)
@pytest.mark.parametrize("edge_mm", [2.8, 3.1])
def test_a_cut_beside_a_block_is_not_taken_for_the_end_of_the_bleed(lid: str, edge_mm: float) -> None:
    line, error = find(art_of(BLUE), LIDS[lid], edge_mm, block_mm=1.8, bleed_mm=BLEED_MM)
    assert abs(error) < 0.1
    assert abs(error) < 2 * np.hypot(line.u_px / SCALE, line.u_shape_mm)


def test_a_block_as_light_as_paper_leaves_doubt_beyond_the_end_of_the_bleed() -> None:
    line, error = find(art_of(BLUE), LIDS["black"], BLEED_MM - 0.05, block_mm=1.8, block_light=0.9, bleed_mm=BLEED_MM)
    assert line.u_shape_mm > 0.5
    assert abs(error) < 2.2 * line.u_shape_mm


def test_a_printed_line_is_no_cut() -> None:
    art = art_of(CREAM)
    at = round((GUESS_PX - 2.0 * SCALE) * FINE)
    art[:, at : at + 6 * FINE] = BLACK
    _, error = find(art, LIDS["black"], 0.4)
    assert abs(error) < 0.05


def test_art_of_the_tone_of_the_lid_is_refused() -> None:
    line, _ = find(art_of((0.16, 0.16, 0.16)), 0.4, 0.5)
    assert line.ends is None
    assert line.flag is Flag.EDGE_NOT_FOUND


@pytest.mark.parametrize("lid", LIDS)
@pytest.mark.parametrize("radius_mm", [0.2, 0.8, 1.4])
def test_a_rounded_fold_is_where_its_arc_ends(lid: str, radius_mm: float) -> None:
    line, error = find(art_of(BLUE), LIDS[lid], -1.0, spine_mm=SPINE_MM, radius_mm=radius_mm)
    assert abs(error) < 0.25
    assert abs(error) < 2 * np.hypot(line.u_px / SCALE, line.u_shape_mm)


@pytest.mark.parametrize("lid", LIDS)
@pytest.mark.parametrize("color", [BLUE, DEEP_RED])
@pytest.mark.parametrize("wall_mm", [1.0, 3.4])
def test_the_wall_of_the_spine_is_not_the_fold(lid: str, color: tuple[float, float, float], wall_mm: float) -> None:
    line, error = find(art_of(color), LIDS[lid], 0.7, spine_mm=SPINE_MM, radius_mm=0.8, wall_mm=wall_mm)
    assert abs(error) < 0.3
    assert abs(error) < 2 * np.hypot(line.u_px / SCALE, line.u_shape_mm)


def test_a_tone_that_prints_lighter_than_ordered_does_not_hide_the_wall() -> None:
    line, error = find(
        art_of(BLUE), LIDS["black"], 0.7, spine_mm=SPINE_MM, radius_mm=0.8, wall_mm=1.0, wall_light=0.6, deeper_mm=6.0
    )
    assert abs(error) < 0.3
    assert abs(error) < 2 * np.hypot(line.u_px / SCALE, line.u_shape_mm)


def test_a_fold_in_black_art_is_not_told_from_the_wall() -> None:
    line, _ = find(art_of(BLACK), LIDS["gray"], 0.7, spine_mm=SPINE_MM, radius_mm=0.8, wall_mm=3.0)
    assert line.ends is None
    assert line.flag is Flag.FOLD_NOT_PROVEN


def test_the_score_of_a_hinge_is_no_fold() -> None:
    art = art_of((0.03, 0.03, 0.03))
    at = round((GUESS_PX - 5.5 * SCALE) * FINE)
    scored = art.copy()
    scored[:, at : at + 6 * FINE] *= 0.3
    line, _ = find(scored, 0.03, 0.5, spine_mm=SPINE_MM, shadow=0.0)
    assert line.ends is None
    assert line.flag is Flag.EDGE_NOT_FOUND
