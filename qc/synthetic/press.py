"""The printed sheet: a page of the PDF in ink on paper, as reflectance in linear light."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray

from qc.synthetic.design import PageDesign
from qc.synthetic.halftone import screened
from qc.synthetic.inks import grayed, unevenness, with_inks
from qc.synthetic.maps import Map
from qc.synthetic.rasters import RASTERS
from qc.synthetic.soil import soiled

WHITE_PAPER = (0.84, 0.83, 0.82)
CREAM_PAPER = (0.83, 0.78, 0.66)

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])

_INKS = {"cyan": 0, "magenta": 1, "yellow": 2}


@dataclass(frozen=True)
class Print:
    """How a page was printed.

    Lengths are mm in the sheet, x right and y down. The placement turns and scales about the center of the trim, then
    shifts: `dx_mm` > 0 prints too far right, `rotation_deg` > 0 turns clockwise.

    Parameters
    ----------
    paper : (float, float, float)
        Reflectance of the paper in linear R, G, B.
    black : float
        Reflectance of solid black relative to paper.
    gain : float
        Dot gain at 50 %: 0.15 turns a tone of 50 % into 65 %.
    strength : (float, float, float)
        Factor on the density in R, G, B: an excess of magenta is (1, 1.15, 1), a faded print (0.8, 0.8, 0.8).
    lost : {None, "cyan", "magenta", "yellow"}
        Ink that did not print.
    fade : float
        Loss of density, growing linearly across the page; > 0 at the right side, < 0 at the left.
    fade_down : float
        The same down the page; > 0 at the tail, < 0 at the head.
    faded : tuple of (x0, y0, x1, y1, factor), mm in the page frame
        Boxes where the density is multiplied by `factor`.
    bands : tuple of (axis, pitch_mm, amplitude, phase)
        Density swings down the page (``"y"``) or across it (``"x"``) by ± `amplitude`.
    inks : (float, float, float)
        Share of the density of cyan, magenta and yellow that prints; unlike `lost`, with the inks' side absorptions.
    ink_gain : (float, float, float)
        Further dot gain of each ink, in its tints only.
    side : float
        Unwanted absorptions of the inks: 0 for ideal, 1 for usual ones.
    key : float
        Share of the gray that black prints where `inks` or `ink_gain` are changed.
    gray : bool
        Printed in black only.
    missing : tuple of (x0, y0, x1, y1), mm in the page frame
        Boxes without print.
    streaks : tuple of (x_mm, width_mm, factor)
        Lines over the whole height where the density is multiplied by `factor` (0 is a white line).
    spots : tuple of (x_mm, y_mm, diameter_mm)
        Black specks.
    stains : tuple of (x_mm, y_mm, diameter_mm, depth)
        Soft dark patches, of water or grease: `depth` is the share of light lost in the middle.
    lines : tuple of (x_mm, width_mm, depth)
        Dark lines over the whole height, as a scratched drum leaves them.
    halftone : {None, "am", "fm"}
        Screen; None prints continuous tone.
    lpi : float
        Ruling of the AM screen in lines an inch.
    show_through : float
        Share of the ink of the other side that is seen through the paper.
    """

    dx_mm: float = 0.0
    dy_mm: float = 0.0
    rotation_deg: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0
    paper: tuple[float, float, float] = WHITE_PAPER
    black: float = 0.03
    gain: float = 0.1
    strength: tuple[float, float, float] = (1.0, 1.0, 1.0)
    lost: str | None = None
    fade: float = 0.0
    fade_down: float = 0.0
    faded: tuple[tuple[float, float, float, float, float], ...] = ()
    bands: tuple[tuple[str, float, float, float], ...] = ()
    inks: tuple[float, float, float] = (1.0, 1.0, 1.0)
    ink_gain: tuple[float, float, float] = (0.0, 0.0, 0.0)
    side: float = 1.0
    key: float = 1.0
    gray: bool = False
    missing: tuple[tuple[float, float, float, float], ...] = ()
    streaks: tuple[tuple[float, float, float], ...] = ()
    spots: tuple[tuple[float, float, float], ...] = ()
    stains: tuple[tuple[float, float, float, float], ...] = ()
    lines: tuple[tuple[float, float, float], ...] = ()
    halftone: str | None = None
    lpi: float = 141.0
    show_through: float = 0.0

    def placement(self, trim_mm: tuple[float, float]) -> Map:
        """Map from page-frame millimeters to sheet millimeters, shape (2, 3)."""
        angle = np.deg2rad(self.rotation_deg)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        linear = turn @ np.diag([self.scale_x, self.scale_y])
        center = np.array(trim_mm) / 2
        return np.column_stack([linear, center - linear @ center + (self.dx_mm, self.dy_mm)])


def render(page: PageDesign, dpi: float) -> NDArray[np.uint8]:
    """The page area with its bleed in sRGB, shape (rows, columns, 3); not to be written to."""
    return RASTERS.get((page, dpi), lambda: _rendered(page, dpi))


def _rendered(page: PageDesign, dpi: float) -> NDArray[np.uint8]:
    document = pypdfium2.PdfDocument(page.pdf)
    try:
        image = document[page.index].render(scale=dpi / 72, rev_byteorder=True).to_numpy()[:, :, :3].copy()
    finally:
        document.close()
    return np.asarray(image, np.uint8)


def to_raster(page: PageDesign, shape: tuple[int, ...]) -> Map:
    """Map from page-frame millimeters to pixels of a raster of the page area of the given shape, shape (2, 3)."""
    (x0, y0), (width, height) = page.origin_mm, page.media_mm
    kx, ky = shape[1] / width, shape[0] / height
    return np.array([[kx, 0, -x0 * kx - 0.5], [0, ky, -y0 * ky - 0.5]])


def printed_sheet(
    page: PageDesign, how: Print, dpi: float, finer: int, rng: np.random.Generator, color: bool
) -> NDArray[np.uint16]:
    """As `print_page` at `finer` times `dpi`, each pixel the mean of the box of `finer` pixels around it.

    What is printed without a screen needs no random numbers and is the same wherever it is placed, so it is kept.
    """

    def draw() -> NDArray[np.uint16]:
        sheet = print_page(page, how, finer * dpi, rng, color)
        return np.asarray(cv2.blur(sheet, (finer, finer), borderType=cv2.BORDER_REPLICATE), np.uint16)

    if how.halftone is not None:
        return draw()
    ink = replace(how, dx_mm=0.0, dy_mm=0.0, rotation_deg=0.0, scale_x=1.0, scale_y=1.0, show_through=0.0)
    return RASTERS.get((page, ink, dpi, finer, color), draw)


def print_page(
    page: PageDesign, how: Print, dpi: float, rng: np.random.Generator, color: bool = True
) -> NDArray[np.uint16]:
    """Reflectance of the printed page area.

    Parameters
    ----------
    page : PageDesign
        The page.
    how : Print
        Its placement is left to the scanner's map; everything else is in the raster.
    dpi : float
        Of the raster; best twice that of the scan.
    rng : numpy.random.Generator
        Phase of the screen.
    color : bool
        False gives one channel, its tone weighted as luminance.

    Returns
    -------
    ndarray, shape (rows, columns) or (rows, columns, 3), uint16
        65535 is a reflectance of 1.
    """
    image = render(page, dpi)
    place = to_raster(page, image.shape)
    if how.lost is not None or how.missing or how.spots or how.gray:
        image = image.copy()
    if how.gray:
        image = grayed(image)
    if how.lost is not None:
        image[:, :, _INKS[how.lost]] = image.max(axis=2)
    for x0, y0, x1, y1 in how.missing:
        left, top, right, bottom = (max(0, round(v)) for v in _box_px(place, x0, y0, x1, y1))
        image[top:bottom, left:right] = 255
    for x, y, diameter in how.spots:
        cx, cy, radius = place[0, 0] * x + place[0, 2], place[1, 1] * y + place[1, 2], place[0, 0] * diameter / 2
        cv2.circle(image, (round(16 * cx), round(16 * cy)), round(16 * radius), (20, 20, 20), -1, cv2.LINE_AA, 4)
    if how.halftone is not None:
        sheet = screened(image, how.halftone, how.lpi / dpi, rng, _curve, how.gain, how.strength, how.paper, how.black)
        sheet = sheet if color else np.asarray(np.rint(sheet @ LUMINANCE), np.uint16)
    else:
        sheet = _inked(image if color else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8), how)
    if color and (how.inks != (1.0, 1.0, 1.0) or how.ink_gain != (0.0, 0.0, 0.0)):
        sheet = with_inks(sheet, how.paper, how.inks, how.ink_gain, how.side, how.key)
    sheet = _uneven(sheet, how, place, dpi)
    return soiled(sheet, place, how.stains, how.lines) if how.stains or how.lines else sheet


def _inked(image: NDArray[np.uint8], how: Print) -> NDArray[np.uint16]:
    tables = np.stack([_curve(np.arange(256) / 255, how.gain, how.black) ** s for s in how.strength], axis=-1)
    tables = tables * np.array(how.paper)
    if image.ndim == 2:
        tables = tables @ LUMINANCE
        return np.asarray(cv2.LUT(image, np.rint(65535 * tables).astype(np.uint16)), np.uint16)
    return np.asarray(cv2.LUT(image, np.rint(65535 * tables).astype(np.uint16).reshape(1, 256, 3)), np.uint16)


def _curve(value: NDArray[np.float64], gain: float, black: float) -> NDArray[np.float64]:
    """Reflectance relative to paper of an encoded value 0..1 after dot gain."""
    tone = 1 - value
    tone = np.clip(tone + 4 * gain * tone * (1 - tone), 0, 1)
    return np.asarray(black + (1 - black) * (1 - tone) ** 2.2)


def _uneven(sheet: NDArray[np.uint16], how: Print, place: Map, dpi: float) -> NDArray[np.uint16]:
    if not (how.fade or how.streaks or how.fade_down or how.faded or how.bands):
        return sheet
    rows, columns = sheet.shape[:2]
    power = unevenness((rows, columns), dpi, how.fade, how.fade_down, how.bands)
    for x0, y0, x1, y1, factor in how.faded:
        left, top, right, bottom = (max(0, round(v)) for v in _box_px(place, x0, y0, x1, y1))
        power[top:bottom, left:right] *= np.float32(factor)
    for x, width, factor in how.streaks:
        left, right = (place[0, 0] * v + place[0, 2] + 0.5 for v in (x - width / 2, x + width / 2))
        index = np.arange(columns)
        share = np.clip(np.minimum(index + 1, right) - np.maximum(index, left), 0, 1)
        power *= (1 - share * (1 - factor)).astype(np.float32)
    paper = 65535 * np.array(how.paper if sheet.ndim == 3 else np.dot(how.paper, LUMINANCE), np.float32)
    exponent = power[:, :, None] if sheet.ndim == 3 else power
    out = np.empty_like(sheet)
    for part in np.array_split(np.arange(rows), 16):
        out[part] = np.rint(paper * (np.minimum(sheet[part] / paper, 1) ** exponent[part]))
    return out


def _box_px(place: Map, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
    kx, ky = place[0, 0], place[1, 1]
    cx, cy = place[0, 2] + 0.5, place[1, 2] + 0.5
    return kx * x0 + cx, ky * y0 + cy, kx * x1 + cx, ky * y1 + cy
