"""Damage of leaves and dirt on the glass in the scans of a copy: where its leaves lie, and what becomes of their pixels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qc.geometry import Edge, Points, Size, meet
from qc.measure.details import TrimOffsetDetail
from qc.model import BookCopy, Inspection, PageRecord, Role
from qc.scan.image_file import read_pixels
from qc.synthetic.damage import dusted
from qc.synthetic.damaged import LeafScan, on_other_side, place_damage, plant_damage
from qc.synthetic.outlines import blot

SPECKS = 12
"""Of dirt on the glass."""
DIRT_TONE = 0.45

Pixels = NDArray[Any]
Place = tuple[int | None, Edge | None]


def damage_leaves(
    copy: BookCopy, before: Inspection, kind: str, size: float, rng: np.random.Generator
) -> tuple[dict[int, Pixels], list[Place]]:
    """Plant damage of one kind into every leaf whose edges were seen, on both its sides where both were scanned.

    Returns
    -------
    images : dict of int to ndarray
        Changed pixels by position of the page.
    places : list of (int, None)
        The page of each leaf on which the damage was chosen.
    """
    leaves: dict[int, dict[int, LeafScan]] = defaultdict(dict)
    for position, record in enumerate((r for r in before.pages if r.role is Role.PAGE), 1):
        corners = _corners(before, position)
        if record.to_scan is not None and record.reference_page is not None and corners is not None:
            leaves[(record.reference_page + 1) // 2][position] = LeafScan(record.to_scan.matrix, corners)
    images: dict[int, Pixels] = {}
    places: list[Place] = []
    for sides in leaves.values():
        (first, leaf), *others = list(sides.items())[:2]
        places.append((first, None))
        if not size:
            continue
        sound = {position: read_pixels(copy.pages[position - 1]) for position in (first, *(p for p, _ in others))}
        damage = place_damage(kind, size, leaf, rng)
        back = next(((sound[p], other) for p, other in others), None)
        images[first] = plant_damage(sound[first], leaf, damage, rng, back)
        for position, other in others:
            images[position] = plant_damage(sound[position], other, on_other_side(damage, leaf, other), rng)
    return images, places


def dust_scans(
    copy: BookCopy, records: Sequence[PageRecord], trim: Size, size: float, rng: np.random.Generator
) -> tuple[dict[int, Pixels], list[Place]]:
    """Plant specks at the same places of the glass into every scan; they lie where the first registered page does."""
    known = {position: r.to_scan for position, r in enumerate(records, 1) if r.to_scan is not None}
    images: dict[int, Pixels] = {}
    if size and known:
        first = next(iter(known.values()))
        low, high = (f(first(trim.corners()), axis=0) for f in (np.min, np.max))
        area = np.pi / 4 * (size * float(np.mean(first.scale))) ** 2
        specks = [rng.uniform(low, high) + blot(area, rng, 0.1) for _ in range(SPECKS)]
        for position, scan in enumerate(copy.pages, 1):
            images[position] = dusted(read_pixels(scan), specks, DIRT_TONE)
    return images, [(position, None) for position in known]


def _corners(inspection: Inspection, position: int) -> Points | None:
    """Corners of the leaf as cut, in page-frame mm; None where an edge was not seen."""
    cuts = [
        np.array(line)
        for o in inspection.observations
        if o.measure == "trim-offset" and o.where.page == position and (line := TrimOffsetDetail.of(o).cut_mm)
    ]
    if len(cuts) != len(Edge):
        return None
    middles = np.array([c.mean(axis=0) for c in cuts])
    (left, right), (top, bottom) = ((cuts[m.argmin()], cuts[m.argmax()]) for m in middles.T)
    return np.array([meet(left, top), meet(right, top), meet(right, bottom), meet(left, bottom)])
