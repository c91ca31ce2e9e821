"""Where the cuts of a registered page lie against its trim lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qc.flags import Flag
from qc.geometry import SIDES, Affine, Box, Points, Size, meet
from qc.measure.details import CutDetail, TrimOffsetDetail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qc.edges.dark_backing import EdgeLine
    from qc.register.register import Registration

LOCAL_SHARE = 1.3
"""The edge is displaced by local distortion as much as the tiles of the print are, by their spread along that axis."""
WOBBLE_SHARE = 2.3
"""The same of what they spread more along one axis than along the other: rows that wobble as a feeder draws the sheet move
an edge as a whole, and the map follows them in part. On drawn pages (5 x 3.5 in, rows off by 0.25 and 0.5 px at 200 dpi) the
errors are then 0.93 u in the root mean square, 98 % within 2 u, and a quarter more edges are refused; with `LOCAL_SHARE`
1.26 u and 88 %."""
MAX_U_MM = 0.15
"""Of what differs from page to page; what all pages of a copy share is carried, however large."""
MAX_OFFSET_MM = 15.0
TURNED_DEG = 1.0
"""A print that is turned by more against its sheet is measured as if it lay straight: along its own axes the paper would
seem 0.2 % smaller at 4 degrees, 2 % at 12. Below it, that is 0.03 mm at most."""
ANISOTROPIC = 0.005
"""Difference of the scales along x and y that a usual scanner may have; a larger one bends every angle that is not square."""
VIEW_MM = (20.0, 15.0)
"""Half width and height of what the evidence shows around the middle of the edge."""


def side_ends(corners: Points, side: int) -> Points:
    """End points of side 0..3 (left, top, right, bottom), walked so that the paper lies to the right."""
    return corners[list(SIDES[side])]


@dataclass(frozen=True)
class CutPlace:
    """A cut against its trim line.

    Attributes
    ----------
    offset, u : float or None
        In mm, > 0: the cut lies outside the trim line; None where `flag` says why it is not known.
    detail : CutDetail
    view_mm : tuple of float, or None
        What evidence shows around the middle of the edge, in page-frame mm.
    """

    offset: float | None
    u: float | None
    detail: CutDetail
    flag: Flag | None = None
    view_mm: Box | None = None


def cut_places(
    lines: Sequence[EdgeLine],
    registration: Registration | None,
    trim: Size,
    reason: Flag | None = None,
    u_trim_mm: float = 0.0,
) -> list[CutPlace]:
    """Where the left, top, right and bottom cut of a page lie; described at `trim-offset`.

    Parameters
    ----------
    lines : sequence of EdgeLine
        In working pixels.
    registration : Registration or None
        Page-frame mm -> working pixels.
    trim : Size
    reason : Flag or None
        Why nothing is measured on this page at all.
    u_trim_mm : float
        Standard uncertainty of the trim line itself.
    """
    cuts: list[Points | None] = [None] * 4
    if registration is not None:
        to_mm = registration.to_px.inverse()
        cuts = [None if line.ends is None else to_mm(line.ends) for line in lines]
    straight = _straightened(cuts, trim)
    places = []
    for side, line in enumerate(lines):
        flag = reason or _not_placed(line, registration, side % 2)
        if flag is not None or registration is None or line.ends is None:
            beyond = None
            if flag is None and registration is not None and line.frame is not None:
                beyond = _cut_beyond(line.frame, side, registration, trim, u_trim_mm)
            flag = flag or line.flag or Flag.EDGE_NOT_FOUND
            places.append(CutPlace(None, None, CutDetail(cut_beyond_mm=beyond), flag))
            continue
        ends = (_ends(cuts, side, trim), _ends(straight, side, trim))
        places.append(_place(line, side, registration, trim, ends, u_trim_mm))
    return places


def _place(
    line: EdgeLine,
    side: int,
    registration: Registration,
    trim: Size,
    ends: tuple[list[Points], list[Points]],
    u_trim_mm: float,
) -> CutPlace:
    """Of a cut that was found, by its ends as it lies and as it lay if the print were straight."""
    axis = side % 2
    nominal = side_ends(trim.corners(), side)
    sign = -1.0 if side in (0, 1) else 1.0
    offset = sign * float(np.mean([e[axis] for e in ends[1]]) - nominal[0, axis])
    u_edge = line.u_px / registration.to_px.scale[axis]
    u_register = registration.u_across(nominal.mean(axis=0), np.eye(2)[axis])
    u_local = _u_local(registration, axis)
    u_own = float(np.sqrt(u_edge**2 + u_register**2 + u_local**2 + u_trim_mm**2))
    scale_x, scale_y, _ = registration.linear()
    detail = TrimOffsetDetail(
        cut_mm=np.round(ends[0], 4).tolist(),
        trim_mm=nominal.tolist(),
        u_edge=round(u_edge, 5),
        u_registration=round(u_register, 5),
        u_local=round(u_local, 5),
        u_system=round(line.u_shape_mm, 5),
        correlation=round(registration.correlation, 3),
        repeats=registration.repeats,
        anisotropy=round(scale_x - scale_y, 5) if abs(scale_x - scale_y) > ANISOTROPIC else None,
    )
    if abs(offset) > MAX_OFFSET_MM:
        return CutPlace(None, None, detail, Flag.EDGE_NOT_FOUND)
    if u_own > MAX_U_MM:
        return CutPlace(None, None, detail, Flag.SPARSE if u_register > 0.7 * u_own else Flag.U_TOO_LARGE)
    return CutPlace(offset, float(np.hypot(u_own, line.u_shape_mm)), detail, view_mm=_view(ends[0]))


def _cut_beyond(frame: Points, side: int, registration: Registration, trim: Size, u_trim_mm: float) -> float | None:
    """Offset (mm) at or outside of which the cut lies, as the paper reaches the frame; twice its u is taken off. None where that
    is too large."""
    axis = 1 if side in (1, 3) else 0
    nominal = side_ends(trim.corners(), side)
    middle = nominal.mean(axis=0)
    across = np.array([middle, middle + np.eye(2)[axis]])
    at = meet(registration.to_px.inverse()(frame), across)
    sign = -1.0 if side in (0, 1) else 1.0
    u_register = registration.u_across(middle, np.eye(2)[axis])
    u = float(np.sqrt(u_register**2 + _u_local(registration, axis) ** 2 + u_trim_mm**2))
    return None if u > MAX_U_MM else round(sign * float(at[axis] - middle[axis]) - 2 * u, 3)


def _u_local(registration: Registration, axis: int) -> float:
    """Standard uncertainty of an edge across `axis` by what no affine map follows, mm."""
    own, other = registration.residual_mm[axis], registration.residual_mm[1 - axis]
    wobble = float(np.sqrt(max(own**2 - other**2, 0.0)))
    return float(np.hypot(LOCAL_SHARE * min(own, other), WOBBLE_SHARE * wobble))


def _ends(cuts: Sequence[Points | None], side: int, trim: Size) -> list[Points]:
    """Where a cut meets its neighbors, or their trim lines where these were not found."""
    cut = cuts[side]
    assert cut is not None
    ends = []
    for neighbor in ((side - 1) % 4, (side + 1) % 4):
        other = cuts[neighbor]
        ends.append(meet(cut, side_ends(trim.corners(), neighbor) if other is None else other))
    return ends


def _straightened(cuts: Sequence[Points | None], trim: Size) -> list[Points | None]:
    """The cuts (page-frame mm, walked around the page) turned back about the middle of the trim."""
    angles = []
    for side, cut in enumerate(cuts):
        if cut is not None:
            a, b = cut[1] - cut[0], np.diff(side_ends(trim.corners(), side), axis=0)[0]
            angles.append(float(np.rad2deg(np.arctan2(b[0] * a[1] - b[1] * a[0], a @ b))))
    turn = float(np.median(angles)) if angles else 0.0
    if abs(turn) < TURNED_DEG:
        return list(cuts)
    middle = trim.corners().mean(axis=0)
    back = Affine.shift(*middle).after(Affine.rotation(-turn)).after(Affine.shift(*-middle))
    return [None if cut is None else back(cut) for cut in cuts]


def _view(ends: Sequence[Points]) -> tuple[float, float, float, float]:
    """Box around the middle of an edge, in page-frame mm."""
    x, y = (float(v) for v in np.mean(ends, axis=0))
    return x - VIEW_MM[0], y - VIEW_MM[1], x + VIEW_MM[0], y + VIEW_MM[1]


def _not_placed(line: EdgeLine, registration: Registration | None, axis: int) -> Flag | None:
    """Why the print of a page does not tell a place along `axis`; None where it does, or where the edge says why there is none."""
    if registration is None:
        return Flag.NOT_REGISTERED if line.flag is None else None
    if registration.observable[axis]:
        return None
    return Flag.SPARSE if registration.sparse else Flag.PERIODIC
