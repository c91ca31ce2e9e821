"""Fourier transforms of planes, by NumPy: SciPy takes a quarter of a second to import."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.fft import irfft as irfft
from numpy.fft import irfft2 as irfft2
from numpy.typing import NDArray


def fast_length(least: int) -> int:
    """The smallest length, not below `least`, that is transformed quickly: a product of twos, threes and fives."""
    return cv2.getOptimalDFTSize(least)


def rfft(lines: NDArray[Any], length: int) -> NDArray[Any]:
    """Spectra of the rows, each padded with zeros to `length`; unscaled, as precise as `lines`."""
    # NumPy goes six times slower, in long double, where it is not asked to scale.
    return np.asarray(np.fft.rfft(lines, length, norm="forward") * lines.dtype.type(length))


def rfft2(plane: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Spectrum of a plane padded with zeros to `size` (rows, columns); unscaled, as precise as `plane`."""
    return np.asarray(np.fft.rfft2(plane, size, norm="forward") * plane.dtype.type(size[0] * size[1]))
