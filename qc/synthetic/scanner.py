"""The scan of a printed leaf on a backing, and exactly where everything lies in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from qc import units
from qc.synthetic import optics
from qc.synthetic.design import Kind, PageDesign
from qc.synthetic.leaf import Cut, coverage, cut_corner, offsets, roughness
from qc.synthetic.press import LUMINANCE, Map, Print, print_page, render, to_raster
from qc.synthetic.scene import darken_beside, glass, stack_beside

Pixels = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True)
class Scanner:
    """Glass, lamp, lens, sensor, driver and file of one scan.

    Parameters
    ----------
    dpi : float
        Stated resolution.
    scale_x, scale_y : float
        True pixels per inch divided by stated, along the lamp and along the feed.
    shear : float
        Shift along x per length along y (the feed is not square to the lamp).
    skew_deg : float
        Turn of the leaf on the glass, clockwise.
    margin_mm : (float, float, float, float), mm
        Backing seen left, above, right, below the leaf's bounding box; < 0 crops into the paper.
    backing : (float, float, float)
        Reflectance in linear R, G, B. Black 0.01-0.06, gray 0.1-0.5, white 0.75-0.95.
    texture : float
        Relative unevenness of the backing.
    dust : int
        Specks on the glass.
    ruler : bool
        A ruler lies right of the leaf (where the margin is wide enough).
    stack_mm : float
        Width of the striped edges of the pages below, seen beyond the fore-edge.
    shadow_edges : tuple of {"left", "top", "right", "bottom"}
        Edges of the upright leaf that throw a shadow on the backing.
    shadow_depth, shadow_mm : float
        Darkening right at the edge, and how wide it is.
    shadow_shape : {"exponential", "gaussian", "linear", "double", "plateau"}
        How it fades.
    rim_depth, rim_mm : float
        Darkening of the paper itself near the cut.
    curl_depth, curl_mm : float
        Darkening of the page toward the spine.
    falloff : float
        Relative loss of light from the middle of the lamp to its ends.
    gradient : float
        Relative change of light from top to bottom.
    glare : float
        Share of the light that comes from the surroundings, about 0.3 on a flatbed.
    blur_px : float
        Sigma of the optics beyond the pixel's own square.
    tail, tail_px : float
        Share and length of a one-sided tail of the optics.
    channel_px : (float, float)
        Shift of R (and, opposite, B) against G along x, y.
    distortion_px : float
        Deviation (1 sigma) of a smooth local distortion.
    wobble_px, wobble_rows : float
        Deviation of the rows of a feeder, and its length in rows.
    exposure : float
        Reflectance that becomes full white.
    shot, read : float
        Noise (1 sigma) at reflectance 1 and at black.
    streaks : float
        Relative noise of the sensor's columns.
    tone : {"gamma", "srgb"}
        Encoding.
    gamma, contrast : float
        Of the gamma encoding; bend to an S.
    sharpen_px, sharpen : float
        Radius and amount of an unsharp mask.
    mode : {"color", "gray", "bitonal"}
    bits : {8, 16}
    turns : int
        Counterclockwise quarter turns of the file; 2 is upside down.
    format : {"jpeg", "png", "tiff"}
    quality : int
        Of JPEG.
    subsampling : {"4:4:4", "4:2:2", "4:2:0"}
        Of JPEG.
    compression : {None, "lzw", "deflate", "g4"}
        Of TIFF.
    dpi_tag : float or None
        What the file says; 0 means the stated resolution, None no tag.
    exif_orientation : int
        1 to 8; the file is stored such that this tag turns it right. Truth is that of the picture as shown.
    """

    dpi: float = 300.0
    scale_x: float = 1.0
    scale_y: float = 1.0
    shear: float = 0.0
    skew_deg: float = 0.0
    margin_mm: tuple[float, float, float, float] = (8.0, 8.0, 8.0, 8.0)
    backing: tuple[float, float, float] = (0.03, 0.03, 0.03)
    texture: float = 0.02
    dust: int = 0
    ruler: bool = False
    stack_mm: float = 0.0
    shadow_edges: tuple[str, ...] = ()
    shadow_depth: float = 0.0
    shadow_mm: float = 0.5
    shadow_shape: str = "exponential"
    rim_depth: float = 0.0
    rim_mm: float = 0.2
    curl_depth: float = 0.0
    curl_mm: float = 6.0
    falloff: float = 0.0
    gradient: float = 0.0
    glare: float = 0.0
    blur_px: float = 0.6
    tail: float = 0.0
    tail_px: float = 2.0
    channel_px: tuple[float, float] = (0.0, 0.0)
    distortion_px: float = 0.0
    wobble_px: float = 0.0
    wobble_rows: float = 40.0
    exposure: float = 0.95
    shot: float = 0.006
    read: float = 0.002
    streaks: float = 0.0
    tone: str = "srgb"
    gamma: float = 2.2
    contrast: float = 0.0
    sharpen_px: float = 1.0
    sharpen: float = 0.0
    mode: str = "color"
    bits: int = 8
    turns: int = 0
    format: str = "jpeg"
    quality: int = 92
    subsampling: str = "4:2:0"
    compression: str | None = None
    dpi_tag: float | None = 0.0
    exif_orientation: int = 1

    @property
    def true_dpi(self) -> tuple[float, float]:
        """Pixels per inch along x and y of the glass."""
        return self.dpi * self.scale_x, self.dpi * self.scale_y


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
        and wobble, which are zero in the mean. Of the green channel.
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
    glass_map, corners, shape = _place(page, cut, scanner)
    reference_map = _after(glass_map, printed.placement(page.trim_mm))
    shift = _shifts(scanner, shape, rng)

    raster_dpi = float(np.clip(2 * scanner.dpi, 200, 600))
    sheet = print_page(page, printed, raster_dpi, rng, color)
    paper = np.array(printed.paper) if color else np.array([np.dot(printed.paper, LUMINANCE)])
    place = _after(reference_map, _inverse(to_raster(page, sheet.shape)))
    leaf = _sampled(_box(sheet, raster_dpi / scanner.dpi), place, shape, shift, tuple(65535 * paper)) / np.float32(65535)
    if back is not None and printed.show_through:
        seen = _seen_through(back, printed, reference_map, page.trim_mm, shape, shift)
        leaf *= seen[:, :, None] if color else seen
    per_mm = units.px_per_mm(scanner.dpi)
    rough = roughness(rng, cut.roughness_mm * per_mm, round(max(page.trim_mm) / 0.3)) if cut.roughness_mm else None
    cover = coverage(corners, shape, rough_px=rough, shift_px=shift)
    if cut.dog_ear_mm:
        cut_corner(cover, *_dog_ear(corners, cut.dog_ear_mm * per_mm, page.recto))
    for edge in ("left", "top", "right", "bottom") if scanner.rim_depth else ():
        darken_beside(leaf, corners, edge, scanner.rim_depth, scanner.rim_mm * per_mm, "exponential", inside=True)
    if scanner.curl_depth:
        spine = "left" if page.recto else "right"
        darken_beside(leaf, corners, spine, scanner.curl_depth, scanner.curl_mm * per_mm, "exponential", inside=True)

    light = glass(shape, scanner.backing if color else (float(np.dot(scanner.backing, LUMINANCE)),), scanner.texture, rng)
    if scanner.stack_mm:
        stack_beside(light, corners, "right" if page.recto else "left", scanner.stack_mm * per_mm, paper, rng)
    for edge in scanner.shadow_edges:
        darken_beside(
            light, corners, edge, scanner.shadow_depth, scanner.shadow_mm * per_mm, scanner.shadow_shape, inside=False
        )
    if scanner.ruler:
        _ruler(light, corners, per_mm)
    light += (cover if light.ndim == 2 else cover[:, :, None]) * (leaf - light)
    image = np.rot90(_seen(light, scanner, rng), scanner.turns)

    turn = _turn(scanner.turns, shape)
    truth_map = _after(turn, reference_map)
    on_page = _apply(_inverse(reference_map), corners)
    return np.ascontiguousarray(image), Truth(
        offsets_mm=offsets(on_page, page.trim_mm, page.recto),
        to_scan=truth_map,
        corners_px=_apply(turn, corners),
        number=page.number,
        kind=page.kind,
        recto=page.recto,
        trim_mm=page.trim_mm,
        size_px=(image.shape[1], image.shape[0]),
        true_dpi=scanner.true_dpi if scanner.turns % 2 == 0 else scanner.true_dpi[::-1],
        skew_deg=float(np.rad2deg(np.arctan2(reference_map[1, 0], reference_map[0, 0]))),
        turns=scanner.turns,
        printed=printed,
        cut=cut,
        scanner=scanner,
    )


def _place(page: PageDesign, cut: Cut, scanner: Scanner) -> tuple[Map, NDArray[np.float64], tuple[int, int]]:
    """Map from sheet millimeters to pixels, corners of the leaf in pixels, rows and columns of the scan."""
    angle = np.deg2rad(scanner.skew_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    px = np.diag([units.px_per_mm(dpi) for dpi in scanner.true_dpi])
    linear = px @ np.array([[1, scanner.shear], [0, 1]]) @ turn
    corners = cut.corners(page.trim_mm, page.recto) @ linear.T
    left, top, right, bottom = np.array(scanner.margin_mm) * units.px_per_mm(scanner.dpi)
    move = np.array([left, top]) - corners.min(axis=0) - 0.5
    size = np.ceil(corners.max(axis=0) - corners.min(axis=0) + (left + right, top + bottom)).astype(int)
    return np.column_stack([linear, move]), corners + move, (int(size[1]), int(size[0]))


def _shifts(scanner: Scanner, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32] | None:
    if not scanner.distortion_px and not scanner.wobble_px:
        return None
    shift = np.zeros((*shape, 2), np.float32)
    if scanner.distortion_px:
        shift += optics.warp(rng, shape, scanner.distortion_px)
    if scanner.wobble_px:
        shift[:, :, 1] += optics.wobble(rng, shape[0], scanner.wobble_px, scanner.wobble_rows)[:, None]
        shift[:, :, 0] += optics.wobble(rng, shape[0], scanner.wobble_px / 3, 3 * scanner.wobble_rows)[:, None]
    return shift


def _box(sheet: NDArray[np.uint16], factor: float) -> NDArray[np.uint16]:
    """Average over a square of `factor` pixels, centered: the sensor's own aperture."""
    if factor <= 1:
        return sheet
    reach = int(np.ceil((factor - 1) / 2))
    kernel = np.ones(2 * reach + 1)
    kernel[[0, -1]] = (factor - (2 * reach - 1)) / 2
    return np.asarray(cv2.sepFilter2D(sheet, -1, kernel / kernel.sum(), kernel / kernel.sum()), np.uint16)


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
    back = _inverse(place).astype(np.float32)
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
    ink = cv2.GaussianBlur(1 - (gray.astype(np.float32) / 255) ** np.float32(2.2), (0, 0), 1.5)
    mirror = np.array([[-1, 0, trim_mm[0]], [0, 1, 0]], float)
    place = _after(_after(reference_map, mirror), _inverse(to_raster(back, gray.shape)))
    seen = 1 - np.float32(printed.show_through) * np.clip(_sampled(ink, place, shape, shift, (0.0,)), 0, 1)
    return np.asarray(seen, np.float32)


