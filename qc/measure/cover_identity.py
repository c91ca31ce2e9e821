"""Whether the cover is that of the ordered title, and which way up it lies on its block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qc.flags import Flag
from qc.measure.details import CoverSeenDetail
from qc.measure.registry import measure
from qc.measure.words import Said, capital
from qc.model import Evidence, Observation

if TYPE_CHECKING:
    from qc.measure.context.copy_context import CopyContext
    from qc.measure.context.cover_sides import CoverSide, CoverSides
    from qc.register.print_points import FoundAgain

SURE = 0.4
"""Share of print found again up to which a side that is not registered is another cover for certain: neither does the scan show
what was ordered, nor was ordered what the scan shows. Tried on drawn scans of eleven designs: 78 right scans had 0.77 and more, of
a series with one emblem and frame 0.38 at most, other covers 0.32. Most right scans made soft, dark, noisy, crooked or cropped keep
0.4; glare over a back leaves 0.2, JPEG of quality 4 0.24, waves of 2 mm 0.31, a negative 0. Right scans are registered before this
is asked. One picture under two titles has 0.42 and more: a person looks."""
LEAST_SQUARES = 12
"""Of 10 mm with print of their own, below which a side is too little to tell. Dots and bars in rows have 9, a title alone 19, plain
covers none."""
DETAILED = 0.03
"""Spread of a tile's light from which on it holds lettering or a picture that must be found again."""
LEAST_FOUND = 0.2
"""Of the contrast usual on a side; tiles of other words lie about 0."""
LEAST_TILES = 12
"""Of 3.6 mm that do not show what was ordered. Glare and hinges hid up to 7 on 390 sound sides of nine designs; three words of a
title exchanged for others make 18."""


@measure(
    "cover-identity",
    "count",
    "copy",
    2,
    name="sides that show another cover",
    subject="cover",
    content=True,
)
def cover_identity(cover: CoverSides) -> Observation:
    """How many sides of the cover show another one than was ordered: 0, 1 or 2.

    Parameters
    ----------
    cover : CoverSides

    Returns
    -------
    Observation
        Null where no scan of it could be read, or neither design nor scan shows anything to compare. Flag ``other-side-not-seen``
        where only one side was compared; ``like-ordered`` where much of the ordered print is found on a side that could not be
        registered, or where other words stand in the same design; ``few-features`` where the ordered side or its scan shows too
        little to be recognized.

    Notes
    -----
    A side is the ordered one where its print is registered to it, and its lettering and pictures are found everywhere. It is
    another one for certain where points of fine detail do not find each other, at whatever turn, size and light, and mirrored.
    What fools it: covers of a series that differ by a few small letters; a sticker on the cover passes for other words;
    a negative passes for another cover.
    """
    read = {panel: side for panel, side in cover.sides.items() if not side.page.error}
    faint = [panel for panel, side in read.items() if _few(side.page.found_again, ordered=True)]
    plain = [panel for panel, side in read.items() if _few(side.page.found_again, ordered=False)]
    looked_at = {panel: side for panel, side in read.items() if panel not in faint or panel not in plain}
    not_seen = [panel for panel in ("front", "back") if panel not in looked_at]
    if not looked_at:
        return cover_identity.observe(None, flags=(Flag.FEW_FEATURES if faint else Flag.UNREADABLE,))
    strange = [panel for panel, side in looked_at.items() if not side.registered]
    reworded = [panel for panel, side in looked_at.items() if side.registered and _has_other_words(side)]
    others = {panel: side for panel, side in looked_at.items() if panel in (*strange, *reworded)}
    flags = []
    if not_seen:
        flags.append(Flag.OTHER_SIDE_NOT_SEEN)
    again = [looked_at[panel].page.found_again for panel in strange]
    if reworded or any(found is not None and found.share > SURE for found in again):
        flags.append(Flag.LIKE_ORDERED)
    if any(panel in faint or panel in plain for panel in strange):
        flags.append(Flag.FEW_FEATURES)
    detail = CoverSeenDetail(
        others=[str(panel) for panel in others], reworded=[str(panel) for panel in reworded], not_seen=not_seen
    )
    seen = tuple(Evidence(*side.scan) for side in (others or looked_at).values())
    return cover_identity.observe(float(len(others)), flags=tuple(flags), detail=detail, evidence=seen)


