"""What one page says of its color: how much of each ink, of chroma and of evenness is there. Numbers for `color-defect`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.evenness import Band, Fade, evenness
from qc.geometry import Affine
from qc.ink_density import (
    DARK,
    INKS,
    LEAST_INK,
    MID,
    MIN_TILES,
    Curve,
    Share,
    TileDensities,
    chroma_share,
    densities,
    ink_amounts,
    ink_shares,
    neutral_shares,
    tone_curve,
    tone_shares,
)
from qc.places import Box
from qc.tiles import PageTiles

GRAY_SCAN_STEP = 0.003
"""Largest difference of the channels, in linear light, of a scan that holds gray in three equal channels."""
CURVE_PAGES = 48
"""The pages with the most tones make the tone curve of a copy."""
WEAK_EVERYWHERE = 0.15
"""Loss of an ink, in the median over the pages, from which on its channel says nothing of the tone curve."""


@dataclass(frozen=True)
class ScannedPage:
    """A registered page: its position, file and frame, tiles, and the map from page-frame mm to scan pixels."""

    position: int
    scan: tuple[str, int]
    tiles: PageTiles
    to_scan: Affine


@dataclass(frozen=True)
class PageInks:
    """What was measured on a page; None where it was ordered with too little of it.

    `loss` is by ink the share that is missing, against the inks that printed best; `boxes_mm` is where each ink was ordered.
    """

    colored: bool
    gray_scan: bool
    loss: tuple[Share | None, ...]
    chroma: Share | None
    fade: Fade | None
    band: Band | None
    neutral: tuple[Share | None, ...]
    mid: tuple[Share | None, ...]
    dark: tuple[Share | None, ...]
    boxes_mm: tuple[Box | None, ...]


def paper_of(pages: Sequence[ScannedPage]) -> NDArray[np.float64] | None:
    """Linear RGB of the copy's paper, the median over the pages that show some."""
    papers = [p.tiles.paper for p in pages if p.tiles.paper is not None]
    return np.median(np.array(papers), axis=0) if papers else None


def page_inks(pages: Sequence[ScannedPage]) -> list[PageInks | None]:
    """The color of each page; None where neither the page nor its copy shows paper.

    Notes
    -----
    A page printed all over takes the paper of the copy. The tone curve is that of the whole copy.
    """
    common = paper_of(pages)
    papers = [p.tiles.paper if p.tiles.paper is not None else common for p in pages]
    known = [(p.tiles, paper) for p, paper in zip(pages, papers, strict=True) if paper is not None]
    known.sort(key=lambda page: -_tones(page[0]))
    curve = _curve([densities(*page) for page in known[:CURVE_PAGES]])
    # Densities are made again page by page: held together they would make the memory grow with the copy.
    return [
        None if paper is None else _inks(page.tiles, densities(page.tiles, paper), paper, curve)
        for page, paper in zip(pages, papers, strict=True)
    ]


def _tones(tiles: PageTiles) -> int:
    """Tiles on which something was ordered between paper and black."""
    light = tiles.reference.mean(axis=2)
    return int((tiles.usable & (light > 0.02) & (light < 0.9)).sum())


def _curve(pages: Sequence[TileDensities]) -> Curve:
    """Tone curve of the copy, without the channel of an ink that most pages lack in part."""
    curve = tone_curve(pages)
    losses = [_losses(ink_shares(page, curve)) for page in pages]
    own = [[s.value for page in losses if (s := page[ink]) is not None] for ink in range(len(INKS))]
    usual = [float(np.median(values)) if values else 0.0 for values in own]
    weak = int(np.argmax(usual))
    if usual[weak] < WEAK_EVERYWHERE:
        return curve
    return tone_curve(pages, [c for c in range(len(INKS)) if c != weak])


def _inks(tiles: PageTiles, seen: TileDensities, paper: NDArray[np.float64], curve: Curve) -> PageInks:
    light = tiles.copy[tiles.usable]
    gray_scan = bool(light.size == 0 or float(np.quantile(np.ptp(light, axis=1), 0.99)) < GRAY_SCAN_STEP)
    chroma = chroma_share(tiles, paper, curve)
    uneven = evenness(seen, tiles.reference.mean(axis=2))
    amounts = ink_amounts(seen.reference)
    excess = amounts - amounts.min(axis=2, keepdims=True)
    return PageInks(
        colored=chroma is not None,
        gray_scan=gray_scan,
        loss=_losses(ink_shares(seen, curve)),
        chroma=chroma,
        fade=uneven[0] if uneven else None,
        band=uneven[1] if uneven else None,
        neutral=neutral_shares(seen),
        mid=tone_shares(seen, *MID),
        dark=tone_shares(seen, DARK, float("inf")),
        boxes_mm=tuple(_box(tiles, seen.even & (excess[:, :, i] > LEAST_INK)) for i in range(len(INKS))),
    )


def _losses(shares: Sequence[Share | None]) -> tuple[Share | None, ...]:
    """What is missing of each ink against the best of the others: what all inks lack is not told from the scanner."""
    losses: list[Share | None] = []
    for i, own in enumerate(shares):
        others = [s for j, s in enumerate(shares) if j != i and s is not None]
        best = max(others, key=lambda s: s.value, default=None)
        if own is None or best is None or best.value <= 0.1:
            losses.append(None)
            continue
        ratio = own.value / best.value
        losses.append(Share(1 - ratio, float(np.hypot(own.u, ratio * best.u)) / best.value, min(own.tiles, best.tiles)))
    return tuple(losses)


def _box(tiles: PageTiles, used: NDArray[np.bool_]) -> Box | None:
    rows, cols = np.nonzero(used)
    if len(rows) < MIN_TILES:
        return None
    corners = [[cols.min() - 0.5, rows.min() - 0.5], [cols.max() + 0.5, rows.max() + 0.5]]
    x0, y0, x1, y1 = tiles.to_mm(corners).ravel().round(2).tolist()
    return x0, y0, x1, y1
