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
    from qc.measure.context.cover_sides import CoverSides

SURE_LIKENESS = 0.25
"""Correlation of small pictures below which a side shows another cover. Of 111 drawn sides as ordered, all reached
0.26 and all but two were registered; sides of other covers reached 0.22."""


@measure(
    "cover-identity",
    "count",
    "copy",
    1,
    name="sides that show another cover",
    subject="sequence",
    content=True,
    of_cover=True,
)
def cover_identity(cover: CoverSides) -> Observation:
    """How many sides of the cover show another one than was ordered: 0, 1 or 2.

    Parameters
    ----------
    cover : CoverSides

    Returns
    -------
    Observation
        Null where no scan of it could be read. Flag ``other-side-not-seen`` where only one side was scanned; ``look-alike``
        where a side that is not recognized looks somewhat like the ordered one, as in bad light.

    Notes
    -----
    A side is the ordered one where its print is registered to it. What fools it: an older edition of the same design, and covers
    of a series that differ by a few words.
    """
    from qc.reference.wrap import Panel

    looked_at = {panel: side for panel, side in cover.sides.items() if not side.page.error}
    if not looked_at:
        return cover_identity.observe(None, flags=(Flag.UNREADABLE,))
    others = {panel: side for panel, side in looked_at.items() if not side.registered}
    flags = []
    if len(looked_at) < 2:
        flags.append(Flag.OTHER_SIDE_NOT_SEEN)
    if any(side.likeness > SURE_LIKENESS for side in others.values()):
        flags.append(Flag.LOOK_ALIKE)
    detail = CoverSeenDetail(
        others=[str(panel) for panel in others], not_seen=[str(p) for p in Panel if p not in looked_at]
    )
    seen = tuple(Evidence(*side.scan) for side in (others or looked_at).values())
    return cover_identity.observe(float(len(others)), flags=tuple(flags), detail=detail, evidence=seen)


@cover_identity.on_copy
def _of_copy(copy: CopyContext) -> Observation | None:
    return None if copy.cover is None else cover_identity(copy.cover)


@cover_identity.full_sentence
def _in_words(found: Observation, said: Said) -> str:
    sides = CoverSeenDetail.of(found).others
    if not sides:
        return "The cover is that of the ordered title"
    return capital(
        f"the {' and the '.join(sides)} of the cover show{'s' if len(sides) == 1 else ''} another cover than ordered"
    )


@measure(
    "cover-upside-down", "count", "copy", 1, name="sides of the cover upside down", subject="sequence", of_cover=True
)
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
    if not sides:
        return "The cover lies on its block the right way up"
    return (
        f"The {' and the '.join(sides)} of the cover lie{'s' if len(sides) == 1 else ''} upside down against the block"
    )
