"""Density of solids and dark tints of a copy against its reference, relative to paper, as red, green and blue see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qc.flags import Flag
from qc.measure.registry import measure
from qc.measure.words import Said
from qc.model import Evidence, Observation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from qc.features.tiles import PageTiles
    from qc.measure.context.copy_context import CopyContext

SOLID = 0.3
"""Density from which a tile counts as a solid or dark tint: half of the light of the paper is gone."""
MOST_OF_FILE = 1.0
"""Denser tones of a file are not compared: a press ends somewhere between 1.1 and 1.8, and the file does not say where."""
MOST_OF_COPY = 1.6
"""Denser tones of a copy are not compared: the glare of a scanner and its 8 bits end there."""
FLAT = 0.4
"""Density by which the tiles around a solid may differ from it in the reference; a step there tells of register."""
MIN_TILES = 6
CHANNELS = ("C", "M", "Y")
"""What the red, green and blue channel see most of."""
U_FILE = 0.25
"""Against a file: what sound presses make of its tones, seen without a color profile. On drawn pages of seeds below 5000 (dot
gain up to 20 %, solids of density 1.1 to 1.8; docs/studies.md) the differences have a root mean square of 0.19 and a
longer tail to the dark side; 0.20 on seeds held out."""
U_OTHER_SCANNER = 0.12
"""Against a copy that another scanner, or one that is not named, may have seen: tone curve and glare. 0.07 on the seeds below
5000, but 0.10 on those held out, so it was raised from 0.08 after seeing them."""
U_SAME_SCANNER = 0.02
"""Against a copy seen by the same scanner: 0.003 in the same study (0.007 held out), where lamp and press stand
still; they do not."""


@dataclass(frozen=True)
class PageDensity:
    """Median density of copy minus reference over the solids of a page, for the channels that show any.

    `tiles` counts them. `scan` is file name and frame.
    """

    page: int
    scan: tuple[str, int]
    shift: Mapping[str, float]
    tiles: Mapping[str, int]


def density_shift(
    copy: NDArray[np.float64],
    reference: NDArray[np.float64],
    usable: NDArray[np.bool_],
    most: float = MOST_OF_COPY,
) -> dict[str, tuple[float, int]]:
    """Median difference of density over solids and dark tints, channel by channel.

    Parameters
    ----------
    copy, reference : ndarray, shape (rows, cols, 3)
        Linear RGB relative to paper (1 = bare paper) of the same tiles; `reference` may be another copy.
    usable : ndarray, shape (rows, cols), bool
        Tiles to look at.
    most : float, density
        Tiles of `reference` up to this are compared.

    Returns
    -------
    dict of str to (float, int)
        By channel of `CHANNELS`: the difference, positive where `copy` is denser, and the number of tiles. Channels
        with fewer than `MIN_TILES` are left out.

    Notes
    -----
    Density is -log10 of light relative to paper. Only tiles whose neighbors have about
    their density count, so that an edge that is off register says nothing.
    """
    import cv2

    seen, aim = _density(copy), _density(reference)
    kernel = np.ones((3, 3), np.uint8)
    flat = cv2.dilate(aim, kernel) - cv2.erode(aim, kernel) <= FLAT
    whole = cv2.erode(usable.astype(np.uint8), kernel, borderValue=0) > 0
    found = {}
    for i, channel in enumerate(CHANNELS):
        solid = whole & flat[:, :, i] & (aim[:, :, i] >= SOLID) & (aim[:, :, i] <= most)
        if (count := int(solid.sum())) >= MIN_TILES:
            found[channel] = float(np.median((seen - aim)[solid, i])), count
    return found


def _density(light: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-np.log10(np.maximum(light, 1e-3)))


def page_density(tiles: PageTiles, page: int, scan: tuple[str, int], most: float) -> PageDensity | None:
    """`density_shift` of one page, which is its position among the scanned interior pages; None without bare paper."""
    if tiles.paper is None:
        return None
    found = density_shift(tiles.copy / tiles.paper, tiles.reference, tiles.usable, most)
    return PageDensity(page, scan, {c: v for c, (v, _) in found.items()}, {c: n for c, (_, n) in found.items()})


@measure("density-difference", "density", "copy", 2, name="density of solid areas", subject="tone", content=True)
def density_difference(pages: Sequence[PageDensity], u: float, flag: Flag | None = None) -> Observation:
    """Density of the solids and dark tints of a copy against its reference, in the channel that is farthest off.

    Parameters
    ----------
    pages : sequence of PageDensity
        Pages that could be looked at; those without solids are passed over.
    u : float
        Standard uncertainty by what the reference is: `U_FILE`, `U_OTHER_SCANNER` or `U_SAME_SCANNER`.
    flag : Flag or None
        Why no page could be looked at.

    Returns
    -------
    Observation
        Positive: the copy is denser. Each channel is the median over its pages, and the value the one of largest
        magnitude. `detail`: `dC`, `dM`, `dY` (red, green and blue channel; null without solids), pages, tiles, and the
        page farthest off with its value. u does not shrink with pages: what reference and scanner do is common to all.

    Notes
    -----
    A scanner is no densitometer: its red, green and blue are broad bands, not the filters of Status T or E (ISO 5-3), so
    the numbers are differences of such densities, not densities to quote. A file states no density; against one the
    number says how much darker or lighter than its sRGB picture the solids came out, which dot gain moves by 0.2 and
    more, and u says so. Tones of a file that are denser than 1.0 are not compared, so that its full solids say nothing;
    against a copy they are compared up to 1.6.

    Fooled by a driver that stretches contrast, and by glare beside large white areas. Text has no solids. In a gray scan the
    three channels are one.
    """
    with_solids = [p for p in pages if p.shift]
    if not with_solids:
        return density_difference.observe(None, flags=(flag or Flag.NO_SOLIDS,))
    medians = {
        c: float(np.median([p.shift[c] for p in with_solids if c in p.shift]))
        for c in CHANNELS
        if any(c in p.shift for p in with_solids)
    }
    worst = max(with_solids, key=lambda p: abs(_farthest(p.shift)))
    detail: dict[str, object] = {f"d{c}": round(medians[c], 3) if c in medians else None for c in CHANNELS}
    detail |= {
        "pages": len(with_solids),
        "tiles": sum(max(p.tiles.values()) for p in with_solids),
        "worst_page": worst.page,
        "worst": round(_farthest(worst.shift), 3),
    }
    value = _farthest(medians)
    # What noise alone can do is not worth a picture.
    evidence = (Evidence(*worst.scan),) if abs(value) > 2 * u else ()
    return density_difference.observe(value, u, detail=detail, evidence=evidence)


@density_difference.on_copy
def _of_copy(copy: CopyContext) -> Observation | None:
    """How well it is known depends on what the reference is, and what it was scanned on."""
    from qc.reference.approved_copy import CopyReference

    reference = copy.reference
    if reference is None:
        return None
    u, most = U_FILE, MOST_OF_FILE
    if isinstance(reference, CopyReference):
        scanner = copy.copy.scan.scanner
        u = U_SAME_SCANNER if scanner and scanner == reference.copy.scan.scanner else U_OTHER_SCANNER
        most = MOST_OF_COPY
    registered = any(p.tiles is not None for p in copy.pages)
    flag = Flag.NOT_REGISTERED if not registered else Flag.BITONAL if not copy.with_tone else None
    densities = [page_density(p.tiles, p.position, p.scan, most) for p in copy.with_tone]
    return density_difference([d for d in densities if d is not None], u, flag)


@density_difference.sentence
def _in_words(found: Observation, said: Said) -> str:
    way = "weaker" if (found.value or 0.0) < 0 else "stronger"
    return f"Solid and dark areas print {said.size} {way} than ordered"


def _farthest(shift: Mapping[str, float]) -> float:
    return max(shift.values(), key=lambda v: abs(v))
