"""Pictures of the color of one page: where it differs, which colors moved and which way; the template draws them.

All pages share one scale, so that reports can be laid side by side: equal differences have equal colors in all of them.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from qc.colorimetry import lab_to_xyz, linear_to_srgb, xyz_to_linear_rgb
from qc.features.color_tiles import ColorTiles
from qc.report.environment import environment

AGAINST_REFERENCE = 15.0
"""ΔE00 at the end of the scale against a reference: a file is no measurement of a print, and sound ones differ by 3 to 10."""
BETWEEN_COPIES = 6.0
"""ΔE00 at the end of the scale between copies: twice a difference that shows side by side."""
WIDTH = 300.0
PICTURE_PX = 240
BIN = 12.0
"""Width in L*, a* and b* of the cells whose colors share an arrow."""
MOST_ARROWS = 40
LEAST_TILES = 3
NEAR, FAR = 20.0, 80.0
"""Half widths of the a*b* plot, for pages without and with color."""
STEP = 5.0
"""Width in L* of the rows of the lightness strip."""

# Cividis from light to dark (Nuñez, Anderton and Renslow, PLOS ONE 13, 2018): even steps of lightness, the same with red-green
# blindness and in gray print.
_SCALE = np.array(
    [
        [255, 234, 70],
        [228, 207, 91],
        [196, 181, 108],
        [166, 157, 117],
        [138, 135, 121],
        [112, 113, 115],
        [87, 92, 109],
        [57, 72, 107],
        [0, 51, 111],
        [0, 32, 77],
    ],
    float,
)

Gray = NDArray[np.uint8]


@dataclass(frozen=True)
class Move:
    """Colors that lie close together in the reference: their medians there and in the copy, and how many tiles."""

    reference: tuple[float, float, float]
    copy: tuple[float, float, float]
    tiles: int
    fill: str


@dataclass(frozen=True)
class Captions:
    """Words under the pictures: which page, and what the arrows run from and to."""

    page: str
    start: str = "the reference"
    end: str = "the copy"


@dataclass(frozen=True)
class ColorPicture:
    """The three drawings of one page as SVG, and the caption they share."""

    captions: Captions
    map: Markup
    plane: Markup
    strip: Markup


def color_picture(
    tiles: ColorTiles, captions: Captions, *, top: float, limit: float | None, page: Gray | None = None
) -> ColorPicture:
    """All drawings of one page; the parameters are those of `difference_map`."""
    return ColorPicture(
        captions,
        Markup(difference_map(tiles, captions, top=top, limit=limit, page=page)),
        Markup(color_plane(tiles, captions)),
        Markup(lightness_strip(tiles, captions)),
    )


def difference_image(tiles: ColorTiles, *, top: float = AGAINST_REFERENCE, page: Gray | None = None) -> Image.Image:
    """Where a page differs in color: CIEDE2000 of its tiles, over the page in faint gray.

    Parameters
    ----------
    tiles : ColorTiles
    top : float, ΔE00
        Where the scale ends; larger differences look like this one. Fix it for all pages that are to be compared.
    page : ndarray, shape (h, w), uint8, optional
        The trim box in gray; without it the lightness of the tiles of the reference stands in.

    Returns
    -------
    PIL.Image.Image
        RGB, the trim box. Light is a small difference, dark a large one; bare paper stays gray and white.
    """
    height = round(PICTURE_PX * tiles.trim.height_mm / tiles.trim.width_mm)
    size = (PICTURE_PX, height)
    x_mm, y_mm = ((np.arange(n) + 0.5) * s / n for n, s in zip(size, _sides(tiles), strict=True))
    to_tile = tiles.to_mm.inverse()
    col = np.rint(to_tile(np.column_stack([x_mm, np.zeros_like(x_mm)]))[:, 0]).astype(int)
    row = np.rint(to_tile(np.column_stack([np.zeros_like(y_mm), y_mm]))[:, 1]).astype(int)
    rows, cols = tiles.reference.shape[:2]
    inside = ((row >= 0) & (row < rows))[:, None] & ((col >= 0) & (col < cols))[None, :]
    index = np.ix_(np.clip(row, 0, rows - 1), np.clip(col, 0, cols - 1))
    difference = np.where(inside, tiles.difference()[index], np.nan)
    if page is None:
        lightness = tiles.reference[:, :, 0].astype(float)[index]
        gray = np.where(inside, lightness, 100.0) / 100
    else:
        gray = np.asarray(Image.fromarray(page).resize(size, Image.Resampling.BOX), float) / 255
    shown = scale_colors(np.nan_to_num(difference), top) * (0.8 + 0.2 * gray)[:, :, None]
    bare = np.repeat((255 * (0.62 + 0.38 * gray))[:, :, None], 3, axis=2)
    return Image.fromarray(np.where(np.isnan(difference)[:, :, None], bare, shown).round().astype(np.uint8))


def scale_colors(difference: NDArray[np.float64], top: float) -> NDArray[np.float64]:
    """RGB, 0 to 255, of differences in ΔE00; beyond `top` as at it."""
    at = np.clip(np.asarray(difference) / top, 0, 1) * (len(_SCALE) - 1)
    steps = np.arange(len(_SCALE))
    return np.stack([np.interp(at, steps, _SCALE[:, c]) for c in range(3)], axis=-1)


def difference_map(
    tiles: ColorTiles,
    captions: Captions,
    *,
    top: float = AGAINST_REFERENCE,
    limit: float | None = None,
    page: Gray | None = None,
) -> str:
    """`difference_image` as an SVG with its color scale, a bar of 20 mm, and a line around what is beyond a limit.

    Parameters
    ----------
    tiles, top, page
        As for `difference_image`.
    captions : Captions
    limit : float, ΔE00, optional
        Of the policy. It is meant for the mean of a page or copy; here it is drawn tile by tile.

    Returns
    -------
    str
        SVG, below 40 kB; it stands alone or inside HTML.
    """
    scale = WIDTH / tiles.trim.width_mm
    difference = tiles.difference()
    known = difference[np.isfinite(difference)]
    buffer = io.BytesIO()
    difference_image(tiles, top=top, page=page).save(buffer, "WEBP", quality=84, method=2)
    place = tiles.to_mm.matrix * scale
    return _drawn(
        "difference_map",
        image=base64.b64encode(buffer.getvalue()).decode("ascii"),
        width=WIDTH,
        height=tiles.trim.height_mm * scale,
        place=(place[0, 0], place[1, 1], place[0, 2] - place[0, 0] / 2, place[1, 2] - place[1, 1] / 2),
        outline=outline(np.nan_to_num(difference) > limit) if limit is not None else "",
        bar=20 * scale,
        ticks=[(WIDTH * i / 3, top * i / 3) for i in range(4)],
        stops=[(i / (len(_SCALE) - 1), _hex(c)) for i, c in enumerate(_SCALE)],
        at=None if limit is None or limit > top else WIDTH * limit / top,
        limit=limit,
        mean=float(known.mean()) if known.size else 0.0,
        beyond=float((known > limit).mean()) if limit is not None and known.size else None,
        captions=captions,
    )


def outline(on: NDArray[np.bool_]) -> str:
    """SVG path around the tiles that are on, along their borders; a unit is a tile, the first one begins at 0, 0."""
    wide = np.pad(on, 1)
    path = []
    across = wide[1:, 1:-1] != wide[:-1, 1:-1]
    down = (wide[1:-1, 1:] != wide[1:-1, :-1]).T
    for lines, form in ((across, "M{1} {0}h{2}"), (down, "M{0} {1}v{2}")):
        for at, line in enumerate(lines):
            ends = np.flatnonzero(np.diff(np.pad(line.astype(np.int8), 1)))
            path += [form.format(at, a, b - a) for a, b in zip(ends[::2], ends[1::2], strict=True)]
    return "".join(path)


def moves(tiles: ColorTiles) -> list[Move]:
    """Colors of the reference in cells of `BIN`, the commonest first, and where they lie in the copy."""
    on = tiles.printed()
    reference, copy = tiles.reference[on].astype(float), tiles.copy[on].astype(float)
    if not len(reference):
        return []
    _, cell, counts = np.unique(np.floor(reference / BIN), axis=0, return_inverse=True, return_counts=True)
    cell = cell.reshape(-1)
    order = [i for i in np.argsort(-counts, kind="stable") if counts[i] >= LEAST_TILES][:MOST_ARROWS]
    found = []
    for i in order:
        a, b = np.median(reference[cell == i], axis=0), np.median(copy[cell == i], axis=0)
        found.append(Move(_triple(a), _triple(b), int(counts[i]), _hex(_srgb(a))))
    return found


def color_plane(tiles: ColorTiles, captions: Captions) -> str:
    """SVG of the a*b* plane with an arrow from reference to copy for each of the page's `moves`.

    The half width is `NEAR` or `FAR`, whichever holds the page, and is printed.
    """
    found = moves(tiles)
    reach = max((abs(v) for m in found for v in (*m.reference[1:], *m.copy[1:])), default=0.0)
    half = NEAR if reach <= NEAR else FAR

    def at(a: float, b: float) -> tuple[float, float]:
        a, b = np.clip([a, b], -half, half)
        return WIDTH * (float(a) + half) / (2 * half), WIDTH * (half - float(b)) / (2 * half)

    arrows = [(at(*m.reference[1:]), at(*m.copy[1:]), m.fill) for m in found]
    shift = tuple(_signed(v) for v in _shift(tiles)[1:])
    return _drawn("color_plane", size=WIDTH, half=half, arrows=arrows, shift=shift, captions=captions)


def lightness_strip(tiles: ColorTiles, captions: Captions) -> str:
    """SVG of L* from 0 to 100, with an arrow from reference to copy for each step of `STEP` that the page shows."""
    on = tiles.printed()
    reference, copy = tiles.reference[on, 0].astype(float), tiles.copy[on, 0].astype(float)
    level = np.floor(reference / STEP)
    arrows = []
    for step in np.unique(level)[::-1]:
        mine = level == step
        if int(mine.sum()) >= LEAST_TILES:
            a, b = (float(np.clip(np.median(v[mine]), 0, 100)) for v in (reference, copy))
            arrows.append((WIDTH * a / 100, WIDTH * b / 100, _hex(_srgb(np.array([a, 0.0, 0.0])))))
    return _drawn("lightness_strip", width=WIDTH, arrows=arrows, shift=_signed(_shift(tiles)[0]), captions=captions)


def _shift(tiles: ColorTiles) -> NDArray[np.float64]:
    on = tiles.printed()
    if not on.any():
        return np.zeros(3)
    return np.asarray(np.median(tiles.copy[on].astype(float) - tiles.reference[on].astype(float), axis=0))


def _signed(value: float) -> str:
    return f"{value + 0.0:+.1f}".replace("-", "−")


def _sides(tiles: ColorTiles) -> tuple[float, float]:
    return tiles.trim.width_mm, tiles.trim.height_mm


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def _srgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB, 0 to 255, of an L*a*b* color (D50), to fill a mark with."""
    return 255 * linear_to_srgb(np.clip(xyz_to_linear_rgb(lab_to_xyz(lab)), 0, 1))


def _hex(rgb: NDArray[np.float64]) -> str:
    return "#" + "".join(f"{round(v):02x}" for v in np.clip(rgb, 0, 255))


def _drawn(macro: str, **values: object) -> str:
    template = environment().get_template("color.svg")
    return str(getattr(template.module, macro)(**values)).strip()
