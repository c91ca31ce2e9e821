"""Which pages of an inspection are shown in color, and their pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from qc.measure import MEASURES
from qc.measure.color_difference import color_difference, color_difference_copy
from qc.model import Finding, FindingOutcome, Inspection
from qc.report.bullet_graph import limit_of
from qc.report.color_picture import AGAINST_REFERENCE, Captions, ColorPicture, Gray, color_picture

if TYPE_CHECKING:
    from qc.features.color_tiles import ColorTiles
    from qc.report.views import ReferenceCrops

MOST = 2
BACKDROP_DPI = 40.0
COLORED = 10.0
"""Chroma that a tenth of the printed tiles of a page must reach; a page of text alone has no color to show."""
_LIMITS = (color_difference.id, color_difference_copy.id)


def color_pictures(
    inspection: Inspection, colors: Mapping[int, ColorTiles], reference: ReferenceCrops | None, most: int = MOST
) -> list[ColorPicture]:
    """Pictures of the pages with a finding in color, and of the page that is farthest off if it has any color.

    Parameters
    ----------
    inspection : Inspection
    colors : mapping of int to ColorTiles
        By position; no scan is read again. A page whose color was not measured is not shown.
    reference : ReferenceCrops or None
        Gives the faint page below the map.
    most : int
        At most so many pages.

    Returns
    -------
    list of ColorPicture
        The one farthest off first. The limit is that of the policy's rule for color against the reference.
    """
    far = {
        page: o.value
        for o in inspection.observations
        if o.measure == color_difference.id
        and o.value is not None
        and (page := o.where.page) is not None
        and page in colors
    }
    if not far:
        return []
    worst = max(far, key=lambda n: far[n])
    found = {
        f.where.page
        for f in inspection.findings
        if _is_of_color(f) and f.outcome in (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED)
    }
    if not found and not _colored(colors[worst]):
        return []
    chosen = sorted((n for n in far if n == worst or n in found), key=lambda n: -far[n])[:most]
    limit = _limit(inspection)
    records = {(p.file, p.frame): p for p in inspection.pages}
    pictures = []
    for number in chosen:
        scan = inspection.copy.pages[number - 1]
        record = records.get((scan.name, scan.frame))
        page = record.reference_page if record else None
        beside = f", page {page} of the reference" if page else ""
        backdrop = _backdrop(reference, page, colors[number]) if reference and page else None
        pictures.append(
            color_picture(
                colors[number],
                Captions(f"scanned page {number}{beside}"),
                top=AGAINST_REFERENCE,
                limit=limit,
                page=backdrop,
            )
        )
    return pictures


def _is_of_color(finding: Finding) -> bool:
    measure = MEASURES[finding.measure]
    return measure.subject == "tone" and measure.content and measure.unit != "count"


def _colored(tiles: ColorTiles) -> bool:
    reference = tiles.reference[tiles.printed()].astype(float)
    return float(np.quantile(np.hypot(reference[:, 1], reference[:, 2]), 0.9)) > COLORED


def _limit(inspection: Inspection) -> float | None:
    stated = {f.measure: f.within for f in inspection.findings if f.measure in _LIMITS}
    within = next((limit_of(stated[m]) for m in _LIMITS if m in stated), None)
    return within.value if within else None


def _backdrop(reference: ReferenceCrops, page: int, tiles: ColorTiles) -> Gray:
    box = (0.0, 0.0, tiles.trim.width_mm, tiles.trim.height_mm)
    return np.asarray(Image.fromarray(reference.crop(page, box, BACKDROP_DPI, exact=False)).convert("L"), np.uint8)
