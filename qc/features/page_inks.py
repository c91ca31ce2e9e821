"""What one page says of its color: how much of each ink, of chroma and of evenness is there. Numbers for `color-defect`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qc.features.channels import channel_max, channel_mean, channel_min
from qc.features.evenness import MOST_DENSITY, Band, Fade, evenness, like_colors, summed
from qc.features.ink_density import (
    DARK,
    INKS,
    LEAST_INK,
    MID,
    MIN_TILES,
    Share,
    TileDensities,
    densities,
    ink_amounts,
    neutral_shares,
    tone_shares,
)
from qc.features.ink_response import (
    DARK_NOISE,
    LEAST_DENSITY,
    LEAST_NOISE,
    InkResponse,
    features,
    ink_response,
    of_ink,
    printed,
)
from qc.features.tiles import PageTiles, ScannedPage
from qc.geometry import Box
from qc.stats import median, quantile

Array = NDArray[np.float64]

GRAY_SCAN_STEP = 0.003
"""Largest difference of the channels, in linear light, of a scan that holds gray in three equal channels."""
LEAST_EXCESS = 0.08
"""Density by which an ink must have been ordered beyond gray on a tile."""
LEAST_OPPONENT = 0.03
"""Difference of the channels' densities from their mean that a tile must be expected to show to count as colored."""
ORDERED_OPPONENT = 0.15
"""The same of the file, for the copy as a whole."""
RESPONSE_PAGES = 48
"""The pages with the most tones make the response of a copy."""
MANY_TILES = 30
BLACK, LETTERED = 0.05, 0.15
"""Light of a tile that was ordered black, and spread of one that holds letters or lines of black."""
U_SOLIDS = 0.1
SHARE_SD = 0.5
"""Of the share of an ink that prints, before the page is looked at; a prior."""
LEAST_INK_RESPONSE = 0.55
"""An ink takes at least this share of the density, in its own channel, that the strongest ink does. Six sound copies
of the second drawing model: 0.52 and more; without the ink 0.2 at most on drawn pages of the first, but some whole copies pass."""
LEAST_CHROMA_RESPONSE = 0.1
"""A copy printed in color shows at least this share of the differences between channels that its file orders. Six sound
copies of the second drawing model: 0.16 to 1.1."""
U_INK_RESPONSE, U_CHROMA_RESPONSE = (0.05, 0.05, 0.2), 0.1
"""Of cyan, magenta and yellow, and of chroma, as shares of these least ones. Magenta absorbs blue as well: where yellow did not
print, it leaves a third of the least yellow."""
MOST_U, SURELY = 0.12, 4.0
"""A share known worse than this is not stated, unless it lacks as many times its u."""


@dataclass(frozen=True)
class PageInks:
    """What was measured on a page; None where it was ordered with too little of it, or the other pages do not tell.

    `loss` is by ink the share that is missing against like colors on the other pages and the inks that printed best, `chroma`
    what is there of the differences between channels, `level` of all density, `toned` counts the tiles with tone, and
    `boxes_mm` is where each ink was ordered.
    """

    colored: bool
    gray_scan: bool
    loss: tuple[Share | None, ...]
    chroma: Share | None
    level: Share | None
    toned: int
    fade: Fade | None
    band: Band | None
    neutral: tuple[Share | None, ...]
    mid: tuple[Share | None, ...]
    dark: tuple[Share | None, ...]
    boxes_mm: tuple[Box | None, ...]


@dataclass(frozen=True)
class CopyInks:
    """What a copy shows as a whole, each as a share of the least that a sound copy shows: of each ink, and of chroma; `solids`
    is the darkness of black areas as a share of that of the text."""

    inks: tuple[Share | None, ...]
    chroma: Share | None
    solids: Share | None


def paper_of(pages: Sequence[ScannedPage]) -> tuple[Array | None, float]:
    """Linear RGB of the copy's paper, the median over the pages that show some; and by how much these differ, in density: the two
    sensors of a feeder may differ by 4 % of light."""
    papers = np.array([paper for page in pages if (paper := page.tiles.paper) is not None])
    if not len(papers):
        return None, 0.0
    density = np.log10(papers.mean(axis=1))
    # Two sensors make two heaps: no deviation from the median tells those apart.
    return np.median(papers, axis=0), (quantile(density, 0.84) - quantile(density, 0.16)) / 2


def is_gray_scan(tiles: PageTiles) -> bool:
    """Whether the scan holds gray in three equal channels."""
    light = tiles.copy[tiles.usable]
    return bool(light.size == 0 or quantile(channel_max(light) - channel_min(light), 0.99) < GRAY_SCAN_STEP)


