"""Where the trim lies on a PDF page: the TrimBox, else what the page size says against a stated or standard trim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from qc.errors import ReferenceFault
from qc.geometry import Box, Direction, Size, side_of, spine_at_left
from qc.scan.pdfium import PdfPage
from qc.units import inches, parse_trim, to_mm

BLEED_MM = to_mm(0.125, "in")
TOLERANCE_MM = to_mm(0.02, "in")
"""By which a page may differ from what was stated of it: 128.5 x 198.4 mm is said for 129 x 198 mm, 6.13 in for 6.125 in."""
EXACT_MM = 0.1
"""By which a page may differ from a trim and its bleed where nobody stated them: bleeds of 3 and 3.175 mm differ by 0.35."""
WHOLE_POINT_MM = to_mm(0.5 / 72, "in") + 0.005
"""The same for a page without bleed: many programs write pages in whole points."""

_STANDARD_INCHES = """
    4.25 x 6.87, 4.37 x 7, 4.72 x 7.48, 5 x 7, 5 x 8, 5.06 x 7.81, 5.25 x 8, 5.5 x 8.5, 5.83 x 8.27, 6 x 9, 6.14 x 9.21,
    6.5 x 6.5, 6.625 x 10.25, 6.69 x 9.61, 7 x 10, 7.44 x 9.69, 7.5 x 9.25, 8 x 8, 8 x 10, 8.25 x 6, 8.25 x 8.25,
    8.25 x 11, 8.27 x 11.69, 8.5 x 8.5, 8.5 x 11
"""
STANDARD = tuple(Size(*parse_trim(f"{size} in")) for size in _STANDARD_INCHES.split(","))
METRIC = tuple(
    Size(*size) for size in ((120, 190), (129, 198), (148, 210), (156, 234), (170, 244), (189, 246), (210, 297))
)
"""The standard trims that the trade knows in whole millimeters, at most half a millimeter off."""


@dataclass(frozen=True)
class Bleed:
    """Bleed in mm at the fore-edge, at the spine, and at head and tail."""

    outside: float = 0.0
    spine: float = 0.0
    ends: float = 0.0


NO_BLEED = Bleed()
BLEEDS = tuple(Bleed(b, spine, b) for b in (BLEED_MM, 3.0, 5.0) for spine in (0.0, b))
"""On three sides and on four: KDP asks for 0.125 in, others for 3 or 5 mm."""


@dataclass(frozen=True)
class PageTrim:
    """The trim of a page, in displayed-page mm; where it is not `known`, the whole page stands for it."""

    box: Box
    known: bool = True


def describe(width_mm: float, height_mm: float) -> str:
    """Size in inches, for messages: ``6 x 9 in``."""
    return f"{round(inches(width_mm), 2):g} x {round(inches(height_mm), 2):g} in"


def with_neighbors(pages: Sequence[PdfPage]) -> tuple[list[PdfPage], frozenset[int]]:
    """The pages, those without a TrimBox with that of the nearest of the same size, rectos of rectos and versos of versos.

    Returns
    -------
    pages : list of PdfPage
    disagreeing : frozenset of int
        Numbers of pages left without, whose neighbors do not agree; from the other side of the leaf, only a trim that
        is not nearer to one side of the page is taken.
    """
    having = [(i, p) for i, p in enumerate(pages) if p.trim is not None]
    result, disagreeing = list(pages), set()
    for i, page in enumerate(pages):
        alike = [(j, p) for j, p in having if _same(p, page)] if page.trim is None else []
        same_side = [d for d in alike if (d[0] - i) % 2 == 0]
        near = _nearest(i, same_side or alike)
        if not near:
            continue
        boxes = [p.trim for p in near if p.trim is not None]
        if not same_side:
            boxes += [(page.width_mm - b[2], b[1], page.width_mm - b[0], b[3]) for b in boxes]
        if all(_apart(boxes[0], b) <= EXACT_MM for b in boxes[1:]):
            result[i] = replace(page, trim=near[0].trim, inked=near[0].inked)
        else:
            disagreeing.add(i + 1)
    return result, frozenset(disagreeing)


def _nearest(at: int, donors: Sequence[tuple[int, PdfPage]]) -> list[PdfPage]:
    """Of the pages before and after, the nearest one each."""
    before = [p for j, p in donors if j < at][-1:]
    return before + [p for j, p in donors if j > at][:1]


def _same(one: PdfPage, other: PdfPage) -> bool:
    return max(abs(one.width_mm - other.width_mm), abs(one.height_mm - other.height_mm)) <= EXACT_MM


def _apart(one: Box, other: Box) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def trim_boxes(
    pages: Sequence[PdfPage],
    stated: Size | None,
    bleed: bool | None,
    unsure: frozenset[int] = frozenset(),
    prints_to_rim: Callable[[Sequence[int]], bool] = lambda numbers: True,
    direction: Direction = Direction.LTR,
) -> list[PageTrim]:
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
    unsure
        Numbers of pages whose size does not tell, as their neighbors or their crop marks contradict it.
    prints_to_rim
        Whether any of the pages of these numbers prints to the rim of the PDF page, as bleed does. Asked where a bleed on
        four sides was told by the size alone: a page that prints nothing there may be its own trim, of a custom size.
    direction
        In which the book is read: tells at which side three-sided bleed leaves the spine.

    Raises
    ------
    ReferenceFault
        The pages are spreads, or the stated trim or bleed cannot be meant for these page sizes.

    Notes
    -----
    Where no trim is stated, the size must fit one reading and no other, a bleed within `EXACT_MM`; else the trim is not
    known. Three-sided bleed makes pages of a shape nobody orders. What fools it: a custom trim that equals a standard one
    with its bleed, was not stated, and is printed to the rim.
    """
    usual = _most_common(p.trim or (0.0, 0.0, p.width_mm, p.height_mm) for p in pages)
    if stated is None and not _fits(usual, STANDARD):
        _refuse_spread(usual, STANDARD, "The PDF")
    found = []
    told: dict[Bleed, list[int]] = {}
    for number, page in enumerate(pages, 1):
        if page.trim is not None:
            found.append(PageTrim(page.trim))
        elif stated is None:
            kind = None if number in unsure else told_by_size(Size(page.width_mm, page.height_mm), bleed)
            found.append(_placed(number, page, kind, direction))
            if kind is not None and kind.spine and bleed is None:
                told.setdefault(kind, []).append(number)
        else:
            found.append(_placed(number, page, _as_stated(number, page, stated, bleed), direction))
    for numbers in told.values():
        if not prints_to_rim(numbers):
            for number in numbers:
                found[number - 1] = _placed(number, pages[number - 1], None, direction)
    title = stated or title_trim(found, None)
    for number, page_trim in enumerate(found, 1):
        _refuse_spread(_size(page_trim.box), (title,), f"Page {number}")
    return found


