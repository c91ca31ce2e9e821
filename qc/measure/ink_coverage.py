"""Share of a page that is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qc.flags import Flag
from qc.measure.registry import measure
from qc.model import Observation, Where

if TYPE_CHECKING:
    from qc.measure.context.copy_context import PageContext


@measure("ink-coverage", "fraction", "page", 2, name="ink coverage")
def ink_coverage(page: PageContext) -> Observation:
    """Share of the page area that is printed, away from its rim.

    Returns
    -------
    Observation
        0 to 1; `detail` says what the page was taken for, and what its marks look like where they are few. Null for a scan
        that cannot be read.

    Notes
    -----
    Ink is what is darker than the paper around it, letters and solids alike (`qc.normalize.ink` has the limits). Show-through,
    stains and shadows do not count; toner paler than 15 % of the paper's light is missed.
    """
    where, ink = Where(page=page.position), page.page.ink
    if ink is None or page.page.error:
        return ink_coverage.observe(None, where=where, flags=(Flag.UNREADABLE,))
    detail = {"kind": str(page.record.kind), "look": str(ink.look)}
    return ink_coverage.observe(ink.coverage, ink.u, where, detail=detail)
