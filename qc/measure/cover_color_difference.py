"""Color of the cover against its design, on the tone of the copy itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qc.flags import Flag
from qc.measure.registry import measure
from qc.measure.words import Said
from qc.model import Evidence, Observation, Where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qc.measure.context.copy_context import CopyContext
    from qc.measure.context.cover_sides import CoverSides

U_DE00 = 1.0
"""What a tone fitted by few terms leaves of a sound cover: press and file differ otherwise for each ink."""


@measure(
    "cover-color-difference",
    "dE00",
    "copy",
    1,
    name="color difference of the cover",
    subject="cover",
    content=True,
)
def cover_color_difference(cover: CoverSides) -> Iterator[Observation]:
    """Mean CIEDE2000 of the tiles of a side against the ordered cover, both on the tone and the lamp of the copy.

    Parameters
    ----------
    cover : CoverSides

    Returns
    -------
    iterator of Observation
        One a side. `detail`: median and p95 of the tiles, signed shifts of lightness and chroma.

    Notes
    -----
    A closed cover shows no bare paper to hold its colors against, so its tone is learned from both sides: what is off everywhere
    alike is taken for tone. Fooled by glare of a glossy lamination.
    """
    from qc.colorimetry import linear_rgb_to_lab
    from qc.features.own_tone import colors_on_own_tone
    from qc.features.tile_differences import tile_differences

    told = {
        p: s.page.tiles.read() for p, s in cover.sides.items() if s.page.tiles is not None and s.page.no_tone is None
    }
    colors = colors_on_own_tone(list(told.values())) if told else None
    by_panel = dict(zip(told, colors or (), strict=False))
    for panel, side in cover.sides.items():
        where = Where(side=str(panel))
        if panel not in by_panel:
            flag = side.page.no_tone or (Flag.NOTHING_TO_COMPARE if side.registered else Flag.NOT_REGISTERED)
            yield cover_color_difference.observe(None, None, where, (flag,))
            continue
        meant, seen = (linear_rgb_to_lab(rgb) for rgb in by_panel[panel])
        value, detail = tile_differences(meant, seen)
        yield cover_color_difference.observe(value, U_DE00, where, detail=detail, evidence=(Evidence(*side.scan),))


@cover_color_difference.on_copy
def _of_copy(copy: CopyContext) -> Iterator[Observation]:
    return iter(()) if copy.cover is None else cover_color_difference(copy.cover)


@cover_color_difference.full_sentence
def _in_words(found: Observation, said: Said) -> str:
    return f"The color difference of the {found.where.side} cover from the ordered file is {said.size}"
