"""The scan of a printed leaf on a backing, and exactly where everything lies in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from qc import units
from qc.synthetic import optics
from qc.synthetic.design import PageDesign
from qc.synthetic.kinds import Kind
from qc.synthetic.leaf import Cut, coverage, cut_corner, offsets, roughness
from qc.synthetic.maps import Map, after, applied, inverse, quarter_turn
from qc.synthetic.press import LUMINANCE, Print, printed_sheet, render, to_raster
from qc.synthetic.scanner import Pixels, Scanner, seen
from qc.synthetic.scene import darken_beside, glass, round_fold, ruler_beside, stack_beside

_RASTER_DPI = 600.0  # below this pdfium snaps glyphs to whole pixels


@dataclass(frozen=True)
class Truth:
    """What a drawn scan shows.

    Parameters
    ----------
    offsets_mm : dict
        Trim offset by edge (head, tail, spine, fore-edge), mean from corner to corner, in page-frame millimeters of
        the print on this page; > 0 where paper is left over.
    to_scan : ndarray, shape (2, 3)
        Map from page-frame millimeters to pixels (integer = center) of the picture as shown, without local distortion
        and wobble. Those are zero in the mean of the picture, not along one edge. Of the green channel.
    corners_px : ndarray, shape (4, 2)
        Left-top, right-top, right-bottom, left-bottom corner of the leaf as printed upright.
    """

    offsets_mm: dict[str, float]
    to_scan: Map
    corners_px: NDArray[np.float64]
    number: int
    kind: Kind
    recto: bool
    trim_mm: tuple[float, float]
    size_px: tuple[int, int]
    true_dpi: tuple[float, float]
    skew_deg: float
    turns: int
    printed: Print
    cut: Cut
    scanner: Scanner


def draw_scan(
    page: PageDesign,
    printed: Print,
    cut: Cut,
    scanner: Scanner,
    rng: np.random.Generator,
    back: PageDesign | None = None,
    facing: PageDesign | None = None,
) -> tuple[Pixels, Truth]:
    """Draw the scan of one leaf.

    Parameters
    ----------
    page : PageDesign
        What was ordered; its number decides on which side the spine is.
    printed, cut, scanner : Print, Cut, Scanner
        The physical parameters.
    rng : numpy.random.Generator
        Noise, dust, roughness, phase of the screen.
    back : PageDesign, optional
        The other side of the leaf, for `Print.show_through`.
    facing : PageDesign, optional
        The page beyond the gutter, where `Scanner.binding` says that the book was not taken apart.

    Returns
    -------
    image : ndarray, shape (rows, columns) or (rows, columns, 3), uint8 or uint16
        RGB. Before JPEG; `write_scan` stores it. A bitonal scan holds 0 and 255.
    truth : Truth

    Notes
    -----
    The share of a pixel on the leaf is computed, not sampled; print and backing are then mixed in linear light and
    spread by the optics, so a cut edge lies where the truth says to about 0.001 mm at 300 dpi. Print within the pixels
    the cut edge crosses is taken from the whole pixel.
    """
    color = scanner.mode == "color"
    binding = scanner.binding
    if binding is not None:
        cut = replace(cut, spine_mm=0.0, taper_mm=(*cut.taper_mm[:2], 0.0, cut.taper_mm[3]))
    glass_map, corners, shape = _place(page, cut, scanner)
    reference_map = after(glass_map, printed.placement(page.trim_mm))
    distortion = shift = shifts(scanner, shape, rng)
    per_mm = units.px_per_mm(scanner.dpi)
    spine, fore_edge = ("left", "right") if page.recto else ("right", "left")
    if binding is not None:
        distortion = np.zeros((*shape, 2), np.float32) if distortion is None else distortion
        bent, bent_facing, lit, beyond = binding.bend(corners, spine, shape, per_mm)
        shift = bent + distortion

    paper = np.array(printed.paper) if color else np.array([np.dot(printed.paper, LUMINANCE)])
    print_shift, turned = shift, None
    if cut.fold_mm:
        narrower, turned = round_fold(corners, spine, cut.fold_mm * per_mm, shape)
        print_shift = narrower if shift is None else shift + narrower
    leaf = _print_on_leaf(page, printed, scanner, rng, reference_map, shape, print_shift, paper)
    if turned is not None:
        leaf *= turned[:, :, None] if color else turned
    if back is not None and printed.show_through:
        veil = _seen_through(back, printed, reference_map, page.trim_mm, shape, shift)
        leaf *= veil[:, :, None] if color else veil
    cover = _covered(page, cut, per_mm, rng, corners, shape, shift)
    darken = partial(darken_beside, corners=corners, shift_px=shift)
    for edge in ("left", "top", "right", "bottom") if scanner.rim_depth else ():
        darken(leaf, edge=edge, depth=scanner.rim_depth, width_px=scanner.rim_mm * per_mm, inside=True)
    if scanner.curl_depth:
        darken(leaf, edge=spine, depth=scanner.curl_depth, width_px=scanner.curl_mm * per_mm, inside=True)

    light = glass(
        shape, scanner.backing if color else (float(np.dot(scanner.backing, LUMINANCE)),), scanner.texture, rng
    )
    if scanner.stack_mm:
        stack_beside(light, corners, fore_edge, scanner.stack_mm * per_mm, paper, rng)
    if binding is not None:
        assert shift is not None
        binding.draw_around(light, corners, fore_edge, per_mm, paper, rng, shift)
        leaf *= lit[:, :, None] if color else lit
    for edge in scanner.shadow_edges:
        width, shade = scanner.shadow_mm * per_mm, scanner.shadow_shape
        darken(light, edge=edge, depth=scanner.shadow_depth, width_px=width, shape=shade, inside=False)
    if scanner.ruler:
        ruler_beside(light, corners, per_mm)
    light += (cover if light.ndim == 2 else cover[:, :, None]) * (leaf - light)
    if binding is not None:
        assert distortion is not None
        there = _facing(facing, page.trim_mm, page.recto, reference_map, corners, shape, bent_facing + distortion)
        _lay_over(light, there * (lit * beyond), paper)
    image = np.rot90(seen(light, scanner, rng), scanner.turns)
    return np.ascontiguousarray(image), _truth(page, printed, cut, scanner, reference_map, corners, shape)


def _truth(
    page: PageDesign,
    printed: Print,
    cut: Cut,
    scanner: Scanner,
    reference_map: Map,
    corners: NDArray[np.float64],
    shape: tuple[int, int],
) -> Truth:
    turned = quarter_turn(scanner.turns, shape)
    truth_map = after(turned, reference_map)
    on_page = applied(inverse(reference_map), corners)
    return Truth(
        offsets_mm=offsets(on_page, page.trim_mm, page.recto),
        to_scan=truth_map,
        corners_px=applied(turned, corners),
        number=page.number,
        kind=page.kind,
        recto=page.recto,
        trim_mm=page.trim_mm,
        size_px=shape[::-1] if scanner.turns % 2 == 0 else shape,
        true_dpi=scanner.true_dpi if scanner.turns % 2 == 0 else scanner.true_dpi[::-1],
        skew_deg=float(np.rad2deg(np.arctan2(reference_map[1, 0], reference_map[0, 0]))),
        turns=scanner.turns,
        printed=printed,
        cut=cut,
        scanner=scanner,
    )


def _covered(
    page: PageDesign,
    cut: Cut,
    per_mm: float,
    rng: np.random.Generator,
    corners: NDArray[np.float64],
    shape: tuple[int, int],
    shift: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Share of each pixel that lies on the leaf."""
    rough = roughness(rng, cut.roughness_mm * per_mm, round(max(page.trim_mm) / 0.3)) if cut.roughness_mm else None
    cover = coverage(corners, shape, rough_px=rough, shift_px=shift)
    if cut.dog_ear_mm:
        cut_corner(cover, *_dog_ear(corners, cut.dog_ear_mm * per_mm, page.recto))
    return cover