def bleed_at_right(pages: Sequence[PdfPage]) -> bool | None:
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


def title_trim(trims: Sequence[PageTrim], stated: Size | None) -> Size:
    """Trim of the title: what was stated, where pages have it; else that of most pages."""
    usual = _most_common(t.box for t in trims)
    return stated if stated and _fits(usual, (stated,)) else usual


def title_known(trims: Sequence[PageTrim]) -> bool:
    """Whether the trim of most pages is known."""
    return 2 * sum(t.known for t in trims) > len(trims)


def readings(size: Size, bleed: bool | None = None) -> list[tuple[Size, Bleed]]:
    """Standard trims and their bleeds that explain a page of `size`, an insert turned by 90° too."""
    return [(t, b) for t, b, off in _readings(size, STANDARD + METRIC, bleed) if off <= _exact(b)]


def told_by_size(size: Size, bleed: bool | None) -> Bleed | None:
    """The one bleed that explains a page of `size` where no trim is stated; None where none or several do."""
    found = {b for _, b in readings(size, bleed)}
    if len(found) == 1:
        return found.pop()
    # A page said to have no bleed is its own trim, unless it is just as large as one with bleed would be.
    return NO_BLEED if bleed is False and not found and not readings(size, True) else None


def centered(frame: Box, stated: Size) -> Box:
    """The stated trim inside a frame of marks that stand a bleed outside of it; else the frame itself."""
    size = _size(frame)
    kinds = [b for b in BLEEDS if b.spine and _deviation(size, stated, b) <= TOLERANCE_MM]
    if not kinds or _fits(size, (stated,)):
        return frame
    bleed = min(kinds, key=lambda b: _deviation(size, stated, b)).ends
    return frame[0] + bleed, frame[1] + bleed, frame[2] - bleed, frame[3] - bleed


def unknown_in_words(page: Size, bleed: bool | None) -> str:
    """Why a page of that size does not tell its trim, without a period."""
    fitting = {f"{describe(t.width_mm, t.height_mm)} {_bleed_in_words(b)}" for t, b in readings(page, bleed)}
    if len(fitting) == 1:
        fitting.add("a custom size without, as no page prints to the rim")
    why = f"which may be {' or '.join(sorted(fitting))}" if fitting else "which no standard trim explains"
    return (
        f"the trim is not stated, and its pages measure {page.width_mm:.1f} x {page.height_mm:.1f} mm "
        f"({describe(page.width_mm, page.height_mm)}), {why}: state trim in copy.toml or title.toml"
    )


