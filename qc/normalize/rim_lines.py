"""Lines of one scan that may be the inner border of a rim, and scans that share one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import EdgeLine
from qc.edges.fill import filled_beyond
from qc.normalize.page_image import PageImage

PARALLEL_PX = 0.3
"""From one end of the edge to the other, in working pixels. Painted rims stay below 0.1, white ones below 0.22; a sheet laid
to 0.05 degrees does so at one edge in five, one laid by hand at one in 40."""
NEARLY_PX = 1.0
"""What is fitted on white, or beside a dark picture, may be tilted so far; it is a rim where other pages show one there."""
SAME_PX = 0.5
"""Working pixels by which the distances from the border may lie apart: a pixel of the scan, where it was reduced."""
SHARE = 1 / 3
"""Of the pages with an edge at that side, and one page more: sheets that a driver turned straight and cropped lie parallel and
at one distance on one page in 16."""


def enough(alike: int, pages: int) -> bool:
    """Whether so many lines along the pixels at one distance, out of so many pages with an edge there, are a rim."""
    return alike >= 1 + SHARE * pages


def tilt_of(ends: NDArray[np.float64]) -> tuple[int, float]:
    """Axis across a line, and how much its ends differ along that."""
    run = np.abs(ends[1] - ends[0])
    axis = int(np.argmin(run))
    return axis, float(run[axis])


def told_even(pixels: NDArray[np.uint8], lines: Sequence[EdgeLine]) -> tuple[EdgeLine, ...]:
    """The lines of a page, those that may be the inner border of a rim marked (`EdgeLine.even`)."""
    return tuple(
        replace(line, even=True)
        if line.ends is not None and tilt_of(line.ends)[1] < 2 * NEARLY_PX and filled_beyond(pixels, line.ends)
        else line
        for line in lines
    )


def rim_borders(image: PageImage, lines: Sequence[EdgeLine]) -> tuple[float | None, ...]:
    """Distance of each line of one scan from the border of the picture, in working pixels; None where it is no rim."""
    result: list[float | None] = []
    for line in told_even(image.pixels, lines):
        if line.ends is None or not line.even or tilt_of(line.ends)[1] >= PARALLEL_PX:
            result.append(None)
            continue
        axis = tilt_of(line.ends)[0]
        at, size = float(line.ends[:, axis].mean()), image.luminance.shape[1 - axis]
        result.append(min(at, size - 1 - at))
    return tuple(result)


def share_a_rim(borders: Sequence[Sequence[float | None]]) -> set[int]:
    """Which scans have a rim at the same distance (`rim_borders`) as a good part of the others."""
    found = set()
    for side in range(4):
        here = [(n, b[side]) for n, b in enumerate(borders)]
        for n, border in here:
            alike = sum(o is not None and border is not None and abs(o - border) < SAME_PX for _, o in here)
            if border is not None and enough(alike, len(here)):
                found.add(n)
    return found
