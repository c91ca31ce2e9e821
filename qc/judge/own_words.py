"""What a copy without a reference shows all the same, in words."""

from __future__ import annotations

from collections.abc import Sequence

from qc.flags import Flag
from qc.judge.messages import listed, reasons
from qc.measure.copy_position_outlier import copy_position_outlier
from qc.measure.print_position_jitter import print_position_jitter
from qc.measure.print_position_recto_verso import print_position_recto_verso
from qc.measure.trim_size_block import trim_size_block
from qc.measure.words import shift_in_words
from qc.model import Observation
from qc.number_format import plus_minus

_ALONG = {"x": "across", "y": "down"}


def own_sentence(observations: Sequence[Observation], k: float) -> str:
    """What the pages of a copy say of each other, without a period; empty where nothing of it was asked.

    Parameters
    ----------
    observations : sequence of Observation
    k : float
        Expands u to U.
    """
    shifts = [o for o in observations if o.measure == print_position_recto_verso.id]
    if not shifts:
        return ""
    known = [o for o in shifts if o.value is not None]
    if not known:
        flags = dict.fromkeys(f for o in shifts for f in o.flags)
        said = [f"its own pages do not tell how rectos and versos lie to each other ({reasons(flags)})"]
    else:
        said = ["by its own pages the print of versos lies " + listed(shift_in_words(o, k) for o in known)]
        said[0] += " than that of rectos"
    said += _jitter(observations, k) + _size(observations, k)
    apart = [o for o in observations if o.measure == copy_position_outlier.id and o.value is not None]
    if apart:
        said.append(f"it lies {listed(shift_in_words(o, k) for o in apart)} than in the median of the copies")
    if known:
        said.append("what is common to all pages cannot be known without the design")
    return ", ".join(said)


def _jitter(observations: Sequence[Observation], k: float) -> list[str]:
    known = [o for o in observations if o.measure == print_position_jitter.id and o.value is not None]
    if not known:
        return []
    each = [f"{o.value:.2f} mm {_ALONG[str(o.where.axis)]}" for o in known if str(o.where.axis) in _ALONG]
    said = [f"placement jitter {listed(each)}"]
    for o in known:
        drift, u = o.detail.get("drift"), o.detail.get("u_drift")
        if drift is not None and u and abs(drift) > k * u:
            said.append(f"it drifts {plus_minus(abs(drift), k * u, 'mm')} {_ALONG[str(o.where.axis)]} over the pages")
    return said


def _size(observations: Sequence[Observation], k: float) -> list[str]:
    for o in observations:
        size = o.detail.get("size")
        if o.measure != trim_size_block.id or o.where.axis != "height" or size is None:
            continue
        said = f"pages {plus_minus(size, k * o.detail['u_size'], 'mm')} high"
        trim = o.detail.get("trim")
        if trim is not None:
            said += f" ({'ordered' if Flag.TRIM_NOT_STATED not in o.flags else 'nearest standard trim'} {trim:.1f} mm)"
        corner = o.detail.get("out_of_square_deg")
        return [said] + ([] if corner is None else [f"corners within {max(corner, 0.01):.2f}° of square"])
    return []


def seen_size(observations: Sequence[Observation]) -> str:
    """What the pages of a copy measure from cut to cut where nobody stated their trim, as the end of a sentence."""
    sizes = {
        o.where.axis: o.detail for o in observations if o.measure == trim_size_block.id and "cut_size_mm" in o.detail
    }
    if "height" not in sizes:
        return ""
    height = f"{sizes['height']['cut_size_mm']:.1f} mm"
    if "width" not in sizes:
        return f"; the pages of this copy measure about {height} in height"
    said = f"; the pages of this copy measure about {sizes['width']['cut_size_mm']:.1f} x {height}"
    return said + (" without what the bench cut off at the spine" if sizes["width"]["bench_cut"] else "")
