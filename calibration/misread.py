"""Whether a chart was read as it is described: a model too stiff to follow wrong readings tells."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import ciede2000, lab_to_xyz, xyz_to_linear_rgb
from qc.errors import ScanError
from qc.normalize.color_model import fit_model

MOST_MEDIAN = 4.0
MOST_P90 = 9.0
MOST_PEAK = 22.0
"""dE00 of patches against a matrix with one tone curve. Good readings of a real V850: 1.7, 3.5 and 9.0 on 2871 patches; a
chart read one column off: above 15 in the median."""


def misfit(rgb: NDArray[np.float64], lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIEDE2000 of each patch against a stiff model, fitted so that a few wrong patches do not bend it.

    Parameters
    ----------
    rgb : ndarray, shape (n, 3)
        Encoded, 0..1.
    lab : ndarray, shape (n, 3)
    """
    model = fit_model(rgb, lab, degree=1, spline=False, loss="soft_l1")
    return ciede2000(lab, model.lab_of_encoded(rgb))


def channels(rgb: NDArray[np.float64], lab: NDArray[np.float64]) -> str:
    """Which color each of the three channels follows best, such as ``"RGB"``, or ``"BGR"`` for a file in the wrong order.

    Notes
    -----
    A model of colors cannot tell: it fits exchanged channels as well. Each order is scored by how the channels go with the
    colors of the reference as sRGB would hold them.
    """
    light = np.clip(xyz_to_linear_rgb(lab_to_xyz(lab)), 0, 1)
    together = np.corrcoef(np.hstack([rgb, np.sqrt(light)]).T)[:3, 3:]
    best = max(permutations(range(3)), key=lambda order: float(sum(together[i, c] for i, c in enumerate(order))))
    return "".join("RGB"[c] for c in best)


def refuse_misread(ids: tuple[str, ...], rgb: NDArray[np.float64], lab: NDArray[np.float64], name: str) -> float:
    """Refuse readings that do not belong to their reference.

    Returns
    -------
    median : float
        Of the misfit, dE00.

    Raises
    ------
    ScanError
        Median, 90th percentile or peak of the misfit is too large, or the channels are exchanged.

    Notes
    -----
    The reference of another lot of the same chart differs by 0.5 to 1.0 and is not noticed. A driver that changes
    colors locally or by hue may be taken for a misread chart; that profile would be worth nothing either.
    """
    errors = misfit(rgb, lab)
    median, p90, peak = float(np.median(errors)), float(np.quantile(errors, 0.9)), float(errors.max())
    if median <= MOST_MEDIAN and p90 <= MOST_P90 and peak <= MOST_PEAK:
        _refuse_exchanged(rgb, lab, name)
        return median
    worst = ", ".join(ids[i] for i in np.argsort(errors)[::-1][:6])
    raise ScanError(
        f"The chart in {name} does not fit its reference: the patches differ by {median:.1f} dE00 in the median, {p90:.1f} in the "
        f"90th percentile and {peak:.1f} at worst (allowed {MOST_MEDIAN:g}, {MOST_P90:g}, {MOST_PEAK:g}); worst are {worst}. A "
        "chart that is cut off, covered, lying on its face or described by another reference file looks like this, and so does a "
        "driver that improves colors. Lay the whole chart on the glass, switch such settings off, check --chart, and scan again."
    )


def _refuse_exchanged(rgb: NDArray[np.float64], lab: NDArray[np.float64], name: str) -> None:
    order = channels(rgb, lab)
    if order != "RGB":
        raise ScanError(
            f"The channels of {name} hold {', '.join(order)} instead of R, G, B: red and blue patches, or others, are exchanged. A "
            "program that saved the scan in another order does this. Save it again as it came from the scanner."
        )
