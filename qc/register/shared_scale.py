"""Scale and shear of scanner and press, shared by the pages of a copy: what well registered ones say of them helps the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qc.geometry import Affine, Size
from qc.register.page_result import PageResult, Scale
from qc.register.register import Prior

MIN_TEACHERS = 3
"""Well registered pages needed before they tell the others what scale this scanner and press have."""
ALL_TEACH = 14
"""A copy of no more pages is measured with what all of them say."""
TEACHERS = 10
"""Pages from all over a longer one that are registered before any is measured, kept in memory side by side until then."""
NEAR_MM = 0.01
"""A map may lie so far off the one that a page was measured by: a seventh of the finest pixel that is looked at."""


def teachers(pages: int) -> list[int]:
    """Indices of the pages of a copy that tell the others its scale: all, or some from all over it."""
    if pages <= ALL_TEACH:
        return list(range(pages))
    return [int(i) for i in np.linspace(0, pages - 1, TEACHERS)]


def shared_scale(pages: Sequence[PageResult]) -> Scale:
    """What the well registered pages say of those that were scanned upright, and of those on their side; None where they are
    too few."""
    return _shared(pages, 0), _shared(pages, 1)


def _shared(pages: Sequence[PageResult], across: int) -> Prior | None:
    registrations = [p.registration for p in pages if p.registration is not None and p.turns % 2 == across]
    known = [r.linear() for r in registrations if max(r.linear_sd()) < 1e-3]
    if len(known) < MIN_TEACHERS:
        return None
    taught = np.array(known)
    center = np.median(taught, axis=0)
    derived = np.column_stack([taught[:, :2].mean(axis=1), taught[:, 0] - taught[:, 1], taught[:, 2]])
    spread = 1.4826 * np.median(np.abs(derived - np.median(derived, axis=0)), axis=0)
    spread = np.maximum(1.5 * spread, 2e-4)
    return Prior(*(float(v) for v in center), *(float(v) for v in spread))


def with_scale(page: PageResult, scale: Scale) -> PageResult:
    """The page, its registration given what its copy says of the scale."""
    prior = scale[page.turns % 2]
    if page.registration is None or prior is None:
        return page
    return replace(page, registration=page.registration.given(prior))


def with_shared_scale(pages: Sequence[PageResult]) -> list[PageResult]:
    """Give every registration what the well registered pages say of the scale and shear of this scanner and press."""
    scale = shared_scale(pages)
    return [with_scale(page, scale) for page in pages]


def lies_alike(one: Affine, other: Affine, page: Size) -> bool:
    """Whether two maps of a page put no corner of it more than `NEAR_MM` apart."""
    apart = np.hypot(*(one(page.corners()) - other(page.corners())).T)
    return float(apart.max()) <= NEAR_MM * max(one.scale)
