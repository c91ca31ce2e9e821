"""What goes into the examination of one scanned page, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass

from qc.edges.dark_backing import EdgeLine
from qc.features.print_marks import PrintMark
from qc.features.text_placement import OwnPage
from qc.features.tiles import PageTiles
from qc.features.white_strips import Sliver
from qc.flags import Flag
from qc.geometry import Affine, Direction, Size
from qc.model import Resolution, ScanFile, ScanSettings
from qc.normalize.ink import Ink
from qc.register.print_shape import Shape
from qc.register.register import Registration
from qc.register.thumbnails import Candidate
from qc.scan.scanner_profile import u_without_profile

_NOWHERE = (EdgeLine(None, flag=Flag.NOT_REGISTERED),) * 4


@dataclass(frozen=True)
class PageJob:
    """What to examine: small and free of pixels, so that it can go to another thread or process. `seen_as` is the
    reference page at which it is looked up first, where a first look told; `direction` that in which the book is read;
    `same_as` the scan that it repeats, so that there is nothing to examine; `shapes` how the print of the copy may be scaled
    and turned, the likeliest first, where it is not as ordered."""

    position: int
    scan: ScanFile
    settings: ScanSettings
    forced_page: int | None = None
    forced_turns: int | None = None
    seen_as: int | None = None
    direction: Direction = Direction.LTR
    same_as: ScanFile | None = None
    shapes: tuple[Shape, ...] = ()

    @property
    def expected_page(self) -> int:
        return self.seen_as or self.position + self.settings.first_page - 1


@dataclass(frozen=True)
class PageResult:
    """What one scan gave: numbers, small arrays and a thumbnail.

    Attributes
    ----------
    error : str
        Why the file could not be used; empty if it could.
    doubt : str
        Why its resolution is not credible by itself; pages of the same copy may prove it all the same.
    resolution : Resolution or None
        Believed resolution of the scan at full size.
    turns : int
        Counterclockwise quarter turns that make the (EXIF-turned) scan upright.
    fits : bool
        A sheet was found, and it has about the ordered size: what it shows can be looked up.
    options : tuple of Candidate
        Reference pages it may show, best first.
    reference_page : int or None
        The one it was registered to; at a glance, the one that stands out.
    mirrored : int or None
        The one that its mirror image looks like, where that was looked for.
    shape : Shape or None
        How its print is scaled, by the resolution that is believed, and turned on the sheet; of a registered page.
    lines : tuple of EdgeLine
        Left, top, right, bottom, in working pixels.
    to_scan : Affine
        Working pixels -> scan pixels.
    own : OwnPage or None
        What the page says by itself, where there is no reference.
    u_scale, u_local_mm : tuple of float
        Of the upright image, as `PageImage` has them.
    tiles : PageTiles or None
        What a registered page shows tile by tile, as scanned.
    no_tone : Flag or None
        Why its color cannot be measured: one bit a pixel, or no color.
    marks : tuple of PrintMark, or None
        Spots and streaks of a registered page; None where they could not be looked for.
    slivers : tuple of Sliver
        Strips of bare paper between pictures and cuts of a registered page.
    size_px : tuple of int, or None
        Width and height of the scan as it was read.
    """

    job: PageJob
    error: str = ""
    doubt: str = ""
    credible: bool = True
    resolution: Resolution | None = None
    turns: int = 0
    backing: str = "none"
    fits: bool = False
    ink: Ink | None = None
    options: tuple[Candidate, ...] = ()
    reference_page: int | None = None
    mirrored: int | None = None
    shape: Shape | None = None
    registration: Registration | None = None
    lines: tuple[EdgeLine, ...] = _NOWHERE
    to_scan: Affine | None = None
    u_scale: tuple[float, float] = u_without_profile()[0]
    u_local_mm: tuple[float, float] = u_without_profile()[1]
    trim: Size | None = None
    own: OwnPage | None = None
    tiles: PageTiles | None = None
    no_tone: Flag | None = None
    marks: tuple[PrintMark, ...] | None = None
    slivers: tuple[Sliver, ...] = ()
    picture: bytes = b""
    size_px: tuple[int, int] | None = None
