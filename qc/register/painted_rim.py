"""Rims that a scanner's driver painted over the pages, told from the cuts of the paper over all pages of a copy.

A driver paints along rows and columns of pixels, equally wide on every scan. No sheet lies exactly parallel to the
pixels page after page, and at the same distance from the border of the picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qc.edges.dark_backing import EdgeLine
from qc.features.text_placement import OwnPage
from qc.flags import Flag
from qc.normalize.rim_lines import NEARLY_PX, PARALLEL_PX, SAME_PX, enough, tilt_of
from qc.register.page_result import PageResult

TURNED_DEG = 0.2
"""Print turned against a rim by more shows on one page what it is; cuts are turned against their print by 0.12 degrees
(1 sigma)."""
FEW = 3
"""Edges that are no rims from which on they tell how print lies against the cuts of a copy."""


@dataclass(frozen=True)
class _Line:
    page: int
    line: int
    side: int
    border_px: float
    same_px: float
    parallel: bool
    nearly: bool
    turn_deg: float


def without_painted_rims(pages: Sequence[PageResult]) -> list[PageResult]:
    """The pages of a copy, rims taken for their cuts refused with `Flag.PAINTED_RIM`.

    A line is a rim where all beyond it has one value, it runs along the pixels, and either a good part of the copy has
    one at the same distance from the same side of the scan, or the print of its page is turned against it otherwise than
    against the other edges of the copy, whose print may lie crooked on all its sheets.
    """
    lines = list(_lines(pages))
    others = [line.turn_deg for line in lines if not line.nearly]
    usual = float(np.median(others)) if len(others) >= FEW else 0.0
    result = list(pages)
    for side in range(4):
        here = [line for line in lines if line.side == side]
        for line in here:
            alike = sum(o.parallel and abs(o.border_px - line.border_px) < line.same_px for o in here)
            turned = abs(line.turn_deg - usual) > TURNED_DEG
            if (line.parallel and turned) or (line.nearly and enough(alike, len(here))):
                result[line.page] = _refused(result[line.page], line.line)
    return result


def _lines(pages: Sequence[PageResult]) -> Iterator[_Line]:
    """The edges found on all pages, as they lie in the scans."""
    for n, page in enumerate(pages):
        if page.to_scan is None or page.size_px is None:
            continue
        for k, line in enumerate(page.lines):
            if line.ends is None:
                continue
            ends = page.to_scan(line.ends)
            axis, tilt = tilt_of(ends)
            at, size = float(ends[:, axis].mean()), page.size_px[axis]
            last = at > size / 2
            scale, turn = float(np.mean(page.to_scan.scale)), 0.0
            if page.registration is not None:
                x, y = page.registration.to_px.matrix[:, 1 - k % 2]
                along = line.ends[1] - line.ends[0]
                turn = float(np.arctan2(abs(x * along[1] - y * along[0]), abs(x * along[0] + y * along[1])))
            yield _Line(
                n,
                k,
                2 * axis + last,
                size - 1 - at if last else at,
                SAME_PX * max(scale, 1.0),
                line.even and tilt < PARALLEL_PX * scale,
                line.even and tilt < NEARLY_PX * scale,
                float(np.rad2deg(turn)),
            )


def _refused(page: PageResult, line: int) -> PageResult:
    lines = list(page.lines)
    lines[line] = EdgeLine(None, flag=Flag.PAINTED_RIM)
    # What a page says by itself is measured from its cuts.
    own = page.own and OwnPage(page.own.position, page.own.side, flag=str(Flag.PAINTED_RIM))
    slivers = tuple(s for s in page.slivers if s.side != line)
    return replace(page, lines=tuple(lines), slivers=slivers, own=own)