def page_inks(pages: Sequence[ScannedPage]) -> tuple[list[PageInks | None], CopyInks]:
    """The color of each page, None where neither the page nor its copy shows paper; and that of the copy.

    Notes
    -----
    A page printed all over takes the paper of the copy. A page is held against the response that the other pages give.
    """
    common, u_common = paper_of(pages)
    papers, tones, gray = dict[int, Array](), dict[int, int](), dict[int, bool]()
    for i, page in enumerate(pages):
        tiles = page.tiles
        paper = tiles.paper if tiles.paper is not None else common
        if paper is not None:
            papers[i], tones[i], gray[i] = paper, _tones(tiles), is_gray_scan(tiles)
    telling = sorted(sorted(papers, key=lambda i: -tones[i])[:RESPONSE_PAGES])
    place = {i: n for n, i in enumerate(telling)}
    shown = [densities(pages[i].tiles, papers[i]) for i in telling]
    response = ink_response(shown)
    misfit = _misfit(shown, response)
    in_color = [d for d, i in zip(shown, telling, strict=True) if not gray[i]]
    whole = replace(_copy_inks(in_color, response), solids=_solids(pages))
    # Those of the other pages are made one by one: held together they would make the memory grow with the copy.
    found: list[PageInks | None] = [None] * len(pages)
    for i, paper in papers.items():
        tiles = pages[i].tiles
        seen = shown[place[i]] if i in place else densities(tiles, paper)
        inks = _inks(tiles, seen, response, place.get(i, -1), misfit, gray[i])
        found[i] = (
            inks if tiles.paper is not None else replace(inks, level=_on_common_paper(inks.level, seen, u_common))
        )
    return found, whole


def _on_common_paper(level: Share | None, seen: TileDensities, u_paper: float) -> Share | None:
    """What is told of all density on a page that shows no paper of its own: the paper of its copy is that much off."""
    if level is None:
        return None
    dark = float(channel_mean(seen.copy[printed(seen)]).mean())
    return _known(replace(level, u=float(np.hypot(level.u, u_paper / max(dark, LEAST_DENSITY)))))


def _tones(tiles: PageTiles) -> int:
    """Tiles on which something was ordered between paper and black."""
    light = channel_mean(tiles.reference)
    return int((tiles.usable & (light > 0.02) & (light < 0.9)).sum())


def _solids(pages: Sequence[ScannedPage]) -> Share | None:
    """Darkness of areas ordered black against that of black letters, whose ink they share; None where either is not shown."""
    areas, letters = [], []
    for page in pages:
        tiles = page.tiles
        paper = tiles.paper
        if paper is None or tiles.contrast is None:
            continue
        ordered, shown = channel_mean(np.minimum(tiles.reference, 1.0)), channel_mean(tiles.copy / paper)
        black = tiles.usable & (ordered < BLACK) & (tiles.spread < BLACK)
        text = tiles.usable & (tiles.spread > LETTERED)
        if np.count_nonzero(black) >= MIN_TILES:
            areas.append(1 - float(np.median(shown[black])))
        if np.count_nonzero(text) >= MANY_TILES:
            letters.append(float(np.median(tiles.contrast[text])) / float(paper.mean()))
    if not areas or len(letters) < 2:
        return None
    return Share(float(np.median(areas)) / max(float(np.median(letters)), 0.05), U_SOLIDS, len(areas))


def _misfit(pages: Sequence[TileDensities], response: InkResponse) -> float:
    """By how much like colors usually differ from page to page, in density."""
    off = []
    for n, page in enumerate(pages):
        on = printed(page)
        if np.count_nonzero(on) >= MANY_TILES:
            expected = features(page.reference[on]) @ response.without(n)[0]
            off.append(float(np.sqrt(median(channel_mean(np.square(page.copy[on] - expected))))))
    return max(float(np.median(off)), response.noise) if off else response.noise


def _opponent(density: Array) -> Array:
    return np.asarray(density - channel_mean(density)[..., None])


def _colored(density: Array, least: float) -> NDArray[np.bool_]:
    return np.asarray(3 * channel_mean(np.square(_opponent(density))) > least**2)


def _weights(shown: Array) -> Array:
    return np.asarray(1 / (1 + DARK_NOISE / LEAST_NOISE * np.clip(channel_mean(shown), 0, None)) ** 2)


def _rms(residual: Array, weight: Array) -> float:
    return float(np.sqrt((weight @ np.square(residual)).mean() / weight.sum()))