def _seen(light: NDArray[np.float32], scanner: Scanner, rng: np.random.Generator) -> Pixels:
    """From linear light on the glass to the values of the file."""
    rows, columns = light.shape[:2]
    if scanner.dust:
        _dust(light, scanner.dust, units.px_per_mm(scanner.dpi), rng)
    if scanner.glare:
        light = optics.glare(light, scanner.glare, 12.7, 5.0, scanner.true_dpi)
    light = optics.blur(light, scanner.blur_px, scanner.tail, scanner.tail_px)
    if scanner.channel_px != (0.0, 0.0) and light.ndim == 3:
        dx, dy = scanner.channel_px
        light[:, :, 0] = optics.shifted(np.ascontiguousarray(light[:, :, 0]), dx, dy)
        light[:, :, 2] = optics.shifted(np.ascontiguousarray(light[:, :, 2]), -dx, -dy)
    across = 1 - scanner.falloff * np.linspace(-1, 1, columns) ** 2
    if scanner.streaks:
        across = across * (1 + rng.normal(0, scanner.streaks, columns))
    along = 1 + scanner.gradient * np.linspace(-0.5, 0.5, rows)
    lamp = (along[:, None] * across[None, :]).astype(np.float32)
    light *= lamp if light.ndim == 2 else lamp[:, :, None]
    if scanner.shot or scanner.read:
        noise = rng.standard_normal(light.shape, np.float32)
        noise *= np.sqrt(np.float32(scanner.shot**2) * np.maximum(light, 0) + np.float32(scanner.read**2))
        light += noise
    top = 255 if scanner.bits == 8 else 65535
    table = optics.tone_table(scanner.tone, scanner.gamma, scanner.contrast, 65536)
    index = np.clip(light * np.float32(65535 / scanner.exposure) + np.float32(0.5), 0, 65535).astype(np.uint16)
    if scanner.sharpen or scanner.mode == "bitonal":
        value = table[index]
        if scanner.sharpen:
            value = optics.sharpened(value, scanner.sharpen_px, scanner.sharpen)
        if scanner.mode == "bitonal":
            return np.asarray(np.where(value > 0.55, 255, 0), np.uint8)
        return np.clip(top * value + np.float32(0.5), 0, top).astype(np.uint8 if scanner.bits == 8 else np.uint16)
    encoded = np.floor(top * table + 0.5).astype(np.uint8 if scanner.bits == 8 else np.uint16)
    return np.asarray(encoded[index])


