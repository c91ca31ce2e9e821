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
from numpy.typing import NDArray

from calibration.grid import GridScan
from qc.errors import ScanError
from qc.geometry import Points
from qc.scanner import DistortionMap
from qc.spline import basis, middles

KNOT_MM = 20.0
BEYOND_MM = 20.0
"""The map reaches this far beyond the outermost dots and stays what it is there."""
FAINT = 1e-7
SMOOTHING = (1e-3, 1e-2, 1e-1, 1e1)
"""Weights of the roughness of the map; held-out dots decide."""
TRACE = 1e-11
"""Of damping: more would pull the scale."""
FOLDS = 5
ROUNDS = 4
OUTLIER_MM = (0.03, 0.15)
"""A dot this far off a smooth map is dropped: six times the noise within these bounds."""
LEAST_KEPT = 0.9
MOST_DISAGREEMENT = 0.0007
"""Scale or shear of one scan against the others. A stepper repeats to a few 0.01 %; a sheet that does not lie flat, or a
feeder, does not."""
U_REPEAT = 1e-5
"""Of the scale from scan to scan, where a single scan says nothing of it."""
U_PRINT_MM = 0.015
"""Local placement of dots by an office printer, 16 and 23 micrometers with that of the scanner on a good one."""
U_UNREPEATED_MM = 0.01
"""What differs from scan to scan and looks like a lasting distortion in a single one: irregular transport over more than
a few centimeters. Drawn flatbeds have 0 to 0.013; several scans show it."""
LEAST_U_MM = 0.0005

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class PrintedSize:
    """What is known of the print: true over nominal length along x and y, and what is not known (k = 1): relative, of
    the shear between them, and of the place of single dots in mm."""

    stretch_x: float = 1.0
    stretch_y: float = 1.0
    u_x: float = 0.001
    u_y: float = 0.001
    u_shear: float = 0.0015
    u_local_mm: float = U_PRINT_MM


EXACT = PrintedSize(u_x=1e-5, u_y=1e-5, u_shear=1e-5, u_local_mm=0.0)
"""Film or glass, or drawn."""


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
    dots: int
    dropped: int


@dataclass(frozen=True)
class _Spline:
    """The raster of coefficients over the frame."""

    start: tuple[float, float]
    count: tuple[int, int]

    @staticmethod
    def over(points: Points) -> _Spline:
        low, high = points.min(axis=0) - BEYOND_MM, points.max(axis=0) + BEYOND_MM
        count = np.ceil((high - low) / KNOT_MM).astype(int) + 3
        return _Spline((float(low[0]), float(low[1])), (int(count[0]), int(count[1])))

    def design(self, points: Points) -> Matrix:
        """Shape (n, rows * columns)."""
        x = basis(points[:, 0], self.start[0], KNOT_MM, self.count[0])
        y = basis(points[:, 1], self.start[1], KNOT_MM, self.count[1])
        return np.asarray((y[:, :, None] * x[:, None, :]).reshape(len(points), -1))

    def places(self) -> Points:
        """Where each coefficient stands, shape (rows * columns, 2)."""
        x, y = (middles(s, KNOT_MM, n) for s, n in zip(self.start, self.count, strict=True))
        return np.column_stack([np.tile(x, len(y)), np.repeat(y, len(x))])

    def roughness(self) -> Matrix:
        nx, ny = self.count
        dx, dy = (np.diff(np.eye(n), 2, axis=0) for n in (nx, ny))
        mixed = np.kron(np.diff(np.eye(ny), axis=0), np.diff(np.eye(nx), axis=0))
        rows = (np.kron(np.eye(ny), dx), np.kron(dy, np.eye(nx)), np.sqrt(2) * mixed)
        return np.asarray(sum(r.T @ r for r in rows))


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
    spline = _Spline.over(seen)
    crossed = len({s.turns % 2 for s in scans}) > 1
    fit = _Fit(spline, seen, sheet, which, size, crossed)
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
        fit = _Fit(spline, seen[kept], sheet[kept], which[kept], size, crossed)
        fit.settle()
    held_out = {v: fit.held_out(v) for v in SMOOTHING}
    smoothing = min(SMOOTHING, key=lambda v: held_out[v])
    fit.smooth(smoothing)
    return fit.result(scans, dropped, disagreement, float(np.sqrt(held_out[smoothing])))


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