def _projected(
    shown: Array, expected: Array, weight: Array, u_expected: Array, misfit: float, cell: NDArray[np.int64]
) -> Share | None:
    """How much of `expected` is shown, both of shape (n, channels); `cell` numbers the color of each tile."""
    size = float((weight[:, None] * expected**2).sum())
    if len(shown) < MIN_TILES or size <= 0:
        return None
    value = float((weight[:, None] * shown * expected).sum()) / size
    rms = float(np.sqrt(size / weight.sum()))
    u_model = float(np.sqrt((weight * u_expected**2).sum() / weight.sum()))
    misfit = max(misfit, _rms(shown - value * expected, weight))
    # All tiles of one color are off alike.
    u_colors = misfit * float(np.linalg.norm(summed(weight[:, None] * expected, cell))) / size
    return Share(value, float(np.hypot(u_model / rms, u_colors)), len(shown))


def _inks(
    tiles: PageTiles, seen: TileDensities, response: InkResponse, n: int, misfit: float, gray_scan: bool
) -> PageInks:
    on = printed(seen)
    ordered, shown = seen.reference[on], seen.copy[on]
    coefficients, covariance = response.without(n)
    every = features(seen.reference)
    everywhere = every @ coefficients
    variance = np.clip((every @ covariance * every).sum(axis=2), 0, None)
    design, expected, u_expected = every[on], everywhere[on], np.sqrt(variance[on])
    # Colors that no other page shows say little.
    weight = _weights(shown) * misfit**2 / (misfit**2 + u_expected**2)
    cell = like_colors(ordered)
    # Where a scanner ends in the shadows, print of any strength looks the same.
    light = channel_mean(ordered) < MOST_DENSITY
    level = _projected(
        channel_mean(shown[light])[:, None],
        channel_mean(expected[light])[:, None],
        weight[light],
        u_expected[light],
        misfit,
        cell[light],
    )
    colored = _colored(expected, LEAST_OPPONENT)
    chroma = _projected(
        _opponent(shown)[colored],
        _opponent(expected)[colored],
        weight[colored],
        u_expected[colored],
        misfit,
        cell[colored],
    )
    shares = _ink_shares(ordered, design, shown, coefficients, weight, u_expected, misfit, cell)
    u_lamp = 0.0
    if tiles.u_lamp is not None and seen.even.any():
        u_lamp = float(np.sqrt(np.mean(np.square(tiles.u_lamp[seen.even]))) / np.log(10))
    told = np.clip(channel_mean(everywhere), 0, None)
    uneven = evenness(seen, channel_mean(tiles.reference), told, np.sqrt(misfit**2 + variance), u_lamp)
    amounts = ink_amounts(seen.reference)
    beyond = amounts - channel_min(amounts)[:, :, None]
    return PageInks(
        colored=int(_colored(ordered, ORDERED_OPPONENT).sum()) >= MIN_TILES,
        gray_scan=gray_scan,
        loss=_losses([s if s is None or s.u < SHARE_SD / 2 else None for s in shares]),
        chroma=_known(chroma),
        level=_known(level),
        toned=int(on.sum()),
        fade=uneven[0] if uneven else None,
        band=uneven[1] if uneven else None,
        neutral=neutral_shares(seen),
        mid=tone_shares(seen, *MID),
        dark=tone_shares(seen, DARK, float("inf")),
        boxes_mm=tuple(_box(tiles, seen.even & (beyond[:, :, i] > LEAST_INK)) for i in range(len(INKS))),
    )


def _ink_shares(
    ordered: Array,
    design: Array,
    shown: Array,
    coefficients: Array,
    weight: Array,
    u_expected: Array,
    misfit: float,
    cell: NDArray[np.int64],
) -> list[Share | None]:
    """How much of what each ink should add is there, the three inks and gray fitted together; None for an ink that is hardly
    ordered."""
    if len(ordered) < MIN_TILES:
        return [None] * len(INKS)
    parts = [of_ink(design, ink) @ coefficients for ink in range(len(INKS))]
    parts.append(design @ coefficients - sum(parts))
    design = np.stack(parts, axis=-1)  # tiles, channels, inks and gray
    weighted = design * weight[:, None, None]
    prior = np.full(len(parts), (misfit / SHARE_SD) ** 2 * MANY_TILES)
    inverse = np.linalg.inv(np.einsum("tci,tcj->ij", weighted, design) + np.diag(prior))
    solved = inverse @ (np.einsum("tci,tc->i", weighted, shown) + prior)
    misfit = max(misfit, _rms(shown - design @ solved, weight))
    # All tiles of one color are off alike.
    sums = summed(weighted.reshape(len(cell), -1), cell).reshape(-1, *design.shape[1:])
    u_colors = misfit * np.sqrt(np.square(sums @ inverse).sum(axis=(0, 1)))
    u_prior = np.diag(inverse) * prior * SHARE_SD
    shares: list[Share | None] = []
    excess = ordered - channel_min(ordered)[:, None]
    for ink in range(len(INKS)):
        with_it = excess[:, ink] > LEAST_EXCESS
        size = float((weighted[with_it, :, ink] * design[with_it, :, ink]).sum())
        if np.count_nonzero(with_it) < MIN_TILES or size <= 0:
            shares.append(None)
            continue
        rms = float(np.sqrt(size / weight[with_it].sum()))
        u_model = float(np.sqrt((weight * u_expected**2)[with_it].sum() / weight[with_it].sum())) / rms
        u = float(np.linalg.norm([u_colors[ink], u_prior[ink], u_model]))
        shares.append(Share(float(solved[ink]), u, int(np.count_nonzero(with_it))))
    return shares


