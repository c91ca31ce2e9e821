"""Position of the cut edge against the trim line of the registered page."""

from __future__ import annotations

import numpy as np

from qc.catalog import MEASURES
from qc.edges import EdgeLine
from qc.flags import Flag
from qc.geometry import Affine, Edge, Points, Size
from qc.model import Evidence, Observation, Where
from qc.register import FEW_TILES, Registration

U_SYSTEM_MM = 0.010
"""Tone curve, sharpening and edge shape on a dark backing; does not average out within a copy."""
U_WOBBLE_MM = 0.008
MAX_U_MM = 0.15
MAX_OFFSET_MM = 15.0

_SIDES = ((0, 3), (1, 0), (2, 1), (3, 2))
"""Corner indices of the left, top, right and bottom side, in the order in which paper lies to the right hand."""


def side_ends(corners: Points, side: int) -> Points:
    """End points of side 0..3 (left, top, right, bottom), walked so that the paper lies to the right."""
    a, b = ((3, 0), (0, 1), (1, 2), (2, 3))[side]
    return corners[[a, b]]


def _intersection(p: Points, q: Points) -> Points:
    """Point where the lines through the pairs `p` and `q` meet."""
    d, e = p[1] - p[0], q[1] - q[0]
    t = np.linalg.solve(np.column_stack([d, -e]), q[0] - p[0])
    return p[0] + t[0] * d


def trim_offset(
    lines: tuple[EdgeLine, EdgeLine, EdgeLine, EdgeLine],
    names: tuple[Edge, Edge, Edge, Edge],
    registration: Registration | None,
    trim: Size,
    page: int,
    reason: Flag | None,
    scan: tuple[str, int],
    to_scan: Affine,
) -> list[Observation]:
    """Distance from trim line to cut edge, averaged along the whole edge, in reference millimeters.

    Parameters
    ----------
    lines : tuple of EdgeLine
        Left, top, right and bottom edge in working pixels.
    names : tuple of Edge
        What these edges are on this side of the leaf.
    registration : Registration or None
        Page-frame mm -> working pixels.
    trim : Size
    page : int
        Position among the scanned interior pages, 1-based.
    reason : Flag or None
        Why nothing is measured on this page at all.
    scan : tuple of (str, int)
        File name and frame, for the evidence.
    to_scan : Affine
        Working pixels -> scan pixels.

    Returns
    -------
    list of Observation
        One an edge. Positive: the cut lies outside the trim line, paper is left over; negative: cut too deep. Because print
        and edge are read in the same pixels, the scales of press and scanner drop out.

    Notes
    -----
    u joins the edge fit, the registration at the middle of the edge (scatter of the tiles, lever arm and prior), the
    scanner's local wobble, and a systematic term. What fools it: a page whose print is itself misplaced (placement jitter,
    1 mm class on a press); judge the block, report the page.
    """
    measure = MEASURES["trim-offset"]
    result = []
    for side, (name, line) in enumerate(zip(names, lines, strict=True)):
        where = Where(page=page, edge=name)
        horizontal = side in (1, 3)
        flag = reason or line.flag
        if flag is None and registration is None:
            flag = Flag.NOT_REGISTERED
        if flag is None and registration is not None and not registration.observable[1 if horizontal else 0]:
            flag = Flag.SPARSE if registration.tiles < FEW_TILES else Flag.PERIODIC
        if flag is not None or registration is None or line.ends is None:
            result.append(measure.observe(None, where=where, flags=(flag or Flag.EDGE_NOT_FOUND,)))
            continue
        to_mm = registration.to_px.inverse()
        cut = to_mm(line.ends)
        nominal = side_ends(trim.corners(), side)
        ends = []
        for neighbor, corner in (((side - 1) % 4, 0), ((side + 1) % 4, 1)):
            other = lines[neighbor].ends
            across = to_mm(other) if other is not None else side_ends(trim.corners(), neighbor)
            ends.append(_intersection(cut, across) if corner == 0 else _intersection(cut, across))
        axis = 1 if horizontal else 0
        sign = -1.0 if side in (0, 1) else 1.0
        offset = sign * float(np.mean([e[axis] for e in ends]) - nominal[0, axis])
        middle = np.array([trim.width_mm, trim.height_mm]) / 2
        middle[axis] = nominal[0, axis]
        normal = np.array([0.0, 1.0]) if horizontal else np.array([1.0, 0.0])
        u_edge = line.u_px / registration.to_px.scale[axis]
        u_register = registration.u_across(middle, normal)
        u = float(np.sqrt(u_edge**2 + u_register**2 + U_SYSTEM_MM**2 + U_WOBBLE_MM**2))
        detail = {
            "cut_mm": np.round(ends, 4).tolist(),
            "trim_mm": nominal.tolist(),
            "u_edge": round(u_edge, 5),
            "u_registration": round(u_register, 5),
            "residual": round(registration.residual_mm, 4),
            "correlation": round(registration.correlation, 3),
        }
        if u > MAX_U_MM or abs(offset) > MAX_OFFSET_MM:
            flag = Flag.SPARSE if u_register > 0.7 * u else Flag.U_TOO_LARGE
            if abs(offset) > MAX_OFFSET_MM:
                flag = Flag.EDGE_NOT_FOUND
            result.append(measure.observe(None, where=where, flags=(flag,), detail=detail))
            continue
        center = np.mean(ends, axis=0)
        box = (center[0] - 20, center[1] - 15, center[0] + 20, center[1] + 15)
        corners_px = to_scan.after(registration.to_px)(
            np.array([[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]])
        )
        lo, hi = corners_px.min(axis=0), corners_px.max(axis=0)
        evidence = Evidence(
            scan[0], scan[1], (float(lo[0]), float(lo[1]), float(hi[0]), float(hi[1])), tuple(map(float, box))
        )  # type: ignore[arg-type]
        result.append(measure.observe(offset, u, where, detail=detail, evidence=(evidence,)))
    return result