class _Fit:
    """The joint fit; unknown are the spline, the pose of each scan but the first, and the print's stretch and shear.

    `crossed` says that the sheet was scanned in both directions.
    """

    def __init__(
        self,
        spline: _Spline,
        seen: Points,
        sheet: Points,
        which: NDArray[np.int_],
        size: PrintedSize,
        crossed: bool,
    ) -> None:
        self.spline, self.seen, self.sheet, self.which, self.size = spline, seen, sheet, which, size
        self.crossed = crossed
        self.design = spline.design(seen)
        self.scans = int(which.max()) + 1
        self.coefficients: Matrix = np.zeros((self.design.shape[1], 2))
        self.stretch: Matrix = np.array([size.stretch_x, size.stretch_y, 0.0])
        self.angles = np.array([_angle(sheet[which == k], seen[which == k]) for k in range(self.scans)])
        self.shifts = np.array(
            [(seen[which == k] - self._laid(k, sheet[which == k])).mean(axis=0) for k in range(self.scans)]
        )
        self.noise = 0.01
        self.covariance: Matrix = np.zeros((0, 0))
        self.inverse: Matrix = np.zeros((0, 0))
        self.cross = np.zeros((2, 0, 0))

    def _turn(self, k: int) -> Matrix:
        c, s = np.cos(self.angles[k]), np.sin(self.angles[k])
        return np.array([[c, -s], [s, c]])

    def _laid(self, k: int, sheet: Points) -> Points:
        p = self.stretch
        return np.asarray(sheet @ np.array([[p[0], 0.0], [p[2], p[1]]]) @ self._turn(k).T)

    @property
    def residual(self) -> Points:
        """Of each dot, shape (n, 2), mm."""
        laid = np.empty_like(self.seen)
        for k in range(self.scans):
            here = self.which == k
            laid[here] = self._laid(k, self.sheet[here]) + self.shifts[k]
        return np.asarray(self.seen + self.design @ self.coefficients - laid)

    def _derivatives(self) -> Matrix:
        """Of the residuals along x and y by the poses of all sheets but the first, and the print; shape (2, n, ...)."""
        after = 3 * (self.scans - 1)
        result = np.zeros((2, len(self.seen), after + 3))
        for k in range(self.scans):
            here = self.which == k
            turn = self._turn(k)
            if k:  # the glass has no place and no direction of its own: the first sheet stays where it is
                laid = self._laid(k, self.sheet[here])
                result[0, here, 3 * k - 3], result[1, here, 3 * k - 3] = laid[:, 1], -laid[:, 0]
                result[0, here, 3 * k - 2] = result[1, here, 3 * k - 1] = -1.0
            x, y = self.sheet[here].T
            for j, (dx, dy) in enumerate(((x, 0 * x), (0 * y, y), (y, 0 * y))):
                moved = np.column_stack([dx, dy]) @ turn.T
                result[0, here, after + j], result[1, here, after + j] = -moved[:, 0], -moved[:, 1]
        return result

    def settle(self) -> None:
        """Correct all unknowns until nothing moves, and keep what their covariance is made of.

        The spline is eliminated first: it can take up any scale, so that of the print rests on what is known of it, and
        a joint solution would drown that in rounding. It is not smoothed here: a smaller print has a smoother map, and
        any weight on roughness would shrink it.
        """
        rough = FAINT * self.spline.roughness() + TRACE * np.eye(self.design.shape[1])
        inverse = np.asarray(np.linalg.inv(self.design.T @ self.design + rough), np.float64)
        known = np.array([self.size.stretch_x, self.size.stretch_y, 0.0])
        weight = np.array([self.size.u_x, self.size.u_y, self.size.u_shear]) ** -2.0
        for _ in range(ROUNDS):
            derivatives, residual = self._derivatives(), self.residual
            cross = np.stack([self.design.T @ d for d in derivatives])
            pull = -(self.design.T @ residual + rough @ self.coefficients).T
            normal: Matrix = (
                sum(d.T @ d - c.T @ inverse @ c for d, c in zip(derivatives, cross, strict=True)) / self.noise**2
            )
            right: Matrix = -sum(d.T @ residual[:, i] for i, d in enumerate(derivatives))
            right = (right - sum(c.T @ inverse @ pull[i] for i, c in enumerate(cross))) / self.noise**2
            # Common scale, half the difference of the two, shear. Where only one direction was scanned, or of the scale at
            # all, the dots say nothing; yet a smaller print has smaller residuals and would be preferred.
            x, y, _ = self.stretch
            print_of = np.eye(len(right))
            print_of[-3:, -3:] = np.array([[x, x, 0.0], [y, -y, 0.0], [0.0, 0.0, 1.0]])
            normal, right = print_of.T @ normal @ print_of, print_of.T @ right
            silent = slice(-3, -2) if self.crossed else slice(-3, None)
            normal[silent], normal[:, silent], right[silent] = 0.0, 0.0, 0.0
            prior = print_of[-3:, -3:].T * weight
            normal[-3:, -3:] += prior @ print_of[-3:, -3:]
            right[-3:] += prior @ (known - self.stretch)
            covariance = print_of @ np.linalg.inv(normal) @ print_of.T
            step = print_of @ np.linalg.solve(normal, right)
            for axis in (0, 1):
                self.coefficients[:, axis] += inverse @ (pull[axis] - cross[axis] @ step)
            for k in range(1, self.scans):
                self.angles[k] += step[3 * k - 3]
                self.shifts[k] += step[3 * k - 2 : 3 * k]
            self.stretch = np.asarray(self.stretch + step[-3:], np.float64)
            self.noise = max(float(1.4826 * np.median(np.abs(self.residual))), 0.0003)
        # Neighbors share errors: fewer dots count than there are.
        inflation = max(_shared(self.residual, self.sheet, self.which, axis)[1] for axis in (0, 1))
        self.covariance = covariance
        self.noise *= np.sqrt(max(inflation, 1.0))
        self.inverse, self.cross = inverse, cross

    def variance(self, weights: Matrix) -> float:
        """Of a linear combination of the coefficients; `weights` has shape (2, count), for x and y."""
        own = sum(float(w @ self.inverse @ w) for w in weights) * self.noise**2
        via = sum(w @ self.inverse @ c for w, c in zip(weights, self.cross, strict=True))
        return own + float(via @ self.covariance @ via)

    def smooth(self, smoothing: float) -> None:
        """Fit the spline once more, with the poses as they are."""
        target = self.design @ self.coefficients - self.residual
        rough = smoothing * self.spline.roughness() + TRACE * np.eye(self.design.shape[1])
        self.inverse = np.asarray(np.linalg.inv(self.design.T @ self.design + rough), np.float64)
        self.coefficients = np.asarray(self.inverse @ (self.design.T @ target), np.float64)

    def held_out(self, smoothing: float) -> float:
        """Mean square (mm²) of dots about a map that was fitted without them."""
        target = self.design @ self.coefficients - self.residual
        fold = (np.round(self.sheet[:, 0] / 5.0) + 2 * np.round(self.sheet[:, 1] / 5.0)).astype(int) % FOLDS
        rough = smoothing * self.spline.roughness() + TRACE * np.eye(self.design.shape[1])
        whole, right = self.design.T @ self.design + rough, self.design.T @ target
        total = 0.0
        for i in range(FOLDS):
            out = fold == i
            part = self.design[out]
            coefficients = np.linalg.solve(whole - part.T @ part, right - part.T @ target[out])
            error = np.abs(part @ coefficients - target[out])
            total += float((np.minimum(error, 0.1) ** 2).sum())
        return total / (2 * len(self.seen))

    def result(self, scans: Sequence[GridScan], dropped: int, disagreement: float, held_out: float) -> Geometry:
        low, high = self.seen.min(axis=0), self.seen.max(axis=0)
        # Scale and shear are those of the dots: where there are none the map is a guess.
        affine = np.linalg.pinv(np.column_stack([self.seen, np.ones(len(self.seen))]))
        solved = affine @ (self.seen + self.design @ self.coefficients)
        linear, shift = solved[:2].T, solved[2]
        turn, upper = np.linalg.qr(linear)
        signs = np.sign(np.diag(upper))
        turn, upper = turn * signs, upper * signs[:, None]
        scale = np.diag(upper)

        # d = what scale and shear leave, turned so that the rows of the scan stay level.
        places = self.spline.places()
        left = (self.coefficients + places - places @ linear.T - shift) @ turn
        nx, ny = self.spline.count
        distortion = DistortionMap(
            start_mm=(self.spline.start[0] * float(scale[0]), self.spline.start[1] * float(scale[1])),
            step_mm=(KNOT_MM * float(scale[0]), KNOT_MM * float(scale[1])),
            dx_mm=left[:, 0].reshape(ny, nx),
            dy_mm=left[:, 1].reshape(ny, nx),
        )
        u_x, u_y, u_shear = self._u_linear(affine[:2] @ self.design, turn, upper)
        repeat = U_REPEAT if len(scans) == 1 else max(disagreement, U_REPEAT) / np.sqrt(len(scans))
        rms = np.sqrt(((self.design @ left) ** 2).mean(axis=0))
        residual = self.residual
        local = [self._u_local(axis, len({s.turns for s in scans})) for axis in (0, 1)]
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
            print_stretch=(float(self.stretch[0]), float(self.stretch[1]), float(self.stretch[2])),
            dots=len(self.seen),
            dropped=dropped,
        )

    def _u_linear(self, to_linear: Matrix, turn: Matrix, upper: Matrix) -> tuple[float, float, float]:
        """Standard uncertainties of scale along x and y (relative) and of shear."""
        inverse = np.linalg.inv(upper)

        def functional(row: int, column: int) -> Matrix:
            # (turn' dM upper^-1)[row, column] for dM[i, j] = to_linear[j] @ dC[:, i]
            weights = np.outer(turn[:, row], inverse[:, column])
            return np.stack([weights[i] @ to_linear for i in (0, 1)])

        wanted = functional(0, 0), functional(1, 1), functional(0, 1) + functional(1, 0)
        x, y, shear = (float(np.sqrt(max(self.variance(w), 0.0))) for w in wanted)
        return x, y, shear

    def _u_local(self, axis: int, directions: int) -> float:
        shared = _shared(self.residual, self.sheet, self.which, axis)[0]
        printed = self.size.u_local_mm / (1 if directions == 1 else 2)
        freedom = float(np.trace(self.inverse @ (self.design.T @ self.design)))
        share = freedom / len(self.seen)
        differs, alone = max(shared, 0.0), max(float((self.residual[:, axis] ** 2).mean()) - shared, 0.0)
        n = self.scans
        if n > 1:
            # The map is the mean of the scans; a page has its own part of what differs from scan to scan.
            fitted, differs = alone * share, differs * (n + 1) / (n - 1)
        else:
            # What whole rows have in common is fitted by the few coefficients along the other axis.
            fitted, differs = alone * share + differs * np.sqrt(share), 2 * differs + U_UNREPEATED_MM**2
        return float(np.sqrt(differs + fitted + printed**2 + LEAST_U_MM**2))


