"""From the dots of one or more scans to the geometry of the scanner: scale, shear and a smooth map of what is left.

One joint least-squares fit over all dots. The scanner is a smooth spline over the glass; each scan has its own pose of
the sheet; the print has one stretch along x and y and one shear, each with what is known of them beforehand. Scanner
and print can be told apart by what is known of the print (check bars measured with a steel rule), and as to their x
against y by scans of the sheet turned by a quarter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from calibration.grid import GridScan
from calibration.joint_fit import KNOT_MM, JointFit, Matrix, PrintedSize, Spline, shared
from qc.errors import ScanError
from qc.geometry import Points
from qc.scan.scanner_profile import DistortionMap

SMOOTHING = (1e-3, 1e-2, 1e-1, 1e1)
"""Weights of the roughness of the map; held-out dots decide."""
OUTLIER_MM = (0.03, 0.15)
"""A dot this far off a smooth map is dropped: six times the noise within these bounds."""
LEAST_KEPT = 0.9
MOST_DISAGREEMENT = 0.0007
"""Scale or shear of one scan against the others. A stepper repeats to a few 0.01 %; a sheet that does not lie flat, or a
feeder, does not."""
U_REPEAT = 1e-5
"""Of the scale from scan to scan, where a single scan says nothing of it."""
U_UNREPEATED_MM = 0.01
"""What differs from scan to scan and looks like a lasting distortion in a single one: irregular transport over more than
a few centimeters. Drawn flatbeds have 0 to 0.013; several scans show it."""
LEAST_U_MM = 0.0005
NEAR_MM = 20.0
ENOUGH_COVERED = 0.85
"""Of the frame; where the grid leaves more of it bare, pages may lie where the map is a guess, and its size enters u."""


@dataclass(frozen=True)
class Geometry:
    """What the dots say of the scanner.

    Attributes
    ----------
    ratio : tuple of float
        True over stated resolution along x and y.
    shear : float
        Shift along x per length along y that has to be added to a place to make it true.
    u_scale : tuple of float
        Relative standard uncertainty of the scale along x and y.
    u_shear : float
    u_local_mm : tuple of float
        Standard uncertainty of one place along x and y after the map: what differs from scan to scan or is too fine.
    map : DistortionMap
        What scale and shear leave.
    map_rms_mm : tuple of float
        Its size along x and y over the dots.
    residual_mm : tuple of float
        RMS of the dots about the fit along x and y.
    held_out_mm : float
        RMS of held-out dots about a map that was fitted without them, along both.
    covered_mm : tuple of float
        Left, top, right, bottom of the dots in the frame.
    print_stretch : tuple of float
        Of the sheet, along its x and y, and its shear, as the fit has it.
    covered_share : float
        Of the frame, within `NEAR_MM` of a dot.
    dots, dropped : int
    """

    ratio: tuple[float, float]
    shear: float
    u_scale: tuple[float, float]
    u_shear: float
    u_local_mm: tuple[float, float]
    map: DistortionMap
    map_rms_mm: tuple[float, float]
    residual_mm: tuple[float, float]
    held_out_mm: float
    covered_mm: tuple[float, float, float, float]
    print_stretch: tuple[float, float, float]
    covered_share: float
    dots: int
    dropped: int


def fit_geometry(scans: Sequence[GridScan], size: PrintedSize) -> Geometry:
    """Fit scale, shear and map to the dots of scans of one sheet on one scanner.

    Parameters
    ----------
    scans : sequence of GridScan
        Of the same sheet, frame and stated resolution.
    size : PrintedSize

    Raises
    ------
    ScanError
        The scans do not belong together or disagree.

    Notes
    -----
    What fools it: a sheet that does not lie flat (its scale changes toward the raised part), paper that took up
    moisture after its bars were measured (0.1 % and more across the grain), and, with all scans in one direction, local
    distortion of the printer, which is taken for the scanner's.
    """
    _refuse_different(scans)
    seen = np.concatenate([s.seen for s in scans])
    sheet = np.concatenate([s.on_sheet for s in scans])
    which = np.repeat(np.arange(len(scans)), [len(s.seen) for s in scans])
    spline = Spline.over(seen)
    crossed = len({s.turns % 2 for s in scans}) > 1
    fit = JointFit(spline, seen, sheet, which, size, crossed)
    fit.settle()
    disagreement = _disagreement(scans, fit)
    limit = float(np.clip(6 * fit.noise, *OUTLIER_MM))
    kept = np.abs(fit.residual).max(axis=1) < limit
    if kept.mean() < LEAST_KEPT:
        raise ScanError(
            f"{int((~kept).sum())} of {len(kept)} dots lie more than {limit:.2f} mm off a smooth map. The sheet does not lie "
            "flat, or it moved. Press it flat with the lid or a plate and scan again."
        )
    dropped = int((~kept).sum())
    if dropped:
        fit = JointFit(spline, seen[kept], sheet[kept], which[kept], size, crossed)
        fit.settle()
    held_out = {v: fit.held_out(v) for v in SMOOTHING}
    smoothing = min(SMOOTHING, key=lambda v: held_out[v])
    fit.smooth(smoothing)
    return _result(fit, scans, dropped, disagreement, float(np.sqrt(held_out[smoothing])))


def _refuse_different(scans: Sequence[GridScan]) -> None:
    first = scans[0]
    if len({s.sha256 for s in scans}) < len(scans):
        raise ScanError("The same scan was named twice, which would make it look more certain. Scan the sheet again.")
    for s in scans[1:]:
        if s.sheet is not first.sheet:
            raise ScanError(
                f"{s.name} shows the target {s.sheet.paper}, {first.name} {first.sheet.paper}. Use one sheet."
            )
        if s.stated != first.stated:
            raise ScanError(f"{s.name} and {first.name} state different resolutions. Scan all with the same settings.")
        if max(abs(a - b) for a, b in zip(s.frame_mm, first.frame_mm, strict=True)) > 1.0:
            raise ScanError(
                f"{s.name} shows {s.frame_mm[0]:.1f} x {s.frame_mm[1]:.1f} mm of the glass and {first.name} "
                f"{first.frame_mm[0]:.1f} x {first.frame_mm[1]:.1f} mm. Scan the whole glass each time, without cropping."
            )


def _result(fit: JointFit, scans: Sequence[GridScan], dropped: int, disagreement: float, held_out: float) -> Geometry:
    low, high = fit.seen.min(axis=0), fit.seen.max(axis=0)
    # Scale and shear are those of the dots: where there are none the map is a guess.
    affine = np.linalg.pinv(np.column_stack([fit.seen, np.ones(len(fit.seen))]))
    solved = affine @ (fit.seen + fit.design @ fit.coefficients)
    linear, shift = solved[:2].T, solved[2]
    turn, upper = np.linalg.qr(linear)
    signs = np.sign(np.diag(upper))
    turn, upper = turn * signs, upper * signs[:, None]
    scale = np.diag(upper)

    # d = what scale and shear leave, turned so that the rows of the scan stay level.
    places = fit.spline.places()
    left = (fit.coefficients + places - places @ linear.T - shift) @ turn
    nx, ny = fit.spline.count
    distortion = DistortionMap(
        start_mm=(fit.spline.start[0] * float(scale[0]), fit.spline.start[1] * float(scale[1])),
        step_mm=(KNOT_MM * float(scale[0]), KNOT_MM * float(scale[1])),
        dx_mm=left[:, 0].reshape(ny, nx),
        dy_mm=left[:, 1].reshape(ny, nx),
    )
    u_x, u_y, u_shear = _u_linear(fit, affine[:2] @ fit.design, turn, upper)
    # A page has its own part of what differs from scan to scan.
    repeat = max(disagreement, U_REPEAT) * np.sqrt(1 + 1 / len(scans))
    covered = _covered_share(fit.seen, scans[0].frame_mm)
    rms = np.sqrt(((fit.design @ left) ** 2).mean(axis=0))
    residual = fit.residual
    beyond = np.sqrt(1 - covered) if covered < ENOUGH_COVERED else 0.0
    directions = len({s.turns for s in scans})
    local = [float(np.hypot(_u_local(fit, axis, directions), beyond * rms[axis])) for axis in (0, 1)]
    scaled = np.sqrt((residual**2).mean(axis=0))
    return Geometry(
        ratio=(1 / float(scale[0]), 1 / float(scale[1])),
        shear=float(upper[0, 1] / scale[1]),
        u_scale=(float(np.hypot(u_x, repeat)), float(np.hypot(u_y, repeat))),
        u_shear=float(np.hypot(u_shear, repeat)),
        u_local_mm=(local[0], local[1]),
        map=distortion,
        map_rms_mm=(float(rms[0]), float(rms[1])),
        residual_mm=(float(scaled[0]), float(scaled[1])),
        held_out_mm=held_out,
        covered_mm=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        print_stretch=(float(fit.stretch[0]), float(fit.stretch[1]), float(fit.stretch[2])),
        covered_share=covered,
        dots=len(fit.seen),
        dropped=dropped,
    )


def _covered_share(seen: Points, frame_mm: tuple[float, float]) -> float:
    """Share of the frame that lies within `NEAR_MM` of a dot."""
    x, y = (np.arange(5.0, side, 10.0) for side in frame_mm)
    places = np.column_stack([np.tile(x, len(y)), np.repeat(y, len(x))])
    return float((cKDTree(seen).query(places)[0] < NEAR_MM).mean())


def _u_linear(fit: JointFit, to_linear: Matrix, turn: Matrix, upper: Matrix) -> tuple[float, float, float]:
    """Standard uncertainties of scale along x and y (relative) and of shear."""
    inverse = np.linalg.inv(upper)

    def functional(row: int, column: int) -> Matrix:
        # (turn' dM upper^-1)[row, column] for dM[i, j] = to_linear[j] @ dC[:, i]
        weights = np.outer(turn[:, row], inverse[:, column])
        return np.stack([weights[i] @ to_linear for i in (0, 1)])

    wanted = functional(0, 0), functional(1, 1), functional(0, 1) + functional(1, 0)
    x, y, shear = (float(np.sqrt(max(fit.variance(w), 0.0))) for w in wanted)
    return x, y, shear


def _u_local(fit: JointFit, axis: int, directions: int) -> float:
    common = shared(fit.residual, fit.sheet, fit.which, axis)[0]
    printed = fit.size.u_local_mm / (1 if directions == 1 else 2)
    freedom = float(np.trace(fit.inverse @ (fit.design.T @ fit.design)))
    share = freedom / len(fit.seen)
    differs, alone = max(common, 0.0), max(float((fit.residual[:, axis] ** 2).mean()) - common, 0.0)
    n = fit.scans
    if n > 1:
        # The map is the mean of the scans; a page has its own part of what differs from scan to scan.
        fitted, differs = alone * share, differs * (n + 1) / (n - 1)
    else:
        # What whole rows have in common is fitted by the few coefficients along the other axis.
        fitted, differs = alone * share + differs * np.sqrt(share), 2 * differs + U_UNREPEATED_MM**2
    return float(np.sqrt(differs + fitted + printed**2 + LEAST_U_MM**2))


def _disagreement(scans: Sequence[GridScan], fit: JointFit) -> float:
    """Standard deviation of scale and shear of single scans against the joint fit.

    Raises
    ------
    ScanError
        It is larger than a scanner shows.
    """
    if len(scans) == 1:
        return 0.0
    found = []
    for k, scan in enumerate(scans):
        here = fit.which == k
        design = np.column_stack([fit.seen[here], np.ones(int(here.sum()))])
        linear = np.linalg.lstsq(design, fit.residual[here], rcond=None)[0][:2]
        parts = (float(linear[0, 0]), float(linear[1, 1]), float(linear[1, 0] + linear[0, 1]))
        worst = max(parts, key=abs)
        if abs(worst) > MOST_DISAGREEMENT:
            what = "shear" if parts.index(worst) == 2 else f"scale along {'xy'[parts.index(worst)]}"
            raise ScanError(
                f"The scans disagree: {scan.name} differs by {100 * abs(worst):.2f} % in {what} from what all show together. "
                "The sheet did not lie flat or moved, or the scans are of different scanners or sheets. Scan again."
            )
        found.append(parts)
    return float(np.sqrt((np.array(found) ** 2).sum(axis=0).mean() / (len(scans) - 1)))