def _print_on_leaf(
    page: PageDesign,
    printed: Print,
    scanner: Scanner,
    rng: np.random.Generator,
    reference_map: Map,
    shape: tuple[int, int],
    shift: NDArray[np.float32] | None,
    paper: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Reflectance of the printed leaf at each pixel of the scan, as if the paper had no end."""
    finer = max(1, round(_RASTER_DPI / scanner.dpi))
    sheet = printed_sheet(page, printed, scanner.dpi, finer, rng, scanner.mode == "color")
    raster_map = to_raster(page, sheet.shape)
    raster_map[:, 2] += finer // 2 - (finer - 1) / 2  # an even box of pixels is centered between pixels
    place = after(reference_map, inverse(raster_map))
    leaf = _sampled(sheet, place, shape, shift, tuple(65535 * paper))
    leaf *= np.float32(1 / 65535)
    return leaf


def _lay_over(light: NDArray[np.float32], there: NDArray[np.float32], paper: NDArray[np.float64]) -> None:
    """Put the page that faces this one over what is seen beyond the gutter."""
    over = (there > 0).astype(np.float32)
    if light.ndim == 3:
        light += over[:, :, None] * (there[:, :, None] * paper.astype(np.float32) - light)
    else:
        light += over * (there * np.float32(paper[0]) - light)


def _place(page: PageDesign, cut: Cut, scanner: Scanner) -> tuple[Map, NDArray[np.float64], tuple[int, int]]:
    """Map from sheet millimeters to pixels, corners of the leaf in pixels, rows and columns of the scan."""
    angle = np.deg2rad(scanner.skew_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    px = np.diag([units.px_per_mm(dpi) for dpi in scanner.true_dpi])
    linear = px @ np.array([[1, scanner.shear], [0, 1]]) @ turn
    corners = cut.corners(page.trim_mm, page.recto) @ linear.T
    left, top, right, bottom = np.array(scanner.margin_mm) * units.px_per_mm(scanner.dpi)
    if scanner.binding is not None and not page.recto:
        left, right = right, left
    move = np.array([left, top]) - corners.min(axis=0) - 0.5
    size = np.ceil(corners.max(axis=0) - corners.min(axis=0) + (left + right, top + bottom)).astype(int)
    return np.column_stack([linear, move]), corners + move, (int(size[1]), int(size[0]))


def shifts(scanner: Scanner, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32] | None:
    """Displacement of the picture at each pixel, shape (rows, columns, 2), px; None where there is none."""
    if not scanner.distortion_px and not scanner.wobble_px and not scanner.waves:
        return None
    shift = np.zeros((*shape, 2), np.float32)
    for wave in scanner.waves:
        lanes = optics.wave(
            shape["yx".index(wave.along)], units.px_per_mm(scanner.dpi), wave.length_mm, wave.strain, wave.phase
        )
        shift[:, :, "xy".index(wave.axis)] += lanes[None, :] if wave.along == "x" else lanes[:, None]
    if scanner.distortion_px:
        shift += optics.warp(rng, shape, scanner.distortion_px)
    if scanner.wobble_px:
        shift[:, :, 1] += optics.wobble(rng, shape[0], scanner.wobble_px, scanner.wobble_rows)[:, None]
        shift[:, :, 0] += optics.wobble(rng, shape[0], scanner.wobble_px / 3, 3 * scanner.wobble_rows)[:, None]
    return shift


def _sampled(
    sheet: NDArray[np.uint16] | NDArray[np.float32],
    place: Map,
    shape: tuple[int, int],
    shift: NDArray[np.float32] | None,
    outside: tuple[float, ...],
) -> NDArray[np.float32]:
    size = (shape[1], shape[0])
    if shift is None:
        return np.asarray(
            cv2.warpAffine(sheet, place, size, None, cv2.INTER_CUBIC, cv2.BORDER_CONSTANT, outside), np.float32
        )
    back = inverse(place).astype(np.float32)
    x = np.arange(shape[1], dtype=np.float32)[None, :] - shift[:, :, 0]
    y = np.arange(shape[0], dtype=np.float32)[:, None] - shift[:, :, 1]
    at_x = back[0, 0] * x + back[0, 1] * y + back[0, 2]
    at_y = back[1, 0] * x + back[1, 1] * y + back[1, 2]
    return np.asarray(cv2.remap(sheet, at_x, at_y, cv2.INTER_CUBIC, None, cv2.BORDER_CONSTANT, outside), np.float32)


def _seen_through(
    back: PageDesign,
    printed: Print,
    reference_map: Map,
    trim_mm: tuple[float, float],
    shape: tuple[int, int],
    shift: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Factor by which the ink of the other side darkens this one."""
    gray = cv2.cvtColor(render(back, 150.0), cv2.COLOR_RGB2GRAY)
    ink = cv2.GaussianBlur(1 - (gray.astype(np.float32) / 255) ** np.float32(2.2), (0, 0), 1.5).astype(np.float32)
    mirror = np.array([[-1, 0, trim_mm[0]], [0, 1, 0]], float)
    place = after(after(reference_map, mirror), inverse(to_raster(back, gray.shape)))
    seen = 1 - np.float32(printed.show_through) * np.clip(_sampled(ink, place, shape, shift, (0.0,)), 0, 1)
    return np.asarray(seen, np.float32)


def _facing(
    page: PageDesign | None,
    trim_mm: tuple[float, float],
    recto: bool,
    reference_map: Map,
    corners: NDArray[np.float64],
    shape: tuple[int, int],
    shift: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Light from the page beyond the gutter relative to its paper; 0 where it is not."""
    width = trim_mm[0] if recto else -trim_mm[0]
    across = (corners[1] - corners[0] + corners[2] - corners[3]) / 2 * (1 if recto else -1)
    cover = coverage(corners - across, shape, shift_px=shift)
    tone = np.ones(shape, np.float32)
    if page is not None:
        gray = cv2.cvtColor(render(page, 150.0), cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        ink = np.asarray((1 - gray**2.2) * 0.95, np.float32)
        beside = after(reference_map, np.array([[1, 0, -width], [0, 1, 0]], float))
        tone -= np.clip(
            _sampled(ink, after(beside, inverse(to_raster(page, gray.shape))), shape, shift, (0.0,)), 0, 0.95
        )
    return np.asarray(cover * tone, np.float32)


def _dog_ear(
    corners: NDArray[np.float64], length_px: float, recto: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    left, right = corners[0], corners[1]
    corner, along, down = (right, left, corners[2]) if recto else (left, right, corners[3])
    on_head = corner + (along - corner) * length_px / np.hypot(*(along - corner))
    on_fore = corner + (down - corner) * length_px / np.hypot(*(down - corner))
    return (on_head, on_fore) if recto else (on_fore, on_head)