def _angle(sheet: Points, seen: Points) -> float:
    linear = np.linalg.lstsq(np.column_stack([sheet, np.ones(len(sheet))]), seen, rcond=None)[0][:2].T
    return float(np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]))


def _shared(residual: Points, sheet: Points, which: NDArray[np.int_], axis: int) -> tuple[float, float]:
    """Variance (mm²) that neighbors have in common along one axis, and by how much it lowers the number of dots that
    count."""
    values = residual[:, axis]
    total = float((values**2).mean()) + 1e-12
    common, inflation = 0.0, 1.0
    cell = np.round(sheet / 5.0).astype(int)
    for along in (0, 1):
        order = np.lexsort((cell[:, along], cell[:, 1 - along], which))
        a, b = order[:-1], order[1:]
        joined = (which[a] == which[b]) & (cell[a, 1 - along] == cell[b, 1 - along])
        joined &= cell[b, along] == cell[a, along] + 1
        if not joined.any():
            continue
        common = max(common, float((values[a] * values[b])[joined].mean()))
        lines, index, counts = np.unique(
            np.column_stack([which, cell[:, 1 - along]]), axis=0, return_inverse=True, return_counts=True
        )
        means = np.bincount(index.reshape(-1), values, len(lines)) / counts
        inflation = max(inflation, float((means**2 * counts).mean()) / total)
    return common, inflation


def _disagreement(scans: Sequence[GridScan], fit: _Fit) -> float:
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
