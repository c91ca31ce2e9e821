"""One least-squares fit over all dots of several scans: a spline over the glass, a pose for each sheet, and the print."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.geometry import Points
from qc.scan.scanner_profile import spline_basis
from qc.stats import mad

KNOT_MM = 20.0
BEYOND_MM = 20.0
"""The map reaches this far beyond the outermost dots and stays what it is there."""
FAINT = 1e-7
TRACE = 1e-11
"""Of damping: more would pull the scale."""
FOLDS = 5
ROUNDS = 4
U_PRINT_MM = 0.015
"""Local placement of dots by an office printer, 16 and 23 micrometers with that of the scanner on a good one."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class PrintedSize:
    """Size of the print, true over nominal length along x and y.

    Its uncertainties (k = 1) are relative, of the shear between the axes, and of the place of single dots in mm.
    """

    stretch_x: float = 1.0
    stretch_y: float = 1.0
    u_x: float = 0.001
    u_y: float = 0.001
    u_shear: float = 0.0015
    u_local_mm: float = U_PRINT_MM


EXACT = PrintedSize(u_x=1e-5, u_y=1e-5, u_shear=1e-5, u_local_mm=0.0)
"""Film or glass, or drawn."""


@dataclass(frozen=True)
class Spline:
    """The raster of coefficients over the frame."""

    start: tuple[float, float]
    count: tuple[int, int]

    @staticmethod
    def over(points: Points) -> Spline:
        low, high = points.min(axis=0) - BEYOND_MM, points.max(axis=0) + BEYOND_MM
        count = np.ceil((high - low) / KNOT_MM).astype(int) + 3
        return Spline((float(low[0]), float(low[1])), (int(count[0]), int(count[1])))

    def design(self, points: Points) -> Matrix:
        """Shape (n, rows * columns)."""
        x = spline_basis(points[:, 0], self.start[0], KNOT_MM, self.count[0])
        y = spline_basis(points[:, 1], self.start[1], KNOT_MM, self.count[1])
        return np.asarray((y[:, :, None] * x[:, None, :]).reshape(len(points), -1))

    def places(self) -> Points:
        """Where each coefficient stands, shape (rows * columns, 2): with these as coefficients the spline is the identity."""
        x, y = (s + KNOT_MM * (np.arange(n) - 1.0) for s, n in zip(self.start, self.count, strict=True))
        return np.column_stack([np.tile(x, len(y)), np.repeat(y, len(x))])

    def roughness(self) -> Matrix:
        nx, ny = self.count
        dx, dy = (np.diff(np.eye(n), 2, axis=0) for n in (nx, ny))
        mixed = np.kron(np.diff(np.eye(ny), axis=0), np.diff(np.eye(nx), axis=0))
        rows = (np.kron(np.eye(ny), dx), np.kron(dy, np.eye(nx)), np.sqrt(2) * mixed)
        return np.asarray(sum(r.T @ r for r in rows))


class JointFit:
    """The joint fit; unknown are the spline, the pose of each scan but the first, and the print's stretch and shear.

    `crossed` says that the sheet was scanned in both directions.
    """

    def __init__(
        self,
        spline: Spline,
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
            self.noise = max(mad(self.residual), 0.0003)
        # Neighbors share errors: fewer dots count than there are.
        inflation = max(shared(self.residual, self.sheet, self.which, axis)[1] for axis in (0, 1))
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


def _angle(sheet: Points, seen: Points) -> float:
    linear = np.linalg.lstsq(np.column_stack([sheet, np.ones(len(sheet))]), seen, rcond=None)[0][:2].T
    return float(np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]))


def shared(residual: Points, sheet: Points, which: NDArray[np.int_], axis: int) -> tuple[float, float]:
    """Variance (mm²) shared by neighbors along one axis, and the factor by which it lowers the count of dots."""
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
