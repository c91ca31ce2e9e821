"""What the pages of a copy say of each other: rectos against versos, placement jitter, size against the trim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qc.features.text_placement import AXES, MIN_PAGES, U_LOCAL_MM, OwnPage, Placement, placement
from qc.flags import Flag, most_common
from qc.geometry import Edge, Side, Size
from qc.measure.details import PlacementDetail
from qc.measure.registry import measure, part
from qc.measure.words import Said, shift_in_words
from qc.model import Detail, Observation, Where
from qc.stats import mean_over_pages
from qc.units import parse_trim

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qc.measure.context.copy_context import CopyContext

MAX_U_MM = 0.5
ALIKE_MM = 1.0
"""Left margins that differ by less than this on both sides may be meant to be alike."""
BENCH_CUT_MM = 8.0
"""What a bench may take off the spine of a leaf when the trim is not known."""


@measure(
    "print-position-recto-verso",
    "mm",
    "copy",
    1,
    name="print position on fronts and backs",
    subject="cut",
)
def print_position_recto_verso(
    pages: Sequence[OwnPage], trim: Size | None = None, bench_cut: bool = True, counted: bool = False
) -> list[Observation]:
    """Shift of the print of versos against that of rectos, relative to the cuts, from the pages of the copy alone.

    Parameters
    ----------
    pages : sequence of OwnPage
    trim : Size or None
        As stated, or the nearest standard trim.
    bench_cut : bool
        The spine edges were cut to scan the sheets.
    counted : bool
        All pages of the copy were scanned in order, so that their position tells the side.

    Returns
    -------
    list of Observation
        One an axis, in mm. ``x`` > 0: the print of versos lies further from the fore-edge than that of rectos; ``y`` >
        0: it lies further from the head. `detail` holds the shift, its u, jitter and drift, the marks used and the
        number of pages of each side.

    Notes
    -----
    Taken for granted is that the book mirrors its pages: the same distances from fore-edge and head on both sides. If
    one side is off its place by a and the other by b, the value is a - b; a part common to both is not to be seen. The
    shift is then at most twice what the worse side is off by. At least three pages of each side must share two marks
    of the print. u joins the scatter of the pages with Student's factor, what distinguishes the start from the end of a
    line, the distortion of a scanner between left and right, and 0.5 % of the value for its resolution.

    Not measured where both sides look set alike instead of mirrored: the left margins agree and the outer ones do not.
    What fools it: a book designed with other margins on rectos than on versos, where all marks move together.
    """
    result = []
    for axis in AXES:
        found = placement(pages, axis, counted)
        where = Where(axis=axis)
        if isinstance(found, Flag):
            result.append(print_position_recto_verso.observe(None, where=where, flags=(_reason(pages, axis, found),)))
            continue
        detail = _detail(pages, found)
        if found.u_shift > MAX_U_MM:
            result.append(
                print_position_recto_verso.observe(None, where=where, flags=(Flag.U_TOO_LARGE,), detail=detail)
            )
        elif axis == "x" and _may_be_alike(pages, found, trim, bench_cut):
            result.append(
                print_position_recto_verso.observe(None, where=where, flags=(Flag.NOT_MIRRORED,), detail=detail)
            )
        else:
            result.append(print_position_recto_verso.observe(found.shift, found.u_shift, where, detail=detail))
    return result


@print_position_recto_verso.on_copy
def _of_copy(copy: CopyContext) -> list[Observation]:
    if copy.reference is None:
        own = _alone(copy)
        return print_position_recto_verso(own.pages, own.trim, own.bench_cut, own.counted)
    return recto_verso_of_offsets(copy.offsets, dict(enumerate(copy.sides.names, 1)))


@print_position_recto_verso.full_sentence
def _in_words(shift: Observation, said: Said) -> str:
    return f"Leaf backs are printed {shift_in_words(shift, said.size)} than fronts"


@dataclass(frozen=True, kw_only=True)
class OwnSizeDetail(Detail):
    """Of the pages of a copy without a reference, in mm: their size, the trim it is held against, whether that was stated, and by
    how much their corners are not square."""

    size: float | None
    u_size: float = 0.0
    trim: float | None
    stated: bool = False
    out_of_square_deg: float | None
    pages: int = 0


@dataclass(frozen=True)
class _Alone:
    """The pages of a copy without a reference, and what is known of its trim."""

    pages: list[OwnPage]
    trim: Size | None
    stated: bool
    bench_cut: bool
    counted: bool


def _alone(copy: CopyContext) -> _Alone:
    from qc.features.own_page import nearest_trim

    of = copy.copy
    bench_cut = of.scan.spine != "printer"
    pages = [p.own for p in copy.pages if p.own is not None]
    sizes = [(p.size.width_mm, p.size.height_mm) for p in pages if p.size is not None]
    stated = Size(*parse_trim(of.reference.trim)) if of.reference.trim else None
    trim = stated
    if stated is None and sizes:
        width, height = np.median(sizes, axis=0)
        trim = nearest_trim(Size(float(width), float(height)), bench_cut)
    counted = of.scan.complete or of.pages_expected == len(of.pages)
    return _Alone(pages, trim, stated is not None, bench_cut, counted)


def recto_verso_of_offsets(offsets: Sequence[Observation], sides: Mapping[int, Side]) -> list[Observation]:
    """The shift of `print_position_recto_verso` where there is a reference: from the trim offsets of the pages.

    Parameters
    ----------
    offsets : sequence of Observation
        `trim-offset` of the pages.
    sides : mapping of int to Side
        Of the scanned pages by position.

    Returns
    -------
    list of Observation
        As `print_position_recto_verso`. Nothing is taken for granted of the design here: offsets are those from it.
    """
    result = []
    for axis, edge in (("x", Edge.FORE_EDGE), ("y", Edge.HEAD)):
        here = [o for o in offsets if o.where.edge is edge]
        known = [o for o in here if o.value is not None and o.where.page is not None]
        groups = [[o for o in known if sides[o.where.page or 0] is side] for side in Side]
        where = Where(axis=axis)
        if min(map(len, groups)) < MIN_PAGES:
            result.append(print_position_recto_verso.observe(None, where=where, flags=(Flag.FEW_PAGES,)))
            continue
        (recto, u_recto, _), (verso, u_verso, _) = (
            mean_over_pages(np.array([o.value for o in g], float), np.array([o.u or 0.0 for o in g]), 0.0)
            for g in groups
        )
        u = float(np.hypot(np.hypot(u_recto, u_verso), U_LOCAL_MM[axis]))
        detail = {"rectos": len(groups[0]), "versos": len(groups[1])}
        result.append(print_position_recto_verso.observe(verso - recto, u, where, detail=detail))
    return result


@part("print-position-jitter")
def own_jitter(pages: Sequence[OwnPage], counted: bool = False) -> list[Observation]:
    """Placement jitter of the print from the pages of the copy alone, as `print-position-jitter`, one an axis, in mm.

    Returns
    -------
    list of Observation
        Standard deviation of the placement about the mean of each side, the measuring taken out; robust. `detail`
        holds the drift from the first to the last page and its u.
    """
    result = []
    for axis in AXES:
        found = placement(pages, axis, counted)
        if isinstance(found, Flag):
            flags = (_reason(pages, axis, found),)
            result.append(own_jitter.observe(None, where=Where(axis=axis), flags=flags))
        else:
            result.append(
                own_jitter.observe(found.jitter, found.u_jitter, Where(axis=axis), detail=_detail(pages, found))
            )
    return result


@own_jitter.on_copy
def _jitter_alone(copy: CopyContext) -> list[Observation]:
    if copy.reference is not None:
        return []
    own = _alone(copy)
    return own_jitter(own.pages, own.counted)


@part("trim-size-block")
def own_size(pages: Sequence[OwnPage], trim: Size | None, stated: bool, bench_cut: bool) -> list[Observation]:
    """Size of the cut block against the stated or the nearest standard trim, as `trim-size-block`, in mm.

    Parameters
    ----------
    pages : sequence of OwnPage
    trim : Size or None
        What it is held against.
    stated : bool
        That trim was stated for this copy. A nearest standard trim proves nothing: the book may be of any size.
    bench_cut : bool
        The spine edges were cut to scan the sheets: the width says nothing of the printer.

    Returns
    -------
    list of Observation
        ``height`` and ``width``; > 0: larger than the trim; measured only where that is stated. `detail` holds the
        size itself, the trim it was held against, and the deviation of the corners from a right angle.

    Notes
    -----
    The resolution of the scans makes nearly all of u: 0.5 % of the size without a scanner profile, else as the profile
    has it.
    """
    sizes = [p for p in pages if p.size is not None]
    result = []
    for axis in ("height", "width"):
        where = Where(axis=axis)
        reason: Flag | str | None = None
        if len(sizes) < MIN_PAGES:
            flags = [p.flag for p in pages if p.flag]
            reason = most_common(flags) or Flag.FEW_PAGES
        elif axis == "width" and bench_cut:
            reason = Flag.BENCH_CUT
        if reason is not None:
            result.append(own_size.observe(None, where=where, flags=(str(reason),), detail={"pages": len(sizes)}))
            continue
        edges = (Edge.HEAD, Edge.TAIL) if axis == "height" else (Edge.SPINE, Edge.FORE_EDGE)
        values = np.array([p.size.height_mm if axis == "height" else p.size.width_mm for p in sizes if p.size])
        page_u = np.array([np.hypot(p.u_cut_mm[edges[0]], p.u_cut_mm[edges[1]]) for p in sizes])
        u_scale = max(p.u_scale[axis == "height"] for p in sizes)
        size, u, _ = mean_over_pages(values, page_u, u_scale * float(np.median(values)))
        ordered = None if trim is None else trim.height_mm if axis == "height" else trim.width_mm
        corners = [p.out_of_square_deg for p in sizes if p.out_of_square_deg is not None]
        detail = OwnSizeDetail(
            size=round(size, 3),
            u_size=round(u, 3),
            trim=None if ordered is None else round(ordered, 3),
            stated=stated,
            out_of_square_deg=round(float(np.median(corners)), 3) if corners else None,
            pages=len(sizes),
        )
        if stated and ordered is not None:
            result.append(own_size.observe(size - ordered, u, where, detail=detail))
        else:
            result.append(own_size.observe(None, where=where, flags=(Flag.TRIM_NOT_STATED,), detail=detail))
    return result


@own_size.on_copy
def _size_alone(copy: CopyContext) -> list[Observation]:
    if copy.reference is not None:
        return []
    own = _alone(copy)
    return own_size(own.pages, own.trim, own.stated, own.bench_cut)


def _may_be_alike(pages: Sequence[OwnPage], found: Placement, trim: Size | None, bench_cut: bool) -> bool:
    """Whether the left margins of both sides agree while the outer ones do not, or that cannot be told."""
    if abs(found.shift) <= ALIKE_MM:
        return False
    widths = [p.size.width_mm for p in pages if p.size is not None]
    if not {"outer", "inner"} <= set(found.middle) or not (trim or widths):
        return True
    width = trim.width_mm if trim else float(np.median(widths))
    left_verso = found.middle["outer"] + found.shift / 2
    left_recto = width - (found.middle["inner"] - found.shift / 2)
    slack = BENCH_CUT_MM if bench_cut and trim is None else 0.0
    return -ALIKE_MM < left_verso - left_recto < ALIKE_MM + slack


def _reason(pages: Sequence[OwnPage], axis: str, found: Flag) -> str:
    """What kept most pages from saying anything, where too few do."""
    flags = [p.flag for p in pages if p.flag and not p.marks(axis)]
    if found is not Flag.FEW_PAGES or not flags or 2 * len(flags) < len(pages):
        return found
    return most_common(flags) or found


def _detail(pages: Sequence[OwnPage], found: Placement) -> PlacementDetail:
    turned = [p.turn_deg for p in pages if p.turn_deg is not None and p.position in found.pages]
    return PlacementDetail(
        shift=round(found.shift, 4),
        u_shift=round(found.u_shift, 4),
        jitter=round(found.jitter, 4),
        u_jitter=round(found.u_jitter, 4),
        drift=round(found.drift, 4),
        u_drift=round(found.u_drift, 4),
        marks={k: round(v, 3) for k, v in found.middle.items()},
        rectos=sum(p.side is Side.RECTO for p in pages if p.position in found.pages),
        versos=sum(p.side is Side.VERSO for p in pages if p.position in found.pages),
        turn_deg=round(float(np.median(turned)), 3) if turned else None,
    )
