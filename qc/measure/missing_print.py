"""Print that the reference has and the copy has not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.catalog import MEASURES
from qc.geometry import Affine
from qc.model import Evidence, Observation, PageRecord, Where
from qc.places import evidence_at
from qc.print_marks import PrintMark
from qc.tiles import PageTiles

MIN_DARKNESS = 0.03
LOST_SHARE = 0.25
BARE_PAPER = 0.45
"""Linear light that every scanner gives bare paper at the least."""
BLEACHED = 1.4
TONES = 8
MIN_AREA_MM2 = 200.0
MIN_SIDE_MM = 8.0
MOST_SHOWN = 12
TELLING = 0.02
"""Spread of a tile of the reference in which the copy's own changes tell whether it was printed."""
FAINT = 0.12
"""An even tint that takes less light is not told from an uneven lamp."""


def missing_print(tiles: PageTiles, page: int, scan: tuple[str, int], page_to_scan: Affine) -> Observation:
    """Regions of several lines, or of a picture, that the reference prints and the copy leaves bare.

    Parameters
    ----------
    tiles : PageTiles
        Of the registered page.
    page : int
        Position among the scanned interior pages, 1-based.
    scan : tuple of (str, int)
        File name and frame.
    page_to_scan : Affine
        Page-frame mm -> scan pixels, for the evidence.

    Returns
    -------
    Observation
        Number of such regions, 0 on a sound page; `detail` holds the code "missing-print" and their boxes in mm.

    Notes
    -----
    A tile is lost where the copy keeps less than a quarter of the reference's darkness; a region needs 200 mm2 and 8 mm
    both ways, about three lines of text. Where the reference has letters or lines, the copy must not change with them
    either, so that an uneven lamp is no loss; lost rules in the shade of the lamp may be missed. Faint print that survives
    with a third of its darkness is not counted (it is a matter of color), nor is anything within 5 mm of the trim line. On
    a page printed all over, a light tint that got lost is not told from paper.
    """
    measure = MEASURES["print-defect"]
    lost = tiles.usable & (_lost(tiles, tiles.paper) if tiles.paper is not None else _bleached(tiles)) & ~_there(tiles)
    # Lines of text leave gaps between them that are bare in the reference too.
    closed = cv2.morphologyEx(lost.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    side = float(np.mean(tiles.to_mm.scale))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=4)
    boxes = []
    for label in range(1, count):
        x, y, w, h = stats[label, :4]
        area = float((lost & (labels == label)).sum()) * side**2
        if area >= MIN_AREA_MM2 and min(w, h) * side >= MIN_SIDE_MM:
            x0, y0, x1, y1 = tiles.to_mm([[x - 0.5, y - 0.5], [x + w - 0.5, y + h - 0.5]]).ravel().round(2).tolist()
            boxes.append((x0, y0, x1, y1))
    evidence = tuple(evidence_at(scan, box, page_to_scan) for box in boxes)
    detail = {"code": "missing-print", "boxes_mm": [list(b) for b in boxes]}
    return measure.observe(float(len(boxes)), 0.0, Where(page=page), detail=detail, evidence=evidence)


def with_lost_lines(
    observation: Observation, marks: Sequence[PrintMark], scan: tuple[str, int], page_to_scan: Affine
) -> Observation:
    """The observation of `missing_print` with words and lines that are too small for it.

    Parameters
    ----------
    observation : Observation
    marks : sequence of PrintMark
        Of the page; those of code "missing-print" count.
    scan : tuple of (str, int)
        File name and frame.
    page_to_scan : Affine
        Page-frame mm -> scan pixels.

    Returns
    -------
    Observation
        Where no large region is lost, but words or lines are: their number, with u as large, so that a person looks. The
        author's own later change of a line looks the same.
    """
    lost = [m for m in marks if m.code == "missing-print"]
    if observation.value != 0 or not lost:
        return observation
    number = float(len(lost))
    detail = {**observation.detail, "boxes_mm": [[round(v, 2) for v in m.box_mm] for m in lost[:MOST_SHOWN]]}
    evidence = tuple(evidence_at(scan, m.box_mm, page_to_scan) for m in lost[:MOST_SHOWN])
    return replace(observation, value=number, u=number, detail=detail, evidence=evidence)


