"""Color of a page against its reference, on tiles of averaged linear light, with paper taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qc.colorimetry import PRINTED, ciede2000, linear_rgb_to_lab
from qc.features.tile_differences import COLORED, MIN_TILES, tile_differences
from qc.flags import Flag, most_common
from qc.measure.registry import measure
from qc.measure.words import Said
from qc.model import Evidence, Observation, Where

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from qc.features.tiles import PageTiles
    from qc.measure.context.copy_context import CopyContext, PageContext
    from qc.normalize.scan_color import ScanColor

U_PAPER = 2.0
"""Of the paper's a* and b* on a scanner without a profile."""
U_STOCK = 1.5
"""Of papers that are called alike: their usual colors are no order."""

PAPERS: Mapping[str, tuple[float, float, float]] = {"white": (95.0, 0.0, -1.0), "cream": (92.0, 1.0, 10.0)}
"""Usual book papers, L*a*b* D50, from typical values of uncoated stock; a scanner without profile sees them within
about 3 units."""


@measure(
    "color-difference", "dE00", "page", 3, name="color difference from the ordered file", subject="tone", content=True
)
def color_difference(
    tiles: PageTiles | None, page: int, scan: tuple[str, int], flag: Flag | None = None, u_reference: float = 0.0
) -> Observation:
    """Mean CIEDE2000 of the printed tiles of a page against the reference, both relative to their paper.

    Parameters
    ----------
    tiles : PageTiles or None
    page : int
        Position among the scanned interior pages, 1-based.
    scan : tuple of (str, int)
        File name and frame.
    flag : Flag or None
        Why it cannot be measured.
    u_reference : float
        Of the reference's own colors, dE00.

    Returns
    -------
    Observation
        `detail`: median and p95 of the tiles' differences, and the median signed shifts dL, dC, dh (copy minus reference),
        which name the direction and do not grow with noise.

    Notes
    -----
    With a color profile of the scanner its L*a*b* and u hold. Without one the scan is taken as its embedded ICC profile says,
    or as sRGB (`colors` in the detail); u is then 3 units and common to all pages. The mean of magnitudes is
    positive by construction: halftone, register and noise add about 0.5. Fooled by glare (a dark page next to a bright one)
    and by a driver that "improves" colors.
    """
    where = Where(page=page)
    if flag is None and (tiles is None or tiles.paper is None):
        flag = Flag.NOTHING_TO_COMPARE
    if flag is not None or tiles is None or tiles.paper is None:
        return color_difference.observe(None, where=where, flags=(flag or Flag.NOTHING_TO_COMPARE,))
    share = tiles.copy / tiles.paper
    printed = tiles.usable & (np.minimum(share, tiles.reference).min(axis=2) < PRINTED)
    if int(printed.sum()) < MIN_TILES:
        return color_difference.observe(None, where=where, flags=(Flag.NOTHING_TO_COMPARE,))
    lab_c = tiles.colors.lab_on_paper(tiles.copy[printed], tiles.paper)
    lab_r = linear_rgb_to_lab(tiles.reference[printed])
    value, detail = tile_differences(lab_r, lab_c)
    detail["colors"] = tiles.colors.kind
    u = float(np.hypot(tiles.colors.u, u_reference))
    return color_difference.observe(value, u, where, _doubt(tiles.colors), detail, (Evidence(*scan),))


@color_difference.full_sentence
def _on_page_in_words(found: Observation, said: Said) -> str:
    return f"The color difference{said.on_page} from the ordered file is {said.size}"


@color_difference.on_page
def _of_page(page: PageContext) -> Observation | None:
    copy, reference = page.copy, page.reference
    if reference is None:
        return None
    if page.position not in copy.even:
        flag = page.not_measured or Flag.NOT_REGISTERED
        return color_difference.observe(None, where=Where(page=page.position), flags=(flag,))
    tiles = copy.even[page.position].tiles
    return color_difference(tiles, page.position, page.scan, page.page.no_tone, reference.u_color)


def _doubt(colors: ScanColor) -> tuple[Flag, ...]:
    return () if colors.calibrated else (Flag.NO_PROFILE,)