def _dust(light: NDArray[np.float32], count: int, per_mm: float, rng: np.random.Generator) -> None:
    rows, columns = light.shape[:2]
    for _ in range(count):
        x, y = int(rng.integers(columns)), int(rng.integers(rows))
        axes = (max(1, round(rng.uniform(0.05, 0.25) * per_mm)), max(1, round(rng.uniform(0.03, 0.1) * per_mm)))
        shade = float(rng.uniform(0.05, 0.7))
        cv2.ellipse(light, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, (shade,) * 3, -1, cv2.LINE_AA)


def _ruler(light: NDArray[np.float32], corners: NDArray[np.float64], per_mm: float) -> None:
    """A steel rule, ticks every millimeter, 3 mm right of the leaf."""
    left = round(corners[:, 0].max() + 3 * per_mm)
    if left >= light.shape[1]:
        return
    light[:, left:] = 0.55
    for tick in range(int(light.shape[0] / per_mm)):
        y = round(tick * per_mm)
        length = per_mm * (4.0 if tick % 10 == 0 else 2.0)
        light[y : y + 2, left : left + round(length)] = 0.05


def _dog_ear(
    corners: NDArray[np.float64], length_px: float, recto: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    left, right = corners[0], corners[1]
    corner, along, down = (right, left, corners[2]) if recto else (left, right, corners[3])
    on_head = corner + (along - corner) * length_px / np.hypot(*(along - corner))
    on_fore = corner + (down - corner) * length_px / np.hypot(*(down - corner))
    return (on_head, on_fore) if recto else (on_fore, on_head)


def _after(second: Map, first: Map) -> Map:
    linear = second[:, :2] @ first[:, :2]
    return np.column_stack([linear, second[:, :2] @ first[:, 2] + second[:, 2]])


def _inverse(place: Map) -> Map:
    linear = np.linalg.inv(place[:, :2])
    return np.column_stack([linear, -linear @ place[:, 2]])


def _apply(place: Map, points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(points @ place[:, :2].T + place[:, 2])


def _turn(turns: int, shape: tuple[int, int]) -> Map:
    """Map of pixels under ``numpy.rot90(image, turns)``."""
    rows, columns = shape
    maps = (
        [[1, 0, 0], [0, 1, 0]],
        [[0, 1, 0], [-1, 0, columns - 1]],
        [[-1, 0, columns - 1], [0, -1, rows - 1]],
        [[0, -1, rows - 1], [1, 0, 0]],
    )
    return np.array(maps[turns % 4], float)
