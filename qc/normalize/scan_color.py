"""The one place where averaged RGB of a scan becomes L*a*b*: by the scanner's profile, by the profile in the file, or as sRGB."""

from __future__ import annotations

import hashlib
import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from qc.colorimetry import LINEAR_LUT, ciede2000, lab_to_xyz, linear_rgb_to_lab, relative_to_paper, srgb_to_linear
from qc.model import ScanFile
from qc.normalize.color_model import ColorModel
from qc.scan.scanner_profile import ScannerProfile

U_UNCALIBRATED = 3.0
"""dE00 on a scanner without a color profile, taken as sRGB or as the file says: systematic, common to all pages of a copy.
A profile in the file is the driver's word; nobody has checked it."""
_GRID = 33
_SAME_DE = 1.5
_MOST_OVER_PAPER = 1.2

Colors = NDArray[np.float64]


class ScanColor:
    """sRGB, for a scan of which nothing is known; the base of the others.

    Attributes
    ----------
    kind : str
        ``"srgb"``, ``"embedded"`` or ``"profile"``.
    calibrated : bool
        Whether somebody has checked it against a chart.
    id : str
        The same for two scans whose RGB means the same.
    words : str
        The same for a report.
    u : float
        Standard uncertainty (k = 1) of a color, dE00.
    decode : ndarray, shape (256,), float32
        Light of each encoded value; averages are taken of this.
    """

    kind = "srgb"
    id = "srgb"
    words = "as sRGB"
    calibrated = False
    u = U_UNCALIBRATED

    @property
    def decode(self) -> NDArray[np.float32]:
        return LINEAR_LUT

    def lab(self, light: Colors) -> Colors:
        """L*a*b* (D50) of averaged light, shape (..., 3), decoded by `decode`."""
        return linear_rgb_to_lab(light)

    def lab_on_paper(self, light: Colors, paper: Colors) -> Colors:
        """L*a*b* relative to paper, whose light is `paper`, shape (3,); bare paper is 100, 0, 0."""
        return linear_rgb_to_lab(np.clip(light / paper, 0, _MOST_OVER_PAPER))


SRGB = ScanColor()


class ProfiledColor(ScanColor):
    """A scan from a scanner whose colors were calibrated."""

    kind = "profile"
    words = "by the color profile of the scanner"
    calibrated = True

    def __init__(self, model: ColorModel, u: float, id: str) -> None:
        self.u = u
        self.id = id
        self._model = model
        self._decode = model.light(np.arange(256) / 255.0).astype(np.float32)

    @property
    def decode(self) -> NDArray[np.float32]:
        return self._decode

    def lab(self, light: Colors) -> Colors:
        return self._model.lab_of_light(light)

    def lab_on_paper(self, light: Colors, paper: Colors) -> Colors:
        return relative_to_paper(self.lab(light), self.lab(paper))


class EmbeddedColor(ScanColor):
    """A scan that carries an ICC profile of its RGB, other than sRGB.

    Notes
    -----
    LittleCMS gives L*a*b* in 8 bits, steps of 0.4 in L* and 1 in a* and b*; that is little against `u`.
    """

    kind = "embedded"
    words = "by the ICC profile in its file"

    def __init__(self, table: Colors, id: str) -> None:
        """`table` holds L*a*b* at equal steps of encoded R, G and B, shape (n, n, n, 3)."""
        self.id = id
        steps = np.linspace(0, 1, len(table))
        # Only who scans with such a profile waits for SciPy.
        from scipy.interpolate import RegularGridInterpolator

        self._lab = RegularGridInterpolator((steps, steps, steps), table)
        gray = lab_to_xyz(table[(np.arange(len(table)),) * 3])[:, 1]
        self._tone = np.maximum.accumulate(np.clip(gray / gray[-1], 0, 1) + 1e-6 * steps)
        self._steps = steps

    @property
    def decode(self) -> NDArray[np.float32]:
        return np.interp(np.arange(256) / 255.0, self._steps, self._tone).astype(np.float32)

    def lab(self, light: Colors) -> Colors:
        encoded = np.interp(light, self._tone, self._steps)
        return np.asarray(self._lab(encoded)).reshape(np.shape(light))

    def lab_on_paper(self, light: Colors, paper: Colors) -> Colors:
        return relative_to_paper(self.lab(light), self.lab(paper))


def scan_color(scan: ScanFile, profile: ScannerProfile | None) -> ScanColor:
    """What the RGB of a scan means.

    Parameters
    ----------
    scan : ScanFile
        A color scan that can be read.
    profile : ScannerProfile or None
        Its colors come first, unless their grade is C.

    Returns
    -------
    ScanColor
        By the scanner's profile; else by the ICC profile in the file, if it holds one of RGB other than sRGB; else sRGB.

    Notes
    -----
    Profiles inside PDF and multipage files are not looked at beyond the first image; such scans count as sRGB.
    """
    if profile is not None and profile.color is not None and profile.color.grade != "C":
        return _profiled(profile)
    icc = _embedded_icc(scan)
    return SRGB if icc is None else _embedded(icc)


@lru_cache(maxsize=8)
def _profiled(profile: ScannerProfile) -> ProfiledColor:
    color = profile.color
    assert color is not None
    return ProfiledColor(ColorModel(color.rgb, color.lab, color.gamma, color.offset), color.u, profile.sha256)


def _embedded_icc(scan: ScanFile) -> bytes | None:
    try:
        with Image.open(scan.path) as image:
            return image.info.get("icc_profile") if image.mode == "RGB" and scan.frame == 0 else None
    except (OSError, ValueError, Image.DecompressionBombError):  # of a kind that Pillow does not read, such as a PDF
        return None


@lru_cache(maxsize=8)
def _embedded(icc: bytes) -> ScanColor:
    n = _GRID
    levels = np.rint(np.linspace(0, 255, n))
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).astype(np.uint8)
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(icc)),
            ImageCms.createProfile("LAB", 5003),
            "RGB",
            "LAB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
        )
        seen = ImageCms.applyTransform(Image.fromarray(grid.reshape(n, n * n, 3), "RGB"), transform)
    except (ImageCms.PyCMSError, OSError, ValueError):  # damaged, or not of RGB
        return SRGB
    assert seen is not None
    raw = np.asarray(seen).reshape(n, n, n, 3)
    # Pillow keeps a* and b* as signed bytes.
    signed = raw[..., 1:].astype(np.int8).astype(np.float64)
    lab = np.concatenate([raw[..., :1] * (100 / 255.0), signed], axis=-1)
    usual = linear_rgb_to_lab(srgb_to_linear(grid / 255.0))
    same = float(np.quantile(ciede2000(lab, usual), 0.95)) < _SAME_DE
    return SRGB if same else EmbeddedColor(lab, hashlib.sha256(icc).hexdigest())
