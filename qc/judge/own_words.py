"""What a copy without a reference shows all the same, in words."""

from __future__ import annotations

from collections.abc import Sequence

from qc.flags import Flag
from qc.judge.messages import listed
from qc.measure.copy_position_outlier import copy_position_outlier
from qc.measure.details import PlacementDetail
from qc.measure.print_position_jitter import print_position_jitter
from qc.measure.print_position_recto_verso import OwnSizeDetail, print_position_recto_verso
from qc.measure.trim_size_block import CutSizeDetail, trim_size_block
from qc.measure.words import shift_in_words
from qc.model import Observation
from qc.number_format import spoken

_ALONG = {"x": "across", "y": "down"}


def own_sentence(observations: Sequence[Observation]) -> str:
    """How fronts and backs of the leaves lie by the pages of a copy alone, without a period; empty where they do not tell."""
    shifts = [o for o in observations if o.measure == print_position_recto_verso.id]
    known = [o for o in shifts if o.value is not None]
    if not known:
        return ""
    said = f"leaf backs are printed {listed(map(shift_in_words, known))} than fronts"
    apart = [o for o in observations if o.measure == copy_position_outlier.id and o.value is not None]
    return said + (f", and all is printed {listed(map(shift_in_words, apart))} than in most copies" if apart else "")


def own_facts(observations: Sequence[Observation], k: float) -> list[str]:
    """What else the pages of a copy without a reference say; `k` expands u to U."""
    shifts = [o for o in observations if o.measure == print_position_recto_verso.id and o.value is not None]
    said = _drift(observations, k) + _size(observations)
    return [*said, "what is common to all pages cannot be known without the design"] if said and shifts else said


def _drift(observations: Sequence[Observation], k: float) -> list[str]:
    said = []
    for o in observations:
        if o.measure != print_position_jitter.id or o.value is None:
            continue
        d = PlacementDetail.of(o)
        if d.u_drift and abs(d.drift) > k * d.u_drift:
            said.append(f"the print drifts {spoken(d.drift, 'mm')} {_ALONG[str(o.where.axis)]} over the pages")
    return said


def _size(observations: Sequence[Observation]) -> list[str]:
    for o in observations:
        own = OwnSizeDetail.of(o)
        if o.measure != trim_size_block.id or o.where.axis != "height" or own.size is None:
            continue
        said = f"pages {own.size:.1f} mm high"
        if own.trim is not None:
            what = "nearest standard trim" if Flag.TRIM_NOT_STATED in o.flags else "ordered"
            said += f" ({what} {own.trim:.1f} mm)"
        corner = own.out_of_square_deg
        return [said] + ([] if corner is None else [f"corners within {max(corner, 0.01):.2f}° of square"])
    return []


def seen_size(observations: Sequence[Observation]) -> str:
    """What the pages of a copy measure from cut to cut where nobody stated their trim, as the end of a sentence."""
    seen = {o.where.axis: CutSizeDetail.of(o) for o in observations if o.measure == trim_size_block.id}
    high, wide = (seen.get(axis, CutSizeDetail()) for axis in ("height", "width"))
    if high.cut_size_mm is None:
        return ""
    height = f"{high.cut_size_mm:.1f} mm"
    if wide.cut_size_mm is None:
        return f"; the pages of this copy measure about {height} in height"
    said = f"; the pages of this copy measure about {wide.cut_size_mm:.1f} x {height}"
    return said + (" without what the bench cut off at the spine" if wide.bench_cut else "")
