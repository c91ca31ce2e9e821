"""Size of the print against the size that was ordered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from qc.flags import Flag
from qc.geometry import Edge, Size
from qc.measure.context.opposite_edges import opposite_edges
from qc.measure.registry import MEASURES, measure
from qc.measure.words import Said
from qc.model import Observation, Where
from qc.scan.scanner_profile import U_SCALE
from qc.stats import mean_over_pages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qc.measure.context.copy_context import CopyContext

MIN_PAGES = 3
U_CUT_MM = 1.0
"""How well a block is cut to its ordered size; printers allow themselves 1.6 mm or 3.2 mm at an edge."""
APART = 2.0
"""Times their joint u by which scanner and cuts may differ and still be two measurements of one thing."""
STRETCHED_MM = 6.0
"""Paper that the scan shows this much off the ordered size while the print fits it was not cut so: with the print it was
stretched after scanning. Twice what any printer allows a cut to be off."""
U_UNEQUAL = 0.005
"""By how much the scales of the two axes differ: a driver scales both alike, paper and feeds stretch one by up to 0.3 %."""
MAX_SCALE_SD = 1e-3
"""Of the scale of the print on a page, as its tiles alone give it; a page of text reaches a tenth of that."""
LEAST_SCALED = 0.004
"""Below it scale moves an edge of a 9 in page by less than 0.5 mm, which is in doubt of nothing: any press is off by 0.1 %, and
a calibrated scanner sees that."""
AXES: Mapping[str, str] = {"height": "y", "width": "x"}
_EDGES = {"height": (Edge.HEAD, Edge.TAIL), "width": (Edge.SPINE, Edge.FORE_EDGE)}


@dataclass(frozen=True)
class PageScale:
    """What the registration of a page says along x and y: ratio - 1 of the print by the resolution that is believed, its
    standard deviation, and the relative standard uncertainty of that resolution."""

    scale: tuple[float, float]
    sd: tuple[float, float]
    u_scanner: tuple[float, float]


@dataclass(frozen=True)
class _Witness:
    value: float
    u: float


@measure(
    "print-scale",
    "fraction",
    "copy",
    1,
    name="size of the print",
    subject="cut",
    needs=("trim-offset-block",),
)
def print_scale(
    pages: Sequence[PageScale], offsets: Sequence[Observation], trim: Size, bench_cut: bool, u_reference: float = 0.0
) -> list[Observation]:
    """Ratio of the print's size to the ordered one, less 1, along height and width.

    Parameters
    ----------
    pages : sequence of PageScale
        Of the registered pages whose print fixes its scale.
    offsets : sequence of Observation
        `trim-offset` of the pages.
    trim : Size
        As ordered.
    bench_cut : bool
        The spine edge was cut to scan the sheets: the width of the paper says nothing.
    u_reference : float
        Relative standard uncertainty of the reference's own size: 0 for a PDF, that of a scanner for an approved copy.

    Returns
    -------
    list of Observation
        One an axis; > 0: printed larger than ordered. `detail` holds what scanner and cuts say by themselves. The flag
        ``scan-stretched`` says that print and paper are off by the same share, which is the scan's and not the press's.

    Notes
    -----
    Two witnesses an axis: the scanner, by the resolution that its profile or the file states (u 0.5 % without a profile), and the
    cuts, as if the paper were cut right (u 1 mm). Where they agree within 2 u the value is their weighted mean. Where they do
    not, one of them is wrong. Print that is nearer to its size by the scanner than by the cuts was cut wrong: the scanner
    counts. Print that fits its paper was stretched after scanning, or the file states another resolution than it has: the
    cuts count, with a profile only where no cut is off by as much as the paper would be (6 mm). Else both count, with a
    u that covers their difference. The axes then bear each other out: print is scaled alike in both (u 0.5 %), which helps
    the width of a copy whose spine was cut; where they differ by more than 2 u each stands for itself.
    """
    said: dict[str, tuple[_Witness | None, tuple[Flag, ...], dict[str, float]]] = {}
    for name, axis in AXES.items():
        k = 0 if axis == "x" else 1
        ordered = trim.width_mm if axis == "x" else trim.height_mm
        scanner = _by_scanner([(p.scale[k], p.sd[k], p.u_scanner[k]) for p in pages], u_reference)
        cuts = None if axis == "x" and bench_cut else _by_cuts(offsets, axis, ordered)
        if scanner is None:
            said[name] = None, (Flag.FEW_PAGES,), {"pages": len(pages)}
            continue
        detail = {"pages": len(pages), "scanner": round(scanner.value, 5), "u_scanner": round(scanner.u, 5)}
        if cuts is None:
            said[name] = scanner, (), detail
            continue
        detail |= {"cuts": round(cuts.value, 5), "u_cuts": round(cuts.u, 5)}
        calibrated = min(p.u_scanner[k] for p in pages) < 0.9 * U_SCALE
        joint, stretched = _joined(scanner, cuts, ordered, calibrated)
        said[name] = joint, (Flag.SCAN_STRETCHED,) if stretched else (), detail
    result = []
    for (name, (own, flags, detail)), (other, stretched_other, _) in zip(
        said.items(), reversed(said.values()), strict=True
    ):
        if own and other and not flags and not stretched_other:
            own = _borne_out(own, other)
        value, u = (own.value, own.u) if own else (None, None)
        result.append(print_scale.observe(value, u, Where(axis=name), flags, detail))
    return result


@print_scale.on_copy
def _of_copy(copy: CopyContext) -> list[Observation]:
    reference = copy.reference
    if reference is None:
        return []
    known = [(p, p.registration) for p in copy.pages if p.registration is not None and any(p.registration.observable)]
    pages = [
        PageScale(r.linear()[:2], r.linear_sd()[:2], p.u_scale)
        for p, r in known
        if max(r.linear_sd()[:2]) < MAX_SCALE_SD
    ]
    u_reference = U_SCALE if reference.id.kind == "copy" else 0.0
    scales = print_scale(pages, copy.offsets, reference.trim, copy.bench_cut, u_reference)
    if not copy.trim_guessed:
        return scales
    # A trim of which the size is not known does not tell the size of the print on it.
    return [replace(o, value=None, u=None, flags=(Flag.TRIM_NOT_STATED,)) for o in scales]


@print_scale.full_sentence
def _in_words(scale: Observation, said: Said) -> str:
    way = "smaller" if (scale.value or 0.0) < 0 else "larger"
    perhaps = ", perhaps as the scan is stretched" if Flag.SCAN_STRETCHED in scale.flags else ""
    return f"The print is {said.size} {way} than ordered in {scale.where.axis or 'size'}{perhaps}"


def _by_scanner(pages: Sequence[tuple[float, float, float]], u_reference: float) -> _Witness | None:
    if len(pages) < MIN_PAGES:
        return None
    scale, sd, u_scanner = np.array(pages).T
    value, u, _ = mean_over_pages(scale, sd, float(np.hypot(u_scanner.max(), u_reference)))
    return _Witness(value, u)


def _by_cuts(offsets: Sequence[Observation], axis: str, ordered_mm: float) -> _Witness | None:
    both = opposite_edges(offsets, axis)
    if len(both) < MIN_PAGES:
        return None
    sizes, u = (np.array([getattr(p, key) for p in both]) for key in ("size", "u_size"))
    size, u_size, _ = mean_over_pages(sizes, u, 2 * max(p.u_system for p in both))
    return _Witness(ordered_mm / (ordered_mm + size) - 1, float(np.hypot(u_size, U_CUT_MM)) / ordered_mm)


def _borne_out(own: _Witness, other: _Witness) -> _Witness:
    """The scale of an axis with what the other axis says of it."""
    hint = _Witness(other.value, float(np.hypot(other.u, U_UNEQUAL)))
    if abs(own.value - hint.value) > APART * np.hypot(own.u, hint.u):
        return own
    return _mean(own, hint)


def _mean(first: _Witness, second: _Witness) -> _Witness:
    weights = np.array([first.u, second.u]) ** -2.0
    return _Witness(float(np.average([first.value, second.value], weights=weights)), float(weights.sum() ** -0.5))


def _joined(scanner: _Witness, cuts: _Witness, ordered_mm: float, calibrated: bool) -> tuple[_Witness, bool]:
    """What both say together, and whether the scan was stretched."""
    mean = _mean(scanner, cuts)
    apart = abs(scanner.value - cuts.value) / float(np.hypot(scanner.u, cuts.u))
    if apart <= APART:
        return mean, False
    if abs(scanner.value) < abs(cuts.value):
        return scanner, False
    fits = abs(cuts.value) <= APART * cuts.u
    off_mm = abs((1 + scanner.value) / (1 + cuts.value) - 1) * ordered_mm
    if fits and (not calibrated or off_mm > STRETCHED_MM):
        return cuts, True
    return _Witness(mean.value, mean.u * apart), fits


def with_scale_doubt(observations: Iterable[Observation], scales: Sequence[Observation]) -> list[Observation]:
    """The observations, those that rest on cuts flagged where the print is scaled along their axis: what is measured against the
    print then says less of the paper."""
    scaled = {
        str(o.where.axis)
        for o in scales
        if o.value is not None and o.u is not None and abs(o.value) > max(2 * o.u, LEAST_SCALED)
    }
    edges = {edge for axis in scaled for edge in _EDGES[axis]}
    return [
        replace(o, flags=(*o.flags, str(Flag.PRINT_SCALED)))
        if o.value is not None and _in_mm_of_cuts(o) and (o.where.edge in edges or o.where.axis in scaled)
        else o
        for o in observations
    ]


def _in_mm_of_cuts(o: Observation) -> bool:
    return MEASURES[o.measure].subject == "cut" and o.unit == "mm"


@print_scale.revises
def _doubts(copy: CopyContext) -> list[Observation]:
    return with_scale_doubt(copy.observations, copy.observed(print_scale.id))
