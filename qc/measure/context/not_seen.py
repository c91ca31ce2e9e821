"""What the scans of a copy do not show: files that could not be used, and printed pages of the reference."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from qc.geometry import mates
from qc.measure.context.page_sides import Sides
from qc.model import BookCopy, NotSeen, PageRecord, Role
from qc.reference.find import Reference
from qc.register.alignment import whole
from qc.register.collate import last_content
from qc.register.page_result import PageResult
from qc.register.thumbnails import has_content

FULL = 0.5
"""Share of the height and of the width of a page over which its print must spread: on three samples of a novel the only page below
it that is not blank is the only one too sparse to be placed."""
LIGHT = 0.5
"""Of the brightness of paper: a rim that is darker may be as dark as the backing."""


def not_seen(
    copy: BookCopy,
    pages: Sequence[PageResult],
    records: Sequence[PageRecord],
    reference: Reference | None,
    sides: Sides,
) -> list[NotSeen]:
    """Files that could not be used, then the printed reference pages that no scan shows."""
    interior = [r for r in records if r.role is Role.PAGE]
    unusable = [
        NotSeen(page.error, file=record.file, reference_page=record.reference_page)
        for page, record in zip(pages, interior, strict=True)
        if page.error
    ]
    if reference is None:
        return unusable
    seen = {r.reference_page for r in interior}
    thumbnails = reference.thumbnails()
    written = has_content(thumbnails)
    unseen = frozenset(n for n in range(1, last_content(reference) + 1) if n not in seen and written[n - 1])
    return unusable + [_page(n, unseen, seen, copy.scan.complete, sides, thumbnails[n - 1]) for n in sorted(unseen)]


def _page(
    page: int,
    unseen: frozenset[int],
    seen: Collection[int | None],
    complete: bool,
    sides: Sides,
    thumbnail: NDArray[np.uint8],
) -> NotSeen:
    beside = [n for n in mates(page, sides.odd) if n in seen]
    if beside and not any(whole((page,), seen, side) for side in sides.odd):
        why = f"only the other side of its leaf was scanned (page {beside[0]} of the book)"
        return NotSeen(why, reference_page=page, other_side=beside[0], tells_cut=_tells_cut(thumbnail))
    why = "the copy is stated complete, but no scan shows this page" if complete else "not among the scans"
    leaf = sorted((page, *mates(page, sides.odd)))
    drawn_in = len(leaf) == 2 and set(leaf) <= unseen and leaf[0] - 1 in seen and leaf[1] + 1 in seen
    fed = "; front and back of a leaf between pages that were scanned, as when a feeder draws in two leaves at once"
    return NotSeen(why + (fed if drawn_in else ""), reference_page=page, tells_cut=_tells_cut(thumbnail))


def _tells_cut(thumbnail: NDArray[np.uint8]) -> bool:
    """Whether the print of a page spreads over it in both directions, and its rim is light."""
    printed = thumbnail < 0.9 * 255
    spread = (np.ptp(np.flatnonzero(printed.any(axis=axis))) / printed.shape[1 - axis] for axis in (0, 1))
    rims = (thumbnail[:2], thumbnail[-2:], thumbnail[:, :2], thumbnail[:, -2:])
    light = all(np.quantile(rim, 0.25) > LIGHT * 255 for rim in rims)
    return bool(printed.any()) and light and all(s >= FULL for s in spread)
