"""How near lettering and other art of a wrap's spine come to its folds, and where colors change there."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray

from qc.geometry import Box
from qc.reference import cache
from qc.reference.cover_page import cover_key, opened_cover
from qc.reference.wrap import Panel, Wrap
from qc.scan.pdfium import RENDER_DPI, PdfPage, characters, render
from qc.units import px_per_mm

BESIDE_MM = 6.0
"""Looked at on either side of the spine: more than any shift that is called normal."""
EDGE_WITHIN_MM = 4.0
"""Within which an edge of color belongs to a fold."""
_SCALE = px_per_mm(RENDER_DPI)
_UNLIKE = 30
"""Gray levels (of 255, in the channel where it is most) from the color of the spine on which something is art: pictures in
JPEG stay below 20, lettering that is to be read differs by 60 and more (nine designs of a publisher)."""
_LEAST_PLAIN = 0.5
"""Of the spine must have its color; else art cannot be told from it."""
_COLOR_EVERY_MM, _COLORS = 10.0, 7
"""The color of the spine may change slowly from head to tail: it is that of most of 70 mm, more than a logo is high."""
_LEAST_ART_MM = 0.8
"""Smaller is dirt of a picture: the smallest letters that are set, of 5 pt, are 0.9 mm high."""
_LEAST_EDGE = 0.5
"""Of the height must change color for an edge; the sides of logos and columns of letters reach 0.2 on the nine designs."""
_EDGE_STEP = 20
_U_INK_MM = 0.03
"""A pixel of 0.04 mm at either end, and whole pixels on which PDFium places small glyphs."""


@dataclass(frozen=True)
class FoldRoom:
    """What lies near one fold; mm, None where nothing was found.

    Attributes
    ----------
    art_mm : float or None
        From the fold to the nearest art on the spine, lettering included; < 0: it stands over the fold.
    lettering_mm : float or None
        The same to the nearest character of text in the file; None where the lettering is drawn as shapes.
    color_edge_mm : float or None
        Place of the nearest long change of color along the fold; > 0: it lies on the spine.
    """

    art_mm: float | None
    lettering_mm: float | None
    color_edge_mm: float | None


@dataclass(frozen=True)
class SpineArt:
    """Art of the spine of a wrap.

    Attributes
    ----------
    back, front : FoldRoom
    text : str
        Characters of the spine as the file has them.
    plain : bool
        Whether the spine has a color that its art differs from; else only text in the file was found.
    u : float, mm
        Of all of these distances: place of the fold, and of the ink.
    """

    back: FoldRoom
    front: FoldRoom
    text: str
    plain: bool
    u: float

    def at(self, panel: Panel) -> FoldRoom:
        """What lies near the fold to that panel."""
        return self.back if panel is Panel.BACK else self.front

    @property
    def clearance_mm(self) -> float | None:
        """From the art of the spine to the nearer fold; None where none was found."""
        rooms = [r.art_mm for r in (self.back, self.front) if r.art_mm is not None]
        return min(rooms) if rooms else None


def read_spine_art(cover_pdf: Path, wrap: Wrap) -> SpineArt:
    """The art near the folds of the wrap in a cover.pdf; kept in the disk cache, so that further copies need not draw it.

    Notes
    -----
    Lettering is what the file has as text with its middle on the spine, and shows; art is also what differs from the color
    of the spine and lies there, not on a panel and not across both folds. What fools it: a picture behind the lettering
    (`plain` is then False), and an ornament of the front that has its middle on the spine.

    Raises
    ------
    ReferenceFault
        The PDF cannot be read.
    """
    key = cover_key(cover_pdf, "spine-art", wrap)
    kept = cache.facts(key, lambda: asdict(_read(cover_pdf, wrap)))
    return SpineArt(**kept | {side: FoldRoom(**kept[side]) for side in ("back", "front")})


def _read(cover_pdf: Path, wrap: Wrap) -> SpineArt:
    with opened_cover(cover_pdf) as (page, sheet):
        letters = characters(page, sheet)
        picture = _strip(page, sheet, wrap)
    art, plain = _art(picture, wrap)
    boxes = list(_boxes(art)) if plain else []
    x0, _, x1, _ = wrap.spine
    spoken = [(c, b) for c, b in letters if x0 < (b[0] + b[2]) / 2 < x1 and (not plain or _shows(b, art, wrap))]
    left, right = (_edge(picture, wrap, at) for at in (0.0, wrap.spine_mm))
    inks = [(b[0] - x0, x1 - b[2]) for _, b in spoken]
    every = [*inks, *((a - BESIDE_MM, wrap.spine_mm + BESIDE_MM - b) for a, b in boxes)]
    at_left = FoldRoom(_least(e[0] for e in every), _least(i[0] for i in inks), left)
    at_right = FoldRoom(_least(e[1] for e in every), _least(i[1] for i in inks), None if right is None else -right)
    back, front = (at_left, at_right) if wrap.toward_spine(Panel.BACK) > 0 else (at_right, at_left)
    return SpineArt(back, front, "".join(c for c, _ in spoken), plain, math.hypot(wrap.u_fold, _U_INK_MM))


def _least(values: Iterator[float]) -> float | None:
    return min(values, default=None)


def _strip(page: pypdfium2.PdfPage, sheet: PdfPage, wrap: Wrap) -> NDArray[np.uint8]:
    """The spine and `BESIDE_MM` of the panels from head to tail; its first pixel begins there."""
    x0, y0, x1, y1 = wrap.spine
    size = math.ceil((x1 - x0 + 2 * BESIDE_MM) * _SCALE), math.floor((y1 - y0) * _SCALE)
    return render(page, sheet, (x0 - BESIDE_MM, y0), _SCALE, size)


def _art(picture: NDArray[np.uint8], wrap: Wrap) -> tuple[NDArray[np.uint8], bool]:
    """Where the strip is unlike the color of the spine (1), and whether most of the spine is like it."""
    from scipy.ndimage import median_filter

    inside = slice(round(BESIDE_MM * _SCALE), round((BESIDE_MM + wrap.spine_mm) * _SCALE))
    rows = max(1, round(len(picture) / (_COLOR_EVERY_MM * _SCALE)))
    colors = np.array([np.median(part.reshape(-1, 3), axis=0) for part in np.array_split(picture[:, inside], rows)])
    colors = median_filter(colors, (_COLORS, 1), mode="nearest")
    color = cv2.resize(colors[:, None].astype(np.float32), (1, len(picture)), interpolation=cv2.INTER_LINEAR)
    art = np.asarray(np.abs(picture - color).max(axis=2) > _UNLIKE, np.uint8)
    return art, bool(art[:, inside].mean() <= 1 - _LEAST_PLAIN)


def _boxes(art: NDArray[np.uint8]) -> Iterator[tuple[float, float]]:
    """First and last x of each piece of art of the spine, in mm from the left of the strip."""
    width = art.shape[1] / _SCALE
    _, _, stats, centers = cv2.connectedComponentsWithStats(art, connectivity=8)
    for (x, _, w, h, _), (middle, _) in zip(stats[1:].tolist(), centers[1:].tolist(), strict=True):
        x0, x1 = x / _SCALE, (x + w) / _SCALE
        on_spine = BESIDE_MM < middle / _SCALE < width - BESIDE_MM
        across = x0 < BESIDE_MM - EDGE_WITHIN_MM or x1 > width - BESIDE_MM + EDGE_WITHIN_MM
        if on_spine and not across and max(w, h) / _SCALE >= _LEAST_ART_MM:
            yield x0, x1


def _shows(box: Box, art: NDArray[np.uint8], wrap: Wrap) -> bool:
    """Whether a character is seen: text may be hidden, or lie under a picture for search only."""
    left, top = wrap.spine[0] - BESIDE_MM, wrap.spine[1]
    x0, x1 = (max(0, round((x - left) * _SCALE)) for x in (box[0], box[2]))
    y0, y1 = (max(0, round((y - top) * _SCALE)) for y in (box[1], box[3]))
    return bool(art[y0 : y1 + 1, x0 : x1 + 1].any())


def _edge(picture: NDArray[np.uint8], wrap: Wrap, fold: float) -> float | None:
    """Place of the nearest long edge of color against a fold (`fold` mm from the left one), > 0 to the right; in mm."""
    reach = min(EDGE_WITHIN_MM, wrap.spine_mm / 2)
    at = (BESIDE_MM + fold) * _SCALE
    first = max(1, round(at - reach * _SCALE))
    part = picture[:, first - 1 : round(at + reach * _SCALE) + 1].astype(np.int16)
    share = (np.abs(part[:, 2:] - part[:, :-2]).max(axis=2) > _EDGE_STEP).mean(axis=0)
    # A sharp edge fills two or three neighboring columns: its place is the middle of each run.
    found, runs = cv2.connectedComponents(np.asarray(share >= _LEAST_EDGE, np.uint8)[None])
    middles = [float(np.flatnonzero(runs[0] == run).mean()) for run in range(1, found)]
    places = [(first + 0.5 + middle - at) / _SCALE for middle in middles]
    return min(places, key=abs, default=None)