def _there(tiles: PageTiles) -> NDArray[np.bool_]:
    """Where the copy gets darker and brighter with the reference, though the lamp may be brighter there than elsewhere; and
    tints too light to tell from that."""
    ordered = 1 - tiles.reference.mean(axis=2)
    if tiles.contrast is None:
        return np.asarray(ordered < FAINT)
    level = (
        tiles.copy.mean(axis=2) / np.maximum(tiles.reference.mean(axis=2), 0.2)
        if tiles.paper is None
        else tiles.paper.mean()
    )
    return np.asarray(np.where(tiles.spread > TELLING, tiles.contrast > LOST_SHARE * level, ordered < FAINT))


def _lost(tiles: PageTiles, paper: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where the copy keeps little of the reference's darkness against bare paper."""
    ordered = np.clip(1 - tiles.reference.mean(axis=2), 0, None)
    printed = np.clip(1 - (tiles.copy / paper).mean(axis=2), 0, None)
    return np.asarray((ordered > MIN_DARKNESS) & (printed < LOST_SHARE * ordered))


def _bleached(tiles: PageTiles) -> NDArray[np.bool_]:
    """The same on a page printed all over, which shows no bare paper: as bright as paper can be, and far brighter than
    other tiles that the reference prints as dark."""
    reference, copy = tiles.reference.mean(axis=2), tiles.copy.mean(axis=2)
    bounds = np.quantile(reference[tiles.usable], np.linspace(0, 1, TONES + 1)) if tiles.usable.any() else np.zeros(1)
    tone = np.clip(np.searchsorted(bounds, reference, side="right") - 1, 0, TONES - 1)
    usual = np.full(TONES, np.inf)
    for k in np.unique(tone[tiles.usable]):
        usual[k] = np.median(copy[tiles.usable & (tone == k)])
    # Tiles of one step may differ a lot in tone where a page has few of that kind.
    gain = np.median(copy[tiles.usable] / np.maximum(reference[tiles.usable], 0.02)) if tiles.usable.any() else 1.0
    return np.asarray((copy > BARE_PAPER) & (copy > BLEACHED * np.maximum(usual[tone], gain * reference)))


def lost_page(blank: Observation) -> Observation:
    """The same fault where a whole page is blank: from its `blank-pages-inside` observation."""
    detail = {"code": "missing-print", **blank.detail}
    return MEASURES["print-defect"].observe(blank.value, blank.u, blank.where, detail=detail, evidence=blank.evidence)


def lost_print(page: PageRecord, position: int, coverage: float, ordered: float, sure: bool) -> Observation | None:
    """The same fault where hardly more than a folio is left, so that the page cannot be registered.

    Parameters
    ----------
    page : PageRecord
        Its `reference_page` is the place between its neighbors.
    position : int
        Among the scanned interior pages, 1-based.
    coverage : float
        Share of the copy's page that carries ink.
    ordered : float
        Darkness of the reference page, 0..1.
    sure : bool
        Whether the page certainly belongs to that place; if not, u is 1, so that a person looks.

    Returns
    -------
    Observation or None
        None where enough print is there or little was ordered.
    """
    if ordered < MIN_DARKNESS or coverage > LOST_SHARE * ordered:
        return None
    detail = {"code": "missing-print", "reference_page": page.reference_page, "coverage": round(coverage, 5)}
    evidence = (Evidence(page.file, page.frame),)
    return MEASURES["print-defect"].observe(1.0, 0.0 if sure else 1.0, Where(page=position), (), detail, evidence)
