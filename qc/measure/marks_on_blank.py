"""Blobs and streaks on pages that carry nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qc.flags import Flag
from qc.measure.registry import part
from qc.model import Evidence, Observation, PageKind, Where

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qc.geometry import Affine
    from qc.measure.context.copy_context import PageContext
    from qc.normalize.page_kind import Mark


@part("print-defect")
def marks_on_blank(
    marks: Sequence[Mark], page: int, scan: tuple[str, int], to_scan: Affine | None, glass_seen: bool = False
) -> Iterator[Observation]:
    """Blobs and streaks on a page that is blank but for them: one observation for each code.

    Parameters
    ----------
    marks : sequence of Mark
    page : int
        Position among the scanned interior pages, 1-based.
    scan : tuple of (str, int)
        File name and frame.
    to_scan : Affine or None
        Pixels of the marks -> pixels of the scan.
    glass_seen : bool
        A scan of the empty glass was seen, and these marks are not on it.

    Yields
    ------
    Observation
        Number of marks of the code "spot" or "streak", with the flag ``dirt-or-ink``: a page alone does not tell the two apart;
        ``stain-or-ink`` where the empty glass is clean there.

    Notes
    -----
    Marks smaller than 1.4 mm are dust or specks of the paper and are not counted. A large speck on the glass is counted.
    """
    for code in ("spot", "streak"):
        mine = [m for m in marks if m.code == code]
        if mine and to_scan is not None:
            boxes = [[round(v, 2) for v in m.box_mm] for m in mine]
            evidence = tuple(_evidence(m, scan, to_scan) for m in mine)
            yield marks_on_blank.observe(
                float(len(mine)),
                0.0,
                Where(page=page),
                (Flag.STAIN_OR_INK if glass_seen else Flag.DIRT_OR_INK,),
                detail={"code": code, "boxes_mm": boxes},
                evidence=evidence,
            )


@marks_on_blank.on_page
def _of_page(page: PageContext) -> Iterator[Observation]:
    seen = page.page
    if seen.ink is None or seen.error or page.record.kind is not PageKind.BLANK:
        return iter(())
    return marks_on_blank(seen.ink.marks, page.position, page.scan, seen.to_scan, seen.glass_seen)


def _evidence(mark: Mark, scan: tuple[str, int], to_scan: Affine) -> Evidence:
    x0, y0, x1, y1 = mark.box_px
    corners = to_scan([[x0, y0], [x1, y0], [x0, y1], [x1, y1]])
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return Evidence(*scan, (float(left), float(top), float(right), float(bottom)), mark.box_mm)
