"""From a scan to a working image: about 150 dpi, one luminance plane in linear light, upright.

Geometry needs no more than 150 dpi (sub-pixel fits average over hundreds of pixels), and a JPEG is decoded at half
or a quarter of its size for less than the cost of decoding it whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import LINEAR_LUT as LINEAR_LUT
from qc.colorimetry import srgb_to_linear as srgb_to_linear
from qc.edges.fill import content_box
from qc.geometry import WORKING_DPI, Affine, pixel_scaling, quarter_turn
from qc.model import Resolution, ScanFile
from qc.normalize.scan_color import SRGB, ScanColor, scan_color
from qc.normalize.undistort import undistorted
from qc.scan.image_file import ScanHeader, read_pixels
from qc.scan.scanner_profile import ScannerProfile, ScannerScale, WhiteLid, frame_mm, u_without_profile

_REDUCTIONS = (8, 4, 2, 1)


_IDENTITY_LUT = (np.arange(256) / 255.0).astype(np.float32)


@dataclass(frozen=True)
class PageImage:
    """One scan at working resolution.

    Attributes
    ----------
    luminance : ndarray, shape (h, w), float32
        Linear light; 1 is the scanner's white.
    pixels : ndarray, shape (h, w) or (h, w, 3), uint8
        The same image as encoded by the scanner.
    dpi : Resolution
        Of the working image, along its x and y.
    to_scan : Affine
        Working pixels -> pixels of the scan at full resolution, turned as its EXIF tag says.
    bitonal : bool
        The scan has one bit a pixel: `pixels` are coverage, not tone.
    u_scale : tuple of float
        Relative standard uncertainty of `dpi` along x and y.
    u_local_mm : tuple of float
        Standard uncertainty of the place of a single point along x and y, from local distortion.
    white : WhiteLid or None
        What the scanner's profile says of edges on its white lid.
    colors : ScanColor
        What its RGB means.
    """

    luminance: NDArray[np.float32]
    pixels: NDArray[np.uint8]
    dpi: Resolution
    to_scan: Affine
    bitonal: bool = False
    u_scale: tuple[float, float] = u_without_profile()[0]
    u_local_mm: tuple[float, float] = u_without_profile()[1]
    white: WhiteLid | None = None
    colors: ScanColor = SRGB

    @property
    def color(self) -> bool:
        return self.pixels.ndim == 3

    @property
    def gray(self) -> NDArray[np.uint8]:
        """One value a pixel, as encoded."""
        return self.pixels if self.pixels.ndim == 2 else np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY))

    def within(self, box: tuple[int, int, int, int]) -> PageImage:
        """The part of the image from left and top up to right and bottom."""
        x0, y0, x1, y1 = box
        h, w = self.luminance.shape
        if box == (0, 0, w, h):
            return self
        return replace(
            self,
            luminance=np.ascontiguousarray(self.luminance[y0:y1, x0:x1]),
            pixels=np.ascontiguousarray(self.pixels[y0:y1, x0:x1]),
            to_scan=self.to_scan.after(Affine.shift(x0, y0)),
        )

    def turned(self, quarter_turns: int) -> PageImage:
        """The image turned counterclockwise by quarter turns."""
        turns = quarter_turns % 4
        if turns == 0:
            return self
        h, w = self.luminance.shape
        dpi = Resolution(self.dpi.y_dpi, self.dpi.x_dpi) if turns % 2 else self.dpi
        return replace(
            self,
            luminance=np.ascontiguousarray(np.rot90(self.luminance, turns)),
            pixels=np.ascontiguousarray(np.rot90(self.pixels, turns)),
            dpi=dpi,
            to_scan=self.to_scan.after(quarter_turn(turns, w, h).inverse()),
            u_scale=self.u_scale[::-1] if turns % 2 else self.u_scale,
            u_local_mm=self.u_local_mm[::-1] if turns % 2 else self.u_local_mm,
            white=None if self.white is None else self.white.turned(turns),
        )


def reduction(resolution: Resolution, least_dpi: float = WORKING_DPI) -> int:
    """Largest whole factor that keeps at least about `least_dpi` along both axes."""
    lowest = min(resolution.x_dpi, resolution.y_dpi)
    return next(r for r in _REDUCTIONS if r == 1 or lowest / r >= 0.94 * least_dpi)


def _geometry(stated: Resolution, header: ScanHeader, profile: ScannerProfile | None) -> ScannerScale | None:
    if profile is None or profile.scale is None:
        return None
    return profile.scale.as_scanned((stated.x_dpi, stated.y_dpi), (header.width_px, header.height_px))


def true_resolution(stated: Resolution, header: ScanHeader, profile: ScannerProfile | None) -> Resolution:
    """The true resolution of a scan that states `stated`: as the profile of its scanner has it, else as stated."""
    scale = _geometry(stated, header, profile)
    return stated if scale is None else Resolution(*scale.true_dpi((stated.x_dpi, stated.y_dpi)))


def load_page(
    scan: ScanFile,
    header: ScanHeader,
    stated: Resolution,
    profile: ScannerProfile | None = None,
    least_dpi: float = WORKING_DPI,
    read: Callable[[ScanFile, int], NDArray[Any]] = read_pixels,
) -> PageImage:
    """Read a scan at working resolution, without what its driver filled in beyond the backing.

    Parameters
    ----------
    scan : ScanFile
    header : ScanHeader
    stated : Resolution
        What is believed of the full-size scan.
    profile : ScannerProfile or None
        Makes of it the true one. Its shear and local distortion are taken out of the pixels where they matter; `to_scan`
        is then the affine map that comes closest, good to the size of the distortion. The map is left out where the scan
        shows another part of the glass than the calibration did, and its size enters `u_local_mm`.
    least_dpi : float
        Resolution that suffices; the scan is read at the coarsest whole reduction that keeps it.
    read : callable
        Gives the pixels, as `read_pixels` does.
    """
    resolution = true_resolution(stated, header, profile)
    r = reduction(resolution, least_dpi)
    pixels = read(scan, r)
    gray = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    # One-bit pixels averaged are already a share of light, not a tone.
    luminance: NDArray[Any] = cv2.LUT(gray, _IDENTITY_LUT if header.bits == 1 else LINEAR_LUT)
    page = PageImage(
        luminance=luminance,
        pixels=pixels,
        dpi=Resolution(resolution.x_dpi / r, resolution.y_dpi / r),
        to_scan=pixel_scaling(r, r),
        bitonal=header.bits == 1,
        colors=SRGB if pixels.ndim == 2 else scan_color(scan, profile),
    )
    if profile is not None:
        page = replace(page, white=profile.white)
        scale = _geometry(stated, header, profile)
        page = page if scale is None else _calibrated(page, header, resolution, scale)
    return page.within(content_box(np.asarray(gray, np.uint8), (page.dpi.x_dpi, page.dpi.y_dpi)))


def _calibrated(page: PageImage, header: ScanHeader, resolution: Resolution, scale: ScannerScale) -> PageImage:
    dpi = (resolution.x_dpi, resolution.y_dpi)
    mapped = scale.covers(frame_mm((header.width_px, header.height_px), dpi))
    u_scale, u_local_mm = scale.u_of(dpi, mapped)
    page = replace(page, u_scale=u_scale, u_local_mm=u_local_mm)
    straight = undistorted((page.luminance, page.pixels), (page.dpi.x_dpi, page.dpi.y_dpi), scale, mapped)
    if straight is None:
        return page
    (luminance, pixels), to_working = straight
    return replace(page, luminance=luminance, pixels=pixels, to_scan=page.to_scan.after(to_working))
