"""The pages that copies have in common, in the frame and the millimeters of one of them: the ruler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.compare.color import Shown, shown
from qc.geometry import Edge, Side, Size, edge_names, side_of
from qc.measure.copy_position import CutPlace
from qc.measure.trim_offset import trim_offset
from qc.model import BookCopy, PageKind
from qc.reference.approved_copy import CopyReference
from qc.reference.page_outline import Outline
from qc.register.page_result import PageResult

Found = Mapping[int, PageResult]
"""Registered pages of another copy, by page number of the ruler."""


@dataclass(frozen=True)
class Ruler:
    """A copy that others are laid on.

    Attributes
    ----------
    reference : CopyReference
    places : mapping of int to int
        Its usable pages by number -> ``where.page``.
    sides : mapping of int to Side
        Of these pages.
    """

    reference: CopyReference
    places: Mapping[int, int]
    sides: Mapping[int, Side]

    @property
    def copy(self) -> BookCopy:
        return self.reference.copy

    @property
    def sizes(self) -> dict[int, Size]:
        """By place."""
        return {place: self._outline(n).size for n, place in self.places.items()}

    def _outline(self, number: int) -> Outline:
        outline = self.reference.outline(number)
        assert outline is not None
        return outline

    @property
    def printed(self) -> tuple[int, ...]:
        """Numbers of the pages that are not blank."""
        return tuple(n for n in self.places if self._outline(n).kind is not PageKind.BLANK)

    def own_cuts(self) -> dict[tuple[int, Edge], CutPlace]:
        """Where the ruler itself was cut: at 0, as well as its edges were found."""
        cuts = {}
        for number in self.printed:
            for edge, u in zip(edge_names(self.sides[number]), self._outline(number).u_mm, strict=True):
                cuts[self.places[number], edge] = CutPlace(0.0, u)
        return cuts

    def cuts(self, pages: Found) -> dict[tuple[int, Edge], CutPlace]:
        """Where another copy was cut."""
        cuts = {}
        for number, page in pages.items():
            assert page.trim is not None and page.to_scan is not None
            place, scan = self.places[number], (page.job.scan.name, page.job.scan.frame)
            left, top, right, bottom = page.lines
            lines, names = (left, top, right, bottom), edge_names(self.sides[number])
            for o in trim_offset(lines, names, page.registration, page.trim, place, None, scan, page.to_scan):
                assert o.where.edge is not None
                u = float(np.hypot(o.detail["u_edge"], o.detail["u_registration"])) if o.value is not None else 0.0
                cuts[place, o.where.edge] = CutPlace(o.value, u, o.flags[0] if o.flags else "")
        return cuts

    def own_pages(self) -> dict[int, Shown]:
        """The printed pages of the ruler by place."""
        return {
            self.places[n]: Shown(self.copy.pages[self.reference.position(n) - 1], self._outline(n).to_scan)
            for n in self.printed
        }

    def pages(self, copy: BookCopy, pages: Found) -> dict[int, Shown]:
        """Those of another copy."""
        laid = {}
        for number, page in pages.items():
            if page.registration is not None and page.to_scan is not None:
                to_scan = page.to_scan.after(page.registration.to_px)
                laid[self.places[number]] = shown(page.job.scan, to_scan, copy, number, self.reference.trim)
        return laid


def base_ruler(reference: CopyReference) -> Ruler:
    """The copy whose positions count in ``where.page``."""
    pages = reference.usable
    return Ruler(reference, {n: reference.position(n) for n in pages}, {n: side_of(n) for n in pages})


def second_ruler(base: Ruler, references: Sequence[CopyReference], found: Mapping[str, Found]) -> Ruler | None:
    """For pages that the base lacks: the copy with most printed pages that are not in the base; None where no copy has any.

    They count on after the last page of the base. Which are rectos follows from the pages around them that the base has: a
    copy may lack a single page, after which its own count says otherwise.
    """
    best: tuple[CopyReference, list[int]] | None = None
    for reference in references:
        paired = {page.job.scan for page in found[reference.copy.id].values()}
        numbers = [
            n for n in base_ruler(reference).printed if reference.copy.pages[reference.position(n) - 1] not in paired
        ]
        if numbers and (best is None or len(numbers) > len(best[1])):
            best = reference, numbers
    if best is None:
        return None
    reference, numbers = best
    shift = {page.job.position: n - page.job.position for n, page in found[reference.copy.id].items()}
    places, sides = {}, {}
    for place, n in enumerate(numbers, len(base.copy.pages) + 1):
        position = reference.position(n)
        near = min(shift, key=lambda p: abs(p - position))
        places[n], sides[n] = place, side_of(position + shift[near])
    return Ruler(reference, places, sides)


def seen_paper(pages: Found) -> NDArray[np.float64] | None:
    """Light of the bare paper over registered pages; None where none shows any."""
    papers = [page.paper for page in pages.values() if page.paper is not None]
    return np.median(papers, axis=0) if papers else None