def _few(found: FoundAgain | None, ordered: bool) -> bool:
    """Whether a side that is not registered, as ordered or as scanned, shows too little to be told from others."""
    return found is not None and (found.ordered if ordered else found.seen) < LEAST_SQUARES


def _has_other_words(side: CoverSide) -> bool:
    """Whether several tiles of a registered side do not show the lettering or the picture ordered there."""
    import numpy as np

    tiles = side.page.tiles.read() if side.page.tiles is not None else None
    if tiles is None or tiles.contrast is None:
        return False
    detailed = np.asarray(tiles.contrast[tiles.usable & (tiles.spread > DETAILED)], np.float64)
    return bool(detailed.size and (detailed < LEAST_FOUND * np.median(detailed)).sum() >= LEAST_TILES)


@cover_identity.on_copy
def _of_copy(copy: CopyContext) -> Observation | None:
    if copy.cover is not None:
        return cover_identity(copy.cover)
    if not copy.cover_note:
        return None
    return cover_identity.observe(None, flags=(Flag.NO_WRAP,), detail=CoverSeenDetail(why=copy.cover_note))


@cover_identity.full_sentence
def _in_words(found: Observation, said: Said) -> str:
    seen = CoverSeenDetail.of(found)
    if not found.value:
        return "The cover is that of the ordered title"
    what = "other words or pictures in the design ordered" if seen.reworded else "another cover than ordered"
    return capital(f"the {' and the '.join(seen.others)} show{'s' if len(seen.others) == 1 else ''} {what}")


@measure("cover-upside-down", "count", "copy", 1, name="orientation of the cover", subject="cover")
def cover_upside_down(cover: CoverSides, block_turns: int | None) -> Observation:
    """How many sides of the cover lie upside down against the block: 0, 1 or 2.

    Parameters
    ----------
    cover : CoverSides
    block_turns : int or None
        Quarter turns that make most scans of the bound interior upright; None where no page was scanned in its book.

    Returns
    -------
    Observation
        Null without a scan of the bound interior. Always with the flag ``turned-by-hand``: nobody states that the copy was not
        turned between the scans.
    """
    seen = [side for side in cover.sides.values() if side.registered]
    if block_turns is None or not seen:
        return cover_upside_down.observe(None, flags=(Flag.NO_BOUND_PAGES if seen else Flag.NOT_REGISTERED,))
    turned = [side for side in seen if (side.page.turns - block_turns) % 4 == 2]
    flags = [Flag.TURNED_BY_HAND, *([Flag.OTHER_SIDE_NOT_SEEN] if len(seen) < 2 else [])]
    detail = {"sides": [str(side.panel) for side in turned]}
    evidence = tuple(Evidence(*side.scan) for side in turned)
    return cover_upside_down.observe(float(len(turned)), flags=tuple(flags), detail=detail, evidence=evidence)


@cover_upside_down.on_copy
def _upside_down_of_copy(copy: CopyContext) -> Observation | None:
    from qc.register.collate import usual_turns

    if copy.cover is None:
        return None
    return cover_upside_down(copy.cover, usual_turns(copy.pages) if copy.copy.scan.bound else None)


@cover_upside_down.full_sentence
def _upside_down_in_words(found: Observation, said: Said) -> str:
    sides = found.detail.get("sides", [])
    if not found.value:
        return "The cover lies on its block the right way up"
    lie = "lies" if len(sides) == 1 else "lie"
    return f"The cover's {' and '.join(sides)} {lie} upside down against the block"
