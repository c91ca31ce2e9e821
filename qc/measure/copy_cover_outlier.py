"""Which copy of a title wears another cover than the others, where nobody has the ordered one."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qc.flags import Flag
from qc.measure.context.copies_context import MIN_COPIES, CopiesContext
from qc.measure.registry import measure
from qc.measure.words import Said
from qc.model import Evidence, Inspection, Observation, Role, Where

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

ALIKE, UNLIKE = 0.5, 0.3
"""Correlation of small pictures of one cover, whichever way it was laid, and of two: drawn scans of one cover reach
0.6 and more, those of different ones 0.25."""
PLAIN = 6.0
"""Gray levels (standard deviation) below which the middle of a cover shows nothing."""
CENTER = 0.5
"""Share of a cover that is looked for in the scan of another copy: its middle, which no shift moves out."""
SIDES = {Role.COVER_FRONT: "front", Role.COVER_BACK: "back"}


@measure(
    "copy-cover-outlier", "count", "copies", 1, name="sides of the cover unlike the other copies", subject="copies"
)
def copy_cover_outlier(looks: Mapping[str, Mapping[str, NDArray[Any]]]) -> list[Observation]:
    """How many sides of the cover of each copy look like none of the others, which look like each other.

    Parameters
    ----------
    looks : mapping of str to mapping of str to ndarray, shape (h, w), uint8
        Of each copy, a small picture of the front and of the back as scanned.

    Returns
    -------
    list of Observation
        One a copy, with ``where.copy``. `detail`: its odd sides, and how many copies were compared.

    Notes
    -----
    The middle of one cover is looked for in the scan of another at quarter turns. At least three copies must show a side. What
    fools it: covers of one color, an older edition of the same design.
    """
    odd: dict[str, list[str]] = {copy: [] for copy in looks}
    compared: dict[str, int] = dict.fromkeys(looks, 0)
    for side in SIDES.values():
        own = {copy: sides[side] for copy, sides in looks.items() if side in sides}
        if len(own) < MIN_COPIES:
            continue
        names = list(own)
        likeness = np.array([[_likeness(own[a], own[b]) if a != b else np.nan for b in names] for a in names])
        likeness = np.fmax(likeness, likeness.T)
        # Two plain covers are alike.
        likeness = np.where(np.isnan(likeness), 1.0, likeness)
        np.fill_diagonal(likeness, np.nan)
        for n, copy in enumerate(names):
            compared[copy] = len(names)
            others = np.delete(np.delete(likeness, n, 0), n, 1)
            if np.nanmax(likeness[n]) < UNLIKE and np.nanmedian(others) > ALIKE:
                odd[copy].append(side)
    result = []
    for copy, sides in odd.items():
        where, detail = Where(copy=copy), {"sides": sides, "copies": compared[copy]}
        flags = () if compared[copy] else (Flag.FEW_COPIES,)
        value = float(len(sides)) if compared[copy] else None
        result.append(copy_cover_outlier.observe(value, None, where, flags, detail))
    return result


def _likeness(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Correlation of the middle of one cover with the best place in the scan of another."""
    import cv2

    light = one.astype(np.float32)
    away = np.abs(light - np.median(np.concatenate([light[:3].ravel(), light[-3:].ravel()]))) > 12
    rows, columns = np.flatnonzero(away.mean(axis=1) > 0.2), np.flatnonzero(away.mean(axis=0) > 0.2)
    (y0, y1), (x0, x1) = (
        (r[0], r[-1] + 1) if r.size else (0, n) for r, n in zip((rows, columns), one.shape, strict=True)
    )
    cut_y, cut_x = (int((1 - CENTER) / 2 * n) for n in (y1 - y0, x1 - x0))
    middle = light[y0 + cut_y : y1 - cut_y, x0 + cut_x : x1 - cut_x]
    if not middle.size or middle.std() < PLAIN:
        # A plain color fits everywhere.
        return float("nan")
    best = -1.0
    for turns in range(4):
        view = np.ascontiguousarray(np.rot90(other, turns), np.float32)
        if middle.size and all(m <= v for m, v in zip(middle.shape, view.shape, strict=True)):
            best = max(best, float(cv2.matchTemplate(view, middle, cv2.TM_CCOEFF_NORMED).max()))
    return best


@copy_cover_outlier.on_copies
def _of_copies(copies: CopiesContext) -> list[Observation]:
    looks = {copy: _looks(inspection) for copy, inspection in copies.inspected.items()}
    if sum(bool(own) for own in looks.values()) < MIN_COPIES:
        return []
    seen = copy_cover_outlier({copy: own for copy, own in looks.items() if own})
    return [_shown(o, copies.inspected[o.where.copy]) if o.where.copy else o for o in seen]


def _looks(inspection: Inspection) -> dict[str, NDArray[Any]]:
    from PIL import Image

    found = {}
    for record in inspection.pages:
        picture = inspection.pictures.get((record.file, record.frame))
        if record.role in SIDES and picture:
            found[SIDES[record.role]] = np.asarray(Image.open(io.BytesIO(picture)).convert("L"))
    return found


def _shown(observation: Observation, inspection: Inspection) -> Observation:
    sides = observation.detail["sides"]
    scans = [Evidence(r.file, r.frame) for r in inspection.pages if SIDES.get(r.role) in sides]
    return replace(observation, evidence=tuple(scans))


@copy_cover_outlier.full_sentence
def _in_words(odd: Observation, said: Said) -> str:
    sides = odd.detail.get("sides", [])
    if not odd.value:
        return f"The cover of {odd.where.copy} is like that of the other copies"
    return f"The cover of {odd.where.copy} is unlike that of the other copies, {' and '.join(sides)}"
