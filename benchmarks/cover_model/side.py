"""One side of a closed book as light on the glass: cover, fold, what of the block shows, and the lid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from press_model import geometry
from press_model.paper import Banks

from .book import Book, Panel
from .fold import REACH_MM, Fold
from .glass import Glass, Lie, cover_lid
from .press import Sheet, lay_ink
from .wrap import MM, Wrap, raster, to_raster

F32 = NDArray[Any]  # float32
F64 = NDArray[Any]  # float64
RASTERS = (200, 240, 300)


@dataclass(frozen=True)
class Block:
    """What of the block shows beside the fore-edge, mm, and how bright it is there; fanned out, or a lens' wall.

    ``slant`` is how much wider it is at the tail than at the head, a share of its width.
    """

    wide: float
    slant: float
    bright: float
    fade: float
    stripes: float


def make_block(rng: np.random.Generator, thickness: float, away: float) -> Block:
    """Draw the block at the fore-edge; ``away`` as for a fold, 0 where the lens sees no wall."""
    if away > 0:
        wall = thickness * away / 350.0
        return Block(wall, 0.0, float(rng.uniform(0.35, 0.7)), wall * float(rng.uniform(0.4, 1.2)), 0.10)
    if rng.random() < 0.2:
        return Block(
            float(rng.uniform(0.3, 2.5)),
            float(rng.uniform(-0.6, 0.6)),
            float(rng.uniform(0.5, 0.95)),
            float(rng.uniform(1.0, 4.0)),
            0.2,
        )
    return Block(0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True)
class Band:
    """The pixels near one edge of a side: their box in the frame, the distance inside the edge, and place along it, mm."""

    box: tuple[slice, slice]
    inside: F32
    along: F32


def _band(lie: Lie, corners: F64, edge: str, front: bool, out: float, over: float) -> Band:
    """Return the band from ``out`` mm outside to ``over`` mm inside the spine edge or fore-edge."""
    left = (edge == "spine") == front
    p, q = (corners[0], corners[3]) if left else (corners[1], corners[2])
    sign = 1.0 if left else -1.0
    down = (q - p) / np.linalg.norm(q - p)
    normal = sign * np.array([down[1], -down[0]])
    ends = np.array([p - 12 * down, q + 12 * down])
    seen = geometry.apply(lie.matrix, np.concatenate([ends - out * normal, ends + over * normal]))
    low = np.clip(np.floor(seen.min(axis=0)).astype(int) - 1, 0, None)
    high = np.minimum(np.ceil(seen.max(axis=0)).astype(int) + 2, lie.shape[::-1])
    x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
    back = np.linalg.inv(lie.matrix)
    px = back[0, 0] * x + back[0, 1] * y + back[0, 2] - p[0]
    py = back[1, 0] * x + back[1, 1] * y + back[1, 2] - p[1]
    inside = (px * normal[0] + py * normal[1]).astype(np.float32)
    along = (px * down[0] + py * down[1]).astype(np.float32)
    return Band((slice(low[1], high[1]), slice(low[0], high[0])), inside, along)


def _bend(image: NDArray[Any], art: NDArray[Any], to_art: F64, lie: Lie, panel: Panel, band: Band, fold: Fold) -> None:
    """Draw the art over the bend and on the wall, in place: what lies at d there comes from elsewhere on the flat cover."""
    d, place, _, _ = fold.tables()
    move = np.interp(band.inside, d, place - d)  # mm along the paper, > 0 over the cover
    sign = 1.0 if panel.side == "front" else -1.0
    rows, cols = band.box
    x, y = np.meshgrid(np.arange(cols.start, cols.stop) + 0.5, np.arange(rows.start, rows.stop) + 0.5)
    back = np.linalg.inv(lie.matrix)
    px = back[0, 0] * x + back[0, 1] * y + back[0, 2] + sign * move
    py = back[1, 0] * x + back[1, 1] * y + back[1, 2]
    mx = to_art[0, 0] * px + to_art[0, 1] * py + to_art[0, 2] - 0.5
    my = to_art[1, 0] * px + to_art[1, 1] * py + to_art[1, 2] - 0.5
    image[band.box] = cv2.remap(
        art, mx.astype(np.float32), my.astype(np.float32), cv2.INTER_LINEAR, borderValue=(255, 255, 255)
    )


def _shade_fold(planes: list[F32], band: Band, fold: Fold, wall_is_block: bool, stripes: F32) -> None:
    """Darken the bend, add glare and score; a wall the bench cut shows the block."""
    d, _, gain, glare = fold.tables()
    factor = np.interp(band.inside, d, gain).astype(np.float32)
    extra = np.interp(band.inside, d, glare).astype(np.float32)
    beyond = band.inside < 0
    for plane in planes:
        part = plane[band.box]
        if wall_is_block:
            part = np.where(beyond, 0.8 * stripes, part)
        plane[band.box] = part * factor + extra


def _outline(lie: Lie, corners: F64, front: bool, edge: str, by: float) -> F32:
    """Return what a side covers with one edge moved outward by ``by`` mm."""
    moved = corners.copy()
    left = (edge == "spine") == front
    moved[[0, 3] if left else [1, 2], 0] += -by if left else by
    seen = geometry.apply(lie.matrix, moved)
    return geometry.sheet_mask(seen[[2, 3, 0, 1]] if lie.upside_down else seen, lie.shape)


def _stripes(rng: np.random.Generator, band: Band, strength: float) -> F32:
    """Return the edges of leaves side by side, about 0.1 mm each, waving along the edge; mean near 1."""
    leaves = 1 + strength * rng.standard_normal(400)
    wave = 0.08 * np.sin(band.along / float(rng.uniform(15, 40)) + float(rng.uniform(0, 6)))
    return np.interp((band.inside + wave) / 0.12 + 200, np.arange(400), leaves).astype(np.float32)


def draw_side(
    rng: np.random.Generator,
    book: Book,
    panel: Panel,
    fold: Fold,
    block: Block,
    sheet: Sheet,
    glass: Glass,
    lie: Lie,
    banks: Banks,
) -> list[F32]:
    """Return linear light in three planes of one side as it lies on the glass."""
    wrap: Wrap = book.wrap
    front, corners = panel.side == "front", panel.corners(wrap)
    art, fx, fy = raster(wrap.path, min(RASTERS, key=lambda v: abs(v - glass.dpi)))
    to_art = to_raster(wrap, fx, fy) @ np.linalg.inv(panel.to_paper)
    half = geometry.shift(0.5, 0.5)
    flat = np.linalg.inv(half) @ to_art @ np.linalg.inv(lie.matrix) @ half
    image = cv2.warpAffine(
        art,
        flat[:2],
        lie.shape[::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(255, 255, 255),
    )
    band = _band(lie, corners, "spine", front, fold.wall + 1.0, REACH_MM)
    length = wrap.height / (len(fold.wave) - 1)
    band.inside[...] -= np.interp(band.along / length, np.arange(len(fold.wave)), fold.wave).astype(np.float32)
    _bend(image, art, to_art, lie, panel, band, fold)
    rows, cols = lie.shape

    def window(name: str) -> NDArray[Any]:
        return banks.window(rng, name)[:rows, :cols]

    planes = lay_ink(sheet, image, window("white"), window("mottle"), glass.dpi)
    _shade_fold(planes, band, fold, book.bench, _stripes(rng, band, 0.1))
    mask = _outline(lie, corners, front, "spine", fold.wall + 0.9)
    per_mm = np.float32(glass.dpi / MM)
    mask[band.box] *= np.clip((band.inside + np.float32(fold.wall)) * per_mm + 0.5, 0, 1)
    beside, edge = mask, None
    if block.wide:
        most = block.wide * (1 + abs(block.slant) / 2)
        edge = _band(lie, corners, "fore-edge", front, most + 1.0, 1.0)
        beside = _outline(lie, corners, front, "fore-edge", most + 0.9)
        out = block.wide * (1 + block.slant * (edge.along / wrap.height - 0.5))
        beside[edge.box] *= np.clip((edge.inside + out) * per_mm + 0.5, 0, 1)
    under = cover_lid(rng, glass, np.maximum(mask, beside), book.thickness)
    if edge is not None:
        leaves = block.bright * _stripes(rng, edge, block.stripes) * np.exp(np.minimum(edge.inside, 0) / block.fade)
        part = beside[edge.box]
        under[edge.box] *= 1 - part
        under[edge.box] += 0.8 * part * cv2.GaussianBlur(leaves.astype(np.float32), (0, 0), 0.8)
    rest = cv2.multiply(under, 1 - mask)
    planes = [cv2.add(cv2.multiply(plane, mask), rest) for plane in planes]
    if glass.kind == "contact":
        _defocus(planes, band, fold.radius, float(per_mm))
    return planes


def _defocus(planes: list[F32], band: Band, radius: float, per_mm: float) -> None:
    """Blur the bend: a contact sensor is sharp for a few tenths of a millimeter above the glass."""
    share = np.clip((radius - band.inside) / radius, 0, 1) * np.clip((1 + band.inside) / 0.5, 0, 1)
    share = share.astype(np.float32)
    for plane in planes:
        part = plane[band.box]
        soft = cv2.GaussianBlur(part, (0, 0), 0.05 + 0.14 * radius * per_mm)
        plane[band.box] = part + share * (soft - part)


def contrasts(image: NDArray[Any], lie: Lie, panel: Panel, book: Book, fold: Fold) -> dict[str, float]:
    """Return per edge how much cover and what lies beside it differ in the scan, in levels.

    The most different channel is taken 0.7 mm on either side, its median over the edge; for the fold beyond bend and wall.
    """
    lt, rt, rb, lb = panel.corners(book.wrap)
    front, shade = panel.side == "front", cv2.GaussianBlur(image, (0, 0), 2.0)
    left, right = (lt, lb), (rt, rb)
    lines = {"head": (lt, rt), "tail": (lb, rb)}
    lines |= {"fold": left, "fore-edge": right} if front else {"fold": right, "fore-edge": left}
    reach = {
        "head": (0.7, 0.7),
        "tail": (0.7, 0.7),
        "fore-edge": (0.7, 0.7),
        "fold": (fold.radius + 0.7, fold.wall + 0.7),
    }
    middle, out = (lt + rt + rb + lb) / 4, {}
    for edge, (p, q) in lines.items():
        line = (q - p) / np.linalg.norm(q - p)
        normal = np.array([line[1], -line[0]])
        normal *= np.sign(normal @ (middle - p))
        points = p + np.linspace(0.1, 0.9, 60)[:, None] * (q - p)
        levels = []
        for far in (reach[edge][0], -reach[edge][1]):
            seen = np.floor(geometry.apply(lie.matrix, points + far * normal)).astype(int)
            seen = np.clip(seen, 0, np.array(lie.shape[::-1]) - 1)
            levels.append(shade[seen[:, 1], seen[:, 0]].astype(float))
        out[edge] = float(np.median(np.abs(levels[0] - levels[1]).max(axis=1)))
    return out