def _bleed_in_words(bleed: Bleed) -> str:
    if bleed == NO_BLEED:
        return "without bleed"
    return f"with {bleed.ends:.4g} mm of bleed on {'four' if bleed.spine else 'three'} sides"


def _exact(bleed: Bleed) -> float:
    return EXACT_MM if bleed != NO_BLEED else WHOLE_POINT_MM


def _readings(size: Size, trims: Iterable[Size], bleed: bool | None) -> Iterator[tuple[Size, Bleed, float]]:
    kinds = [b for b in (NO_BLEED, *BLEEDS) if bleed is None or bleed is (b != NO_BLEED)]
    for trim in trims:
        for kind in kinds:
            yield trim, kind, _deviation(size, trim, kind)
            if kind.spine == kind.outside and trim.width_mm != trim.height_mm:
                # Where the fore-edge of a turned page lies cannot be told, so three-sided bleed is not read into one.
                turned = Size(trim.height_mm, trim.width_mm)
                yield turned, kind, _deviation(size, turned, kind)


def _deviation(size: Size, trim: Size, bleed: Bleed = NO_BLEED) -> float:
    return max(
        abs(size.width_mm - trim.width_mm - bleed.outside - bleed.spine),
        abs(size.height_mm - trim.height_mm - 2 * bleed.ends),
    )


def _as_stated(number: int, page: PdfPage, stated: Size, bleed: bool | None) -> Bleed:
    """The bleed that explains the page size best for the stated trim, in inches or in the millimeters it stands for."""
    size = Size(page.width_mm, page.height_mm)
    trims = [stated, *(m for m in METRIC if _deviation(m, stated) <= TOLERANCE_MM)]
    fitting = [(off, kind != NO_BLEED, kind) for _, kind, off in _readings(size, trims, bleed) if off <= TOLERANCE_MM]
    if fitting:
        return min(fitting, key=lambda f: f[:2])[2]
    _refuse_spread(size, (stated,), f"Page {number}")
    with_bleed = [
        describe(stated.width_mm + b.outside + b.spine, stated.height_mm + 2 * b.ends) for b in (NO_BLEED, *BLEEDS[:2])
    ]
    allowed = {None: " or ".join(with_bleed), False: with_bleed[0], True: " or ".join(with_bleed[1:])}[bleed]
    having = {None: "", False: " without bleed", True: " with bleed"}[bleed]
    other = "" if bleed is False else ", or a bleed of 3 or 5 mm"
    raise ReferenceFault(
        f"Page {number} of the PDF is {describe(page.width_mm, page.height_mm)}; the stated trim "
        f"{describe(stated.width_mm, stated.height_mm)}{having} needs {allowed}{other}. "
        "Correct the statement or use the PDF that was ordered."
    )


def _placed(number: int, page: PdfPage, bleed: Bleed | None, direction: Direction) -> PageTrim:
    kind = bleed or NO_BLEED
    at_left = spine_at_left(side_of(number), direction)
    left, right = (kind.spine, kind.outside) if at_left else (kind.outside, kind.spine)
    box = (left, kind.ends, page.width_mm - right, page.height_mm - kind.ends)
    return PageTrim(box, known=bleed is not None)


def _size(box: Box) -> Size:
    return Size(box[2] - box[0], box[3] - box[1])


def _most_common(boxes: Iterable[Box]) -> Size:
    sizes = [_size(b) for b in boxes]
    counts = Counter((round(s.width_mm, 1), round(s.height_mm, 1)) for s in sizes)
    usual = counts.most_common(1)[0][0]
    return next(s for s in sizes if (round(s.width_mm, 1), round(s.height_mm, 1)) == usual)


def _fits(size: Size, trims: Iterable[Size]) -> bool:
    return any(_deviation(size, t) <= TOLERANCE_MM for t in trims)


def _refuse_spread(size: Size, trims: Iterable[Size], what: str) -> None:
    # Both leaves may have bleed at the fore-edges or all round, and A5 twice is 0.03 in short of A4.
    for trim in trims:
        for across, along in ((0.0, 0.0), (2 * BLEED_MM, 2 * BLEED_MM), (4 * BLEED_MM, 2 * BLEED_MM)):
            two = Size(2 * trim.width_mm + across, trim.height_mm + along)
            if _deviation(size, two) <= 2 * TOLERANCE_MM:
                found, half = describe(size.width_mm, size.height_mm), describe(trim.width_mm, trim.height_mm)
                raise ReferenceFault(
                    f"{what} is {found}, which looks like spreads or an imposed sheet of two {half} pages. "
                    "Export single pages; if this is the trim, state it."
                )