def _known(share: Share | None) -> Share | None:
    return None if share is None or (share.u > MOST_U and 1 - share.value < SURELY * share.u) else share


def _losses(shares: Sequence[Share | None]) -> tuple[Share | None, ...]:
    """What is missing of each ink against the best of the others: what all inks lack is a matter of `level`."""
    losses: list[Share | None] = []
    for i, own in enumerate(shares):
        if own is None:
            losses.append(None)
            continue
        best = max((s for j, s in enumerate(shares) if j != i and s is not None), key=lambda s: s.value, default=None)
        scale = 1.0 if best is None else float(np.clip(best.value, 0.5, 1.5))
        u_scale = 0.0 if best is None else best.u
        ratio = own.value / scale
        loss = Share(1 - ratio, float(np.hypot(own.u, ratio * u_scale)) / scale, own.tiles)
        losses.append(loss if loss.u <= MOST_U or loss.value > SURELY * loss.u else None)
    return tuple(losses)


def _copy_inks(pages: Sequence[TileDensities], response: InkResponse) -> CopyInks:
    """Which inks, and how much chroma, the copy shows at all: a channel that is nearly flat was not printed."""
    nothing = CopyInks((None,) * len(INKS), None, None)
    ordered = [p.reference[printed(p)] for p in pages]
    shown = [p.copy[printed(p)] for p in pages]
    if not ordered or sum(map(len, ordered)) < MANY_TILES:
        return nothing
    every, seen = np.concatenate(ordered), np.concatenate(shown)
    coefficients, covariance = response.without(-1)
    own: list[Share | None] = []
    for ink in range(len(INKS)):
        excess = every[:, ink] - channel_min(every)
        with_it = excess > 2 * LEAST_EXCESS
        if np.count_nonzero(with_it) < MANY_TILES:
            own.append(None)
            continue
        mean, size = of_ink(features(every[with_it]), ink).mean(axis=0), float(excess[with_it].mean())
        # Inks that were ordered together only, in one color, are not told apart.
        u = float(np.sqrt(mean @ covariance @ mean)) / size
        own.append(Share(float(mean @ coefficients[:, ink]) / size, u, int(with_it.sum())))
    strongest = max((o.value for o in own if o is not None), default=0.0)
    least = strongest * LEAST_INK_RESPONSE
    inks = tuple(
        None
        if o is None or strongest <= 0 or sum(x is not None for x in own) < 2
        else Share(o.value / least, float(np.hypot(U_INK_RESPONSE[ink], o.u / least)), o.tiles)
        for ink, o in enumerate(own)
    )
    aim, opponent = _opponent(every), _opponent(seen)
    colored = _colored(every, ORDERED_OPPONENT)
    if np.count_nonzero(colored) < MANY_TILES:
        return CopyInks(inks, None, None)
    share = float((aim[colored] * opponent[colored]).sum() / (aim[colored] ** 2).sum())
    return CopyInks(inks, Share(share / LEAST_CHROMA_RESPONSE, U_CHROMA_RESPONSE, int(colored.sum())), None)


def _box(tiles: PageTiles, used: NDArray[np.bool_]) -> Box | None:
    rows, cols = np.nonzero(used)
    if len(rows) < MIN_TILES:
        return None
    corners = [[cols.min() - 0.5, rows.min() - 0.5], [cols.max() + 0.5, rows.max() + 0.5]]
    x0, y0, x1, y1 = tiles.to_mm(corners).ravel().round(2).tolist()
    return x0, y0, x1, y1
