"""Where the trim lies on a PDF page: the TrimBox, else what the page size says against a stated or standard trim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import Enum

from qc.errors import ReferenceFault
from qc.geometry import Direction, Size, side_of, spine_at_left
from qc.pdfium import Box, Sheet
from qc.units import inches, parse_trim, to_mm

BLEED_MM = to_mm(0.125, "in")
TOLERANCE_MM = to_mm(0.02, "in")

_STANDARD_INCHES = """
    4.25 x 6.87, 4.37 x 7, 4.72 x 7.48, 5 x 7, 5 x 8, 5.06 x 7.81, 5.25 x 8, 5.5 x 8.5, 5.83 x 8.27, 6 x 9, 6.14 x 9.21,
    6.5 x 6.5, 6.625 x 10.25, 6.69 x 9.61, 7 x 10, 7.44 x 9.69, 7.5 x 9.25, 8 x 8, 8 x 10, 8.25 x 6, 8.25 x 8.25,
    8.25 x 11, 8.27 x 11.69, 8.5 x 8.5, 8.5 x 11
"""
STANDARD = tuple(Size(*parse_trim(f"{size} in")) for size in _STANDARD_INCHES.split(","))


class Bleed(Enum):
    """Bleed in mm at the fore-edge, at the spine, and at head and tail."""

    NONE = (0.0, 0.0, 0.0)
    THREE_SIDES = (BLEED_MM, 0.0, BLEED_MM)
    FOUR_SIDES = (BLEED_MM, BLEED_MM, BLEED_MM)


def describe(width_mm: float, height_mm: float) -> str:
    """Size in inches, for messages: ``6 x 9 in``."""
    return f"{round(inches(width_mm), 2):g} x {round(inches(height_mm), 2):g} in"


def trim_boxes(
    pages: Sequence[Sheet], stated: Size | None, bleed: bool | None, direction: Direction = Direction.LTR
) -> list[Box]:
    """Trim of each page, in displayed-page mm.

    Parameters
    ----------
    pages
        Boxes of all pages; the first is a recto.
    stated
        Trim that was ordered, if known.
    bleed
        Whether the pages were stated to have bleed; says which reading of an ambiguous page size is meant, and is of no
        account on pages with a TrimBox.
    direction
        In which the book is read: tells at which side three-sided bleed leaves the spine.

    Raises
    ------
    ReferenceFault
        The pages are spreads, or the stated trim or bleed cannot be meant for these page sizes.

    Notes
    -----
    What fools it: a custom trim that is 0.125 x 0.25 in larger than a standard one and was not stated reads as bleed;
    head, tail and fore-edge are then 3.175 mm off.
    """
    usual = _most_common(p.trim or (0.0, 0.0, p.width_mm, p.height_mm) for p in pages)
    if stated is None and not _fits_exactly(usual, STANDARD):
        _refuse_spread(usual, STANDARD, "The PDF")
    boxes = [
        page.trim or _from_page_size(number, page.width_mm, page.height_mm, stated, bleed, direction)
        for number, page in enumerate(pages, 1)
    ]
    title = stated or _most_common(boxes)
    for number, box in enumerate(boxes, 1):
        _refuse_spread(_size(box), (title,), f"Page {number}")
    return boxes


def bleed_at_right(pages: Sequence[Sheet]) -> bool | None:
    """Whether odd pages have bleed at the right only, and even ones at the left; False: the other way round.

    None where their TrimBoxes do not show it, or not on nine of ten pages that have bleed at one side.
    """
    told = []
    for number, page in enumerate(pages, 1):
        if page.trim is None:
            continue
        left, right = page.trim[0] - page.inked[0], page.inked[2] - page.trim[2]
        if abs(left - right) > TOLERANCE_MM and min(left, right) < TOLERANCE_MM:
            told.append((right > left) is (number % 2 == 1))
    share = sum(told) / len(told) if len(told) > 2 else 0.5
    return True if share > 0.9 else False if share < 0.1 else None


def title_trim(boxes: Sequence[Box], stated: Size | None) -> Size:
    """Trim of the title: what was stated, where pages have it; else that of most pages."""
    usual = _most_common(boxes)
    return stated if stated and _fits_exactly(usual, (stated,)) else usual


def _size(box: Box) -> Size:
    return Size(box[2] - box[0], box[3] - box[1])


def _most_common(boxes: Iterable[Box]) -> Size:
    sizes = [_size(b) for b in boxes]
    counts = Counter((round(s.width_mm, 1), round(s.height_mm, 1)) for s in sizes)
    usual = counts.most_common(1)[0][0]
    return next(s for s in sizes if (round(s.width_mm, 1), round(s.height_mm, 1)) == usual)


def _deviation(width_mm: float, height_mm: float, trim: Size, bleed: Bleed = Bleed.NONE) -> float:
    outside, spine, ends = bleed.value
    return max(abs(width_mm - trim.width_mm - outside - spine), abs(height_mm - trim.height_mm - 2 * ends))


def _fits_exactly(size: Size, trims: Iterable[Size]) -> bool:
    return any(_deviation(size.width_mm, size.height_mm, t) <= TOLERANCE_MM for t in trims)


def _refuse_spread(size: Size, trims: Iterable[Size], what: str) -> None:
    # Both leaves may have bleed at the fore-edges or all round, and A5 twice is 0.03 in short of A4.
    for trim in trims:
        for across, along in ((0.0, 0.0), (2 * BLEED_MM, 2 * BLEED_MM), (4 * BLEED_MM, 2 * BLEED_MM)):
            two = Size(2 * trim.width_mm + across, trim.height_mm + along)
            if _deviation(size.width_mm, size.height_mm, two) <= 2 * TOLERANCE_MM:
                found, half = describe(size.width_mm, size.height_mm), describe(trim.width_mm, trim.height_mm)
                raise ReferenceFault(
                    f"{what} is {found}, which looks like spreads or an imposed sheet of two {half} pages. "
                    "Export single pages; if this is the trim, state it."
                )


def _from_page_size(
    number: int, width_mm: float, height_mm: float, stated: Size | None, bleed: bool | None, direction: Direction
) -> Box:
    kinds = [k for k in Bleed if bleed is None or bleed is (k is not Bleed.NONE)]
    kind = _reading(width_mm, height_mm, (stated,) if stated else STANDARD, kinds)
    if kind is None and stated is None and bleed is not True:
        kind = Bleed.NONE
    if kind is None:
        page = f"Page {number} of the PDF is {describe(width_mm, height_mm)}"
        if stated is None:
            raise ReferenceFault(
                f"{page}: bleed is stated, but that is no standard trim with bleed. State the trim too."
            )
        _refuse_spread(Size(width_mm, height_mm), (stated,), f"Page {number}")
        with_bleed = [
            describe(stated.width_mm + b.value[0] + b.value[1], stated.height_mm + 2 * b.value[2]) for b in Bleed
        ]
        allowed = {None: " or ".join(with_bleed), False: with_bleed[0], True: " or ".join(with_bleed[1:])}[bleed]
        having = {None: "", False: " without bleed", True: " with bleed"}[bleed]
        raise ReferenceFault(
            f"{page}; the stated trim {describe(stated.width_mm, stated.height_mm)}{having} needs {allowed}. "
            "Correct the statement or use the PDF that was ordered."
        )
    outside, spine, ends = kind.value
    left, right = (spine, outside) if spine_at_left(side_of(number), direction) else (outside, spine)
    return left, ends, width_mm - right, height_mm - ends


def _reading(width_mm: float, height_mm: float, trims: Iterable[Size], kinds: Sequence[Bleed]) -> Bleed | None:
    """Kind of bleed that explains the page size, no bleed before any; an insert may stand turned by 90°."""
    found = []
    for trim in trims:
        for kind in kinds:
            found.append((kind is not Bleed.NONE, _deviation(width_mm, height_mm, trim, kind), kind))
            if kind is not Bleed.THREE_SIDES:
                # Where the fore-edge of a turned page lies cannot be told, so three-sided bleed is not read into one.
                turned = Size(trim.height_mm, trim.width_mm)
                found.append((kind is not Bleed.NONE, _deviation(width_mm, height_mm, turned, kind), kind))
    fitting = [f for f in found if f[1] <= TOLERANCE_MM]
    return min(fitting, key=lambda f: f[:2])[2] if fitting else None
