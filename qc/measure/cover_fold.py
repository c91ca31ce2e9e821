"""Where a cover is folded against its design: each fold, the spine art between them, and the width of the spine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qc.flags import Flag
from qc.measure.registry import measure
from qc.measure.words import Said
from qc.model import Observation, Where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qc.measure.context.copy_context import CopyContext
    from qc.measure.context.cover_sides import CoverSides


def _both(cover: CoverSides) -> tuple[Flag | None, float, dict[str, float]]:
    """Why the two folds are not known together; u of their sum as if they were independent; both offsets."""
    lacking = [p.flag for p in cover.folds.values() if p.flag is not None]
    flag = cover.why_no_fold or (lacking[0] if lacking else None)
    u = float(np.sqrt(sum((p.u or 0.0) ** 2 for p in cover.folds.values())))
    known = {str(panel): round(p.offset, 3) for panel, p in cover.folds.items() if p.offset is not None}
    return flag, u, known | {"designed_mm": round(cover.reference.wrap.spine_mm, 3)}


def _doubt(cover: CoverSides) -> tuple[Flag, ...]:
    return (Flag.FOLD_NOT_PROVEN,) if cover.not_proven else ()


@measure("cover-fold-offset", "mm", "copy", 2, name="fold of the cover", subject="cover")
def cover_fold_offset(cover: CoverSides) -> Iterator[Observation]:
    """Distance from the designed fold to the edge of the closed copy at its spine, in mm of the flat cover.

    Parameters
    ----------
    cover : CoverSides

    Returns
    -------
    iterator of Observation
        One a side. > 0: the fold lies in the designed spine; < 0: it lies in the front or the back. Null where the cover was
        taken off.

    Notes
    -----
    The fold is the outermost edge of the cover as it lies, read in the coordinates of its flat part. Of a fold rounded by a
    radius r that is 0.21 r beyond the middle of its arc; u covers radii up to 1.5 mm. Null with the flag ``fold-not-proven``
    where what is seen has explanations more than about 0.3 mm apart, or where the art is too dark. The same flag as a doubt
    where only one side was scanned, where the cover lies flat and its folds are creases, or where both folds seem more than
    3 mm farther apart than designed (a cover cut off with its spine ends inside its sides) or 1.25 mm nearer to each other (a
    scanner with a lens sees the wall of the spine beside the fold).
    """
    for panel, side in cover.sides.items():
        place = cover.folds[panel]
        flag = cover.why_no_fold or place.flag
        where = Where(side=str(panel))
        if flag is not None or place.offset is None:
            yield cover_fold_offset.observe(None, None, where, (flag or Flag.EDGE_NOT_FOUND,), place.detail)
            continue
        u = float(np.hypot(place.u or 0.0, cover.reference.wrap.u_fold))
        yield side.seen_at(place, cover_fold_offset.observe(place.offset, u, where, _doubt(cover), place.detail))


@cover_fold_offset.on_copy
def _folds_of_copy(copy: CopyContext) -> Iterator[Observation]:
    return iter(()) if copy.cover is None else cover_fold_offset(copy.cover)


@cover_fold_offset.full_sentence
def _fold_in_words(offset: Observation, said: Said) -> str:
    side = offset.where.side
    toward = "spine" if (offset.value or 0.0) > 0 else side
    return f"The {side} fold lies {said.size} too far toward the {toward}"


@measure("spine-centering", "mm", "copy", 2, name="centering of the spine", subject="cover")
def spine_centering(cover: CoverSides) -> Observation:
    """By how much the art of the spine lies off its middle, in mm: half the difference of both `cover-fold-offset`.

    Parameters
    ----------
    cover : CoverSides

    Returns
    -------
    Observation
        > 0: the print lies toward the front. Null where a fold was not seen.

    Notes
    -----
    What rounds or shades both folds alike cancels, and so does a spine wider or narrower than designed.
    """
    flag, u, detail = _both(cover)
    if flag is not None or cover.both is None:
        return spine_centering.observe(None, flags=(flag or Flag.OTHER_SIDE_NOT_SEEN,))
    front, back = cover.both
    return spine_centering.observe((front - back) / 2, u / 2, flags=_doubt(cover), detail=detail)


@spine_centering.on_copy
def _centering_of_copy(copy: CopyContext) -> Observation | None:
    return None if copy.cover is None else spine_centering(copy.cover)


@spine_centering.full_sentence
def _centering_in_words(centering: Observation, said: Said) -> str:
    toward = "front" if (centering.value or 0.0) > 0 else "back"
    return f"The art of the spine lies {said.size} toward the {toward}"


@measure("spine-width", "mm", "copy", 2, name="width of the spine", subject="cover")
def spine_width(cover: CoverSides) -> Observation:
    """By how much the folds lie farther apart than designed, in mm: less the sum of both `cover-fold-offset`.

    Parameters
    ----------
    cover : CoverSides

    Returns
    -------
    Observation
        > 0: farther apart than designed. Null where a fold was not seen.

    Notes
    -----
    No thickness of the block: rounded by a radius r, that is 0.86 r more than the folds are apart. What fools it: as
    `cover-fold-offset`, twice.
    """
    flag, u, detail = _both(cover)
    if flag is not None or cover.both is None:
        return spine_width.observe(None, flags=(flag or Flag.OTHER_SIDE_NOT_SEEN,))
    # What rounds and shades one fold does so to the other: it adds up.
    u = float(np.sqrt(u**2 + cover.reference.wrap.u_spine**2 + 2 * cover.u_shape_mm**2))
    return spine_width.observe(-sum(cover.both), u, flags=_doubt(cover), detail=detail)


@spine_width.on_copy
def _width_of_copy(copy: CopyContext) -> Observation | None:
    return None if copy.cover is None else spine_width(copy.cover)


@spine_width.full_sentence
def _width_in_words(width: Observation, said: Said) -> str:
    way = "wider" if (width.value or 0.0) > 0 else "narrower"
    return f"The spine is {said.size} {way} than designed"
