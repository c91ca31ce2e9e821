"""What goes into the examination of one scanned page, and what comes out of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from qc.edges.dark_backing import EdgeLine, Sheet
from qc.edges.outline import Outline
from qc.features.paper_traces import PaperTraces
from qc.features.print_marks import PrintMark
from qc.features.text_placement import OwnPage
from qc.features.tiles import Tiles
from qc.features.white_strips import Sliver
from qc.flags import Flag
from qc.geometry import WORKING_DPI, Affine, Direction, Size
from qc.model import Resolution, ScanFile, ScanSettings
from qc.normalize.ink import Ink
from qc.register.print_points import FoundAgain
from qc.register.print_shape import Shape
from qc.register.register import Prior, Registration
from qc.register.thumbnails import Candidate
from qc.scan.scanner_profile import ScannerProfile, u_without_profile

Scale = tuple[Prior | None, Prior | None]
"""What a copy says of the scale of its pages scanned upright, and of those scanned on their side; None where it says nothing."""
_NOWHERE = (EdgeLine(None, flag=Flag.NOT_REGISTERED),) * 4


@dataclass(frozen=True)
class PageJob:
    """What to inspect: small and free of pixels, so that it can go to another thread or process.

    Attributes
    ----------
    position : int
        Among the interior scans, 1-based.
    profile : ScannerProfile or None
        Of the scanner.
    dpi : float
        Resolution of the image that suffices.
    forced_page, forced_turns : int or None
        The only reference page, and the only quarter turns, that are tried.
    seen_as : int or None
        The reference page at which it is looked up first, where that is known.
    direction : Direction
        In which the book is read.
    same_as : ScanFile or None
        The scan that it repeats, so that there is nothing to inspect.
    shapes : tuple of Shape
        How the print of the copy may be scaled and turned, the likeliest first, where it is not as ordered.
    scale : Scale
        What other pages of the copy say; where they do, a page is measured as soon as it is registered.
    """

    position: int
    scan: ScanFile
    settings: ScanSettings
    profile: ScannerProfile | None = None
    dpi: float = WORKING_DPI
    forced_page: int | None = None
    forced_turns: int | None = None
    seen_as: int | None = None
    direction: Direction = Direction.LTR
    same_as: ScanFile | None = None
    shapes: tuple[Shape, ...] = ()
    scale: Scale = (None, None)

    @property
    def expected_page(self) -> int:
        return self.seen_as or self.position + self.settings.first_page - 1


@dataclass(frozen=True)
class Recognition:
    """What a scan looks like by its small picture.

    Attributes
    ----------
    page : int or None
        The one reference page that it looks like; None where there is none, or where others look the same.
    look : int or None
        The first of the reference pages that look like it.
    mirrored : int or None
        The reference page that its mirror image looks like.
    ways : tuple of Candidate
        How it fits that page upright and upside down, best first.
    """

    page: int | None = None
    look: int | None = None
    mirrored: int | None = None
    ways: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class PageResult:
    """What one scan gave: numbers, small arrays and a thumbnail.

    Attributes
    ----------
    pending : bool
        It was not recognized: where it is looked up depends on its neighbors.
    recognition : Recognition
        What it looks like, before anything is registered.
    error : str
        Why the file could not be used; empty if it could.
    doubt : str
        Why its resolution is not credible by itself; pages of the same copy may prove it all the same.
    resolution : Resolution or None
        Believed resolution of the scan at full size.
    turns : int
        Counterclockwise quarter turns that make the (EXIF-turned) scan upright.
    sheet : Sheet or None
        In the upright image, in working pixels; of a registered page.
    fits : bool
        A sheet was found, and it has about the ordered size: what it shows can be looked up.
    options : tuple of Candidate
        Reference pages it may show, best first.
    found_again : FoundAgain or None
        How much of the ordered cover the scan of a side shows that is not registered.
    reference_page : int or None
        The one it was registered to; where nothing is registered, the one that stands out.
    shape : Shape or None
        How its print is scaled, by the resolution that is believed, and turned on the sheet; of a registered page.
    lines : tuple of EdgeLine
        Left, top, right, bottom, in working pixels.
    outline : Outline or None
        Of the paper, with its damage; None where it was not looked at.
    measured : Affine or None
        The map from page to working pixels by which lines, tiles and marks were found.
    to_scan : Affine
        Working pixels -> scan pixels.
    own : OwnPage or None
        What the page says by itself, where there is no reference.
    u_scale, u_local_mm : tuple of float
        Of the upright image, as `PageImage` has them.
    tiles : Tiles or None
        What a registered page shows tile by tile, as scanned.
    no_tone : Flag or None
        Why its color cannot be measured: one bit a pixel, or no color.
    marks : tuple of PrintMark, or None
        Spots and streaks of a registered page; None where they could not be looked for.
    dirt : tuple of str
        Codes of marks that were taken out as the scanner's.
    glass_seen : bool
        A scan of the empty glass serves the page: what is left in `marks` is not on the glass.
    traces : PaperTraces or None
        What damage may have left inside a registered page; None where it could not be looked for.
    slivers : tuple of Sliver
        Strips of bare paper between pictures and cuts of a registered page.
    size_px : tuple of int, or None
        Width and height of the scan as it was read.
    """

    job: PageJob
    pending: bool = False
    recognition: Recognition = Recognition()
    error: str = ""
    doubt: str = ""
    credible: bool = True
    resolution: Resolution | None = None
    turns: int = 0
    backing: str = "none"
    sheet: Sheet | None = None
    fits: bool = False
    ink: Ink | None = None
    options: tuple[Candidate, ...] = ()
    found_again: FoundAgain | None = None
    reference_page: int | None = None
    shape: Shape | None = None
    registration: Registration | None = None
    lines: tuple[EdgeLine, ...] = _NOWHERE
    outline: Outline | None = None
    measured: Affine | None = None
    to_scan: Affine | None = None
    u_scale: tuple[float, float] = u_without_profile()[0]
    u_local_mm: tuple[float, float] = u_without_profile()[1]
    trim: Size | None = None
    own: OwnPage | None = None
    tiles: Tiles | None = None
    no_tone: Flag | None = None
    marks: tuple[PrintMark, ...] | None = None
    dirt: tuple[str, ...] = ()
    glass_seen: bool = False
    traces: PaperTraces | None = None
    slivers: tuple[Sliver, ...] = ()
    picture: bytes = b""
    size_px: tuple[int, int] | None = None


def renumbered(pages: Iterable[PageResult]) -> list[PageResult]:
    """The pages at the positions in which they come, from 1."""
    return [replace(page, job=replace(page.job, position=n)) for n, page in enumerate(pages, 1)]
