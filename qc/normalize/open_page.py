"""The one way from a scan to a page that can be worked on: header, believed resolution, working image, sheet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from qc.edges.dark_backing import Sheet
from qc.errors import ScanError
from qc.geometry import WORKING_DPI, Size
from qc.model import Resolution, ScanFile, ScanSettings
from qc.normalize.orientation import sheet_in
from qc.normalize.page_image import PageImage, load_page, true_resolution
from qc.scan.image_file import ScanHeader
from qc.scan.scan_reader import ScanReader
from qc.scan.scanner_profile import ScannerProfile
from qc.units import MM_PER_INCH

LEAST_MM = 20.0
"""An image with a shorter side is no scan of a page: an icon, a strip, or a resolution that is wrong."""
LIKELY_DPI = (150, 200, 300, 400, 600)


class NoResolution(ScanError):
    """The scan states no credible resolution."""


@dataclass(frozen=True)
class OpenPage:
    """A scan as it is worked on.

    Attributes
    ----------
    header : ScanHeader
    resolution : Resolution
        Believed of the scan at full size.
    image : PageImage
        At about 150 dpi or what was asked for, as it lies in the file.
    settings : ScanSettings
        What is stated of the scans of its copy.
    """

    header: ScanHeader
    resolution: Resolution
    image: PageImage
    settings: ScanSettings

    @cached_property
    def sheet(self) -> Sheet:
        """The sheet in the image."""
        return sheet_in(self.image, self.settings)


def open_page(
    scan: ScanFile,
    settings: ScanSettings,
    profile: ScannerProfile | None = None,
    trim: Size | None = None,
    least_dpi: float = WORKING_DPI,
    reader: ScanReader | None = None,
) -> OpenPage:
    """Open the scan of a page.

    Parameters
    ----------
    scan : ScanFile
    settings : ScanSettings
        Its resolution is believed over that of the header.
    profile : ScannerProfile or None
        Of the scanner; corrects resolution, pixels and colors.
    trim : Size or None
        Ordered size, named in the message where no resolution is known.
    least_dpi : float
        Resolution of the image that suffices.
    reader : ScanReader, optional
        Keeps what it has read of a copy.

    Raises
    ------
    ScanError
        It cannot be read, or is smaller than any page.
    NoResolution
        It has no resolution that is believed.
    """
    reader = reader or ScanReader()
    header = reader.header(scan)
    stated = stated_resolution(scan, settings, header, trim)
    resolution = true_resolution(stated, header, profile)
    refuse_small(scan, header, resolution)
    return OpenPage(header, resolution, load_page(scan, header, stated, profile, least_dpi, reader.pixels), settings)


def refuse_small(scan: ScanFile, header: ScanHeader, resolution: Resolution) -> None:
    """Raise a ScanError for an image with a side shorter than `LEAST_MM`; nothing could be measured on it."""
    width = header.width_px / resolution.x_dpi * MM_PER_INCH
    height = header.height_px / resolution.y_dpi * MM_PER_INCH
    if min(width, height) < LEAST_MM:
        raise ScanError(
            f"{scan.name} measures {width:.1f} x {height:.1f} mm at {resolution.x_dpi:g} dpi, which is no page of a book. "
            "Check the resolution, or take the file out of the folder."
        )


def stated_resolution(scan: ScanFile, settings: ScanSettings, header: ScanHeader, trim: Size | None) -> Resolution:
    """The resolution that a scan states, in copy.toml or its header.

    Raises
    ------
    NoResolution
        Neither states a credible one; the message says what size the page would have, beside the ordered `trim`.
    """
    if settings.dpi is not None:
        return Resolution(settings.dpi, settings.dpi)
    if header.resolution is not None:
        return header.resolution
    raise NoResolution(no_resolution_message(scan, header, trim))


def no_resolution_message(scan: ScanFile, header: ScanHeader, trim: Size | None) -> str:
    """What was found, what the page would measure at likely resolutions, what to do."""
    claim = header.claimed_dpi
    says = f"says {claim[0]:g} x {claim[1]:g} dpi, which is not believed" if claim else "states no resolution"
    sizes = ", ".join(f"{header.width_px / d:.2f} x {header.height_px / d:.2f} in at {d} dpi" for d in LIKELY_DPI)
    ordered = ""
    if trim is not None:
        ordered = f"; ordered: {trim.width_mm / MM_PER_INCH:.2f} x {trim.height_mm / MM_PER_INCH:.2f} in"
    return (
        f"{scan.name} {says}. Lengths cannot be measured without it. The image would measure {sizes}{ordered}. "
        "Rescan with the resolution in the file, or pass --dpi N if you know it."
    )