@measure(
    "color-difference-copy",
    "dE00",
    "copy",
    3,
    name="color difference from the ordered file",
    subject="tone",
    content=True,
)
def color_difference_copy(pages: Sequence[Observation]) -> Observation:
    """Median of `color-difference` over the pages that the reference prints in color, or over all where none is.

    Returns
    -------
    Observation
        `detail`: number of pages, the largest page, and the medians of the signed shifts. u is the systematic part,
        which more pages do not shrink.
    """
    measured = [o for o in pages if o.value is not None]
    if not measured:
        flags = [f for o in pages for f in o.flags]
        return color_difference_copy.observe(None, flags=(most_common(flags) or Flag.NOTHING_TO_COMPARE,))
    colored = [o for o in measured if o.detail["chroma"] > COLORED]
    measured = colored or measured
    values = np.array([o.value for o in measured], float)
    value = float(np.median(values))
    shown = min(measured, key=lambda o: abs((o.value or 0.0) - value))
    detail = {"pages": len(values), "max": round(float(values.max()), 3)}
    for key in ("dL", "dC", "da", "db"):
        detail[key] = round(float(np.median([o.detail[key] for o in measured])), 3)
    u = max(o.u or 0.0 for o in measured)
    doubts = tuple(dict.fromkeys(f for o in measured for f in o.flags))
    return color_difference_copy.observe(value, u, flags=doubts, detail=detail, evidence=shown.evidence)


@color_difference_copy.full_sentence
def _of_copy_in_words(found: Observation, said: Said) -> str:
    return f"The color difference from the ordered file is {said.size}"


@color_difference_copy.on_copy
def _of_copy(copy: CopyContext) -> list[Observation]:
    if copy.reference is None:
        return []
    return [copy.managed(color_difference_copy(copy.observed("color-difference")))]


@measure("paper-difference", "dE00", "copy", 4, name="paper color", subject="tone")
def paper_difference(
    papers: Sequence[NDArray[np.float64]], ordered: str | None, colors: ScanColor | None = None
) -> Observation:
    """CIEDE2000 of the copy's bare paper (median over pages) against the paper that was ordered.

    Parameters
    ----------
    papers : sequence of ndarray, shape (3,)
        Linear RGB of bare paper, one a page.
    ordered : str or None
        "white" or "cream"; None where the title does not say.
    colors : ScanColor
        What the light of the papers means.

    Returns
    -------
    Observation
        Null where the title does not say which paper was ordered, or no page shows bare paper in color.

    Notes
    -----
    Without a color profile of the scanner only a* and b* are compared: a scanner sets its own white, so lightness says
    nothing of the paper. With one, lightness counts; show-through on a black backing then darkens thin paper by a few units. A
    driver that whitens the background makes cream paper white.
    """
    from qc.normalize.scan_color import SRGB

    colors = colors or SRGB
    if ordered is None:
        return paper_difference.observe(None, flags=(Flag.PAPER_NOT_STATED,))
    if not papers:
        return paper_difference.observe(None, flags=(Flag.NOTHING_TO_COMPARE,))
    lab = colors.lab(np.median(np.array(papers), axis=0))
    expected = np.array(PAPERS[ordered])
    seen = lab if colors.calibrated else np.array([expected[0], lab[1], lab[2]])
    u = float(np.hypot(colors.u, U_STOCK)) if colors.calibrated else U_PAPER
    detail = {
        "L": round(float(lab[0]), 2),
        "a": round(float(lab[1]), 2),
        "b": round(float(lab[2]), 2),
        "pages": len(papers),
    }
    return paper_difference.observe(float(ciede2000(expected, seen)), u, flags=_doubt(colors), detail=detail)


@paper_difference.full_sentence
def _paper_in_words(found: Observation, said: Said) -> str:
    of = (
        f"between the papers of {' and '.join(found.where.copies)}"
        if found.where.copies
        else "between the paper and the ordered paper"
    )
    return f"The color difference {of} is {said.size}"


@paper_difference.on_copy
def _paper_of(copy: CopyContext) -> list[Observation]:
    if copy.reference is None:
        return []
    scanner = copy.scan_colors
    papers = [t.paper for t in (p.tiles for p in copy.in_color) if t.paper is not None and t.colors.id == scanner.id]
    return [paper_difference(papers, copy.reference.paper, scanner)]
