"""Strips of bare paper that a picture leaves at the cut it was ordered to run over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qc.geometry import Affine, Edge
from qc.measure.registry import part
from qc.model import Observation, Where, evidence_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qc.features.white_strips import Sliver
    from qc.measure.context.copy_context import PageContext

VIEW_MM = 3.0


@part("print-defect")
def white_sliver(
    slivers: Sequence[Sliver],
    names: tuple[Edge, Edge, Edge, Edge],
    position: int,
    scan: tuple[str, int],
    page_to_scan: Affine,
    bench_cut: bool,
) -> Iterator[Observation]:
    """Strips of bare paper between picture and cut, one an edge.

    Parameters
    ----------
    slivers : sequence of Sliver
        Of a registered page.
    names : tuple of Edge
        What left, top, right and bottom are on this side of the leaf.
    position : int
        Of the page among the interior pages, 1-based.
    scan : tuple of (str, int)
        File name and frame.
    page_to_scan : Affine
        Page-frame mm -> scan pixels.
    bench_cut : bool
        The spine edge was cut by the bench; what lies there was in the fold.

    Yields
    ------
    Observation
        ``print-defect`` with code ``white-sliver``, value 1, the mean width of the strip and its standard uncertainty in the
        detail as ``width_mm`` and ``u_width_mm``; none where no strip of 0.4 mm or more shows.

    Notes
    -----
    A picture that ends at the trim line because its file has no bleed leaves the same strip, and so does a leaf below that
    shows beyond the cut: a person looks.
    """
    for sliver in slivers:
        edge = names[sliver.side]
        if bench_cut and edge is Edge.SPINE:
            continue
        x0, y0, x1, y1 = sliver.box_mm
        view = (x0 - VIEW_MM, y0 - VIEW_MM, x1 + VIEW_MM, y1 + VIEW_MM)
        detail = {
            "code": "white-sliver",
            "width_mm": round(sliver.width_mm, 2),
            "u_width_mm": round(sliver.u_mm, 3),
            "boxes_mm": [[round(v, 2) for v in sliver.box_mm]],
        }
        yield white_sliver.observe(
            1.0, 0.0, Where(page=position, edge=edge), (), detail, (evidence_at(scan, view, page_to_scan),)
        )


@white_sliver.on_page
def _of_page(page: PageContext) -> Iterator[Observation]:
    if not page.page.slivers or page.to_scan is None:
        return iter(())
    return white_sliver(page.page.slivers, page.edges, page.position, page.scan, page.to_scan, page.copy.bench_cut)
