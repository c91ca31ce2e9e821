"""Several copies of one title: the colors of each against the others, on the pages of their reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from qc.compare.color import Capture, CopyPages, observe_between
from qc.features.color_tiles import ColorTiles
from qc.judge.policy import Policy
from qc.judge.rejudge import judged_again
from qc.measure.context.copies_context import of_copy
from qc.measure.copy_color import CopyColorDetail
from qc.model import Inspection, Observation, Role


@dataclass(frozen=True)
class CopyColors:
    """What is stored of the colors of an inspected copy.

    Attributes
    ----------
    pages : mapping of int to ColorTiles
        By position among the interior scans.
    capture : Capture
    trim_known : bool
        The trim of the reference is; where it is not, what lies beyond the cut is no color of the page.
    """

    pages: Mapping[int, ColorTiles]
    capture: Capture
    trim_known: bool


def with_copy_colors(
    inspected: Sequence[tuple[Inspection, CopyColors]], policy: Policy, step: Callable[[], None] = lambda: None
) -> list[Inspection]:
    """Inspections with what measures between the copies observe, their colors above all, judged again.

    Parameters
    ----------
    inspected : sequence of (Inspection, CopyColors)
        Of two or more copies that were inspected against one reference.
    policy : Policy
        That they were judged by.
    step : callable, optional
        Called after each page.

    Returns
    -------
    list of Inspection
        In the same order. Each gets those observations over all pages that speak of its copy; `max_page` in their detail
        is a position in that copy. Pages that were not registered are not compared.
    """
    copies = [CopyPages(i.copy.id, _by_reference_page(i, colors), colors.capture) for i, colors in inspected]
    seen = observe_between(copies, inspected={i.copy.id: i for i, _ in inspected}, step=step)
    return [
        judged_again(i, [_seen_from(i, o) for o in of_copy(i.copy.id, seen)], i.reference, policy) for i, _ in inspected
    ]


def _by_reference_page(inspection: Inspection, colors: CopyColors) -> dict[int, ColorTiles]:
    found: dict[int, ColorTiles] = {}
    for position, record in enumerate((r for r in inspection.pages if r.role is Role.PAGE), 1):
        if record.reference_page is not None and position in colors.pages:
            found.setdefault(record.reference_page, colors.pages[position])
    return found


def _seen_from(inspection: Inspection, observation: Observation) -> Observation:
    """The observation with its page counted as in this copy."""
    detail = CopyColorDetail.of(observation)
    if detail.max_page is None:
        return observation
    interior = [r for r in inspection.pages if r.role is Role.PAGE]
    position = next((p for p, r in enumerate(interior, 1) if r.reference_page == detail.max_page), None)
    return replace(observation, detail=replace(detail, max_page=position).to_json())
