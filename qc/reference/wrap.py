"""Where the folds and the trim of a paperback's wrap lie in its cover.pdf, or why that cannot be told."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from qc.geometry import LEAST_TRIM_MM, MOST_TRIM_MM, Box, Direction, Size
from qc.reference.cover_page import cover_sheet
from qc.reference.pdf_boxes import EXACT_MM, METRIC, STANDARD, TOLERANCE_MM, describe
from qc.reference.printers import AGREE_MM, agreeing, lengths, spines_mm
from qc.reference.title_toml import MOST_SPINE_MM, Title
from qc.scan.pdfium import PdfPage
from qc.units import inches, to_mm

LEAST_SPINE_MM = 0.5
_LEAST_FLAP_MM = 50.0
"""A jacket with shorter flaps would not stay on its book; two of them are more than any spine."""
_PAPER_SHARE, _PAPER_MM = 0.25, 1.5
"""By which a spine may lie beyond what the thinnest and the thickest paper on file make of the pages, before one of the
numbers must be wrong: papers not on file, pages that the printer adds, and Lulu's addition for the cover."""
_BLEED_FITS_MM = 0.08
"""At each side; bleeds of 3 and 3.175 mm then exclude each other, and a page in whole points still fits."""
_U_STATED_MM = 0.05
"""A spine is stated to a tenth of a millimeter."""
_LEAST_U_TRIM_MM = 0.03
"""Boxes are rounded to some hundredths of a millimeter."""
_ROUNDED_MM = to_mm(0.005, "in")
"""Of a trim stated in hundredths of an inch."""


class Panel(StrEnum):
    """A side of a cover."""

    FRONT = "front"
    BACK = "back"


@dataclass(frozen=True)
class Wrap:
    """The flat cover of a paperback in mm of the page of cover.pdf: origin at its corner at head and left, x right, y down.

    Attributes
    ----------
    page : Size
        The whole page of the PDF.
    trim : Box
        Where the flat cover is cut.
    spine_mm, u_spine : float, mm
        Width of the spine as designed.
    bleed_mm, u_bleed : float, mm
    direction : Direction
        Left to right: back, spine, front; right to left: front, spine, back.
    source : str
        How spine and bleed were found, as the rest of a sentence.
    """

    page: Size
    trim: Box
    spine_mm: float
    u_spine: float
    bleed_mm: float
    u_bleed: float
    direction: Direction = Direction.LTR
    source: str = ""

    @property
    def x_back_fold(self) -> float:
        """Of the fold between back and spine, mm."""
        return self.fold(Panel.BACK)

    @property
    def x_front_fold(self) -> float:
        """Of the fold between spine and front, mm."""
        return self.fold(Panel.FRONT)

    @property
    def u_fold(self) -> float:
        """Of the place of a fold against the print, mm."""
        return self.u_spine / 2

    @property
    def spine(self) -> Box:
        """The spine between its folds, head to tail."""
        middle = (self.trim[0] + self.trim[2]) / 2
        return middle - self.spine_mm / 2, self.trim[1], middle + self.spine_mm / 2, self.trim[3]

    def toward_spine(self, panel: Panel) -> int:
        """1 where the spine lies at the right of the panel, -1 where it lies at its left."""
        return 1 if (panel is Panel.BACK) is (self.direction is Direction.LTR) else -1

    def fold(self, panel: Panel) -> float:
        """X of the fold between the panel and the spine, mm."""
        return self.spine[0 if self.toward_spine(panel) > 0 else 2]

    def panel(self, panel: Panel) -> Box:
        """Box of the front or the back between its fold and its cuts."""
        x0, y0, x1, y1 = self.trim
        return (x0, y0, self.spine[0], y1) if self.toward_spine(panel) > 0 else (self.spine[2], y0, x1, y1)


class Form(StrEnum):
    """What a cover.pdf is that is no wrap of a paperback with a spine known."""

    CASE = "case"
    JACKET = "jacket"
    PANELS = "panels"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class NotAWrap:
    """Why a cover is not measured: one sentence that says what to do, too."""

    form: Form
    reason: str


def find_wrap(
    cover_pdf: Path,
    title: Title,
    *,
    trim: Size | None = None,
    pages: int | None = None,
    direction: Direction | None = None,
) -> Wrap | NotAWrap:
    """The geometry of a cover.pdf.

    Parameters
    ----------
    cover_pdf : Path
    title : Title
        What title.toml states.
    trim, pages, direction : optional
        As they are known otherwise (of the interior, of copy.toml); they win over those of title.toml.

    Raises
    ------
    ReferenceFault
        The PDF is missing, unreadable, encrypted, damaged or empty.
    """
    known = replace(
        title,
        trim=trim or title.trim,
        pages=pages or title.pages,
        direction=direction or title.direction or Direction.LTR,
    )
    return wrap_of(cover_sheet(cover_pdf), known)


def wrap_of(sheet: PdfPage, title: Title) -> Wrap | NotAWrap:
    """The geometry of a wrap from the boxes of its page and what is known of the title.

    Notes
    -----
    The spine is that of `[cover]`, else the width of the flat cover less twice that of the trim, else that of the only standard
    trim that agrees with the pages on some paper. The flat cover is the TrimBox, else the page less the bleed stated, else
    less the bleed that the height tells. Two ways that do not agree are refused. What fools it: a trim stated wrongly by
    less than the papers differ, where no TrimBox and no height contradicts it.
    """
    if other := _other_form(sheet, title):
        return other
    flat = _flat(sheet, title)
    if isinstance(flat, NotAWrap):
        return flat
    width, height = flat.box[2] - flat.box[0], flat.box[3] - flat.box[1]
    ways = [*_stated_spine(title), *_spine_by_trim(width, height, flat, title)] or _spine_by_pages(width, height, title)
    if isinstance(ways, NotAWrap):
        return ways
    spine = ways[0]
    for other_way in ways[1:]:
        if abs(other_way.spine_mm - spine.spine_mm) > max(AGREE_MM, 2 * math.hypot(spine.u, other_way.u)):
            return _unknown(
                f"The cover's spine is {spine.spine_mm:.2f} mm {spine.how}, but {other_way.spine_mm:.2f} mm {other_way.how}; "
                "correct what is wrong"
            )
    if not LEAST_SPINE_MM <= spine.spine_mm <= MOST_SPINE_MM:
        return _unknown(
            f"The cover's spine would be {spine.spine_mm:.2f} mm {spine.how}, which no paperback has; correct the trim or the file"
        )
    if not all(LEAST_TRIM_MM <= side <= MOST_TRIM_MM for side in ((width - spine.spine_mm) / 2, height)):
        return _unknown(
            f"The cover is cut to {width:.1f} x {height:.1f} mm, which is that of no book; correct the file"
        )
    if title.pages and (beyond := _beyond_papers(spine, title.pages)):
        return _unknown(beyond)
    return Wrap(
        Size(sheet.width_mm, sheet.height_mm),
        flat.box,
        spine.spine_mm,
        spine.u,
        flat.bleed_mm,
        flat.u,
        title.direction or Direction.LTR,
        f"{spine.how}; {flat.how}",
    )


@dataclass(frozen=True)
class _Flat:
    """The flat cover in the page: its cuts, its bleed with u, and how these were found."""

    box: Box
    bleed_mm: float
    u: float
    how: str


@dataclass(frozen=True)
class _Spine:
    spine_mm: float
    u: float
    how: str


def _unknown(reason: str) -> NotAWrap:
    return NotAWrap(Form.UNKNOWN, f"{reason}.")


def _other_form(sheet: PdfPage, title: Title) -> NotAWrap | None:
    """Case, jacket or single panels, where the size or title.toml tells."""
    if title.cover.binding == "case":
        return NotAWrap(
            Form.CASE, "The cover is the case of a hardcover, as title.toml states; those are not judged yet."
        )
    if title.trim is None:
        return None
    size = _cut_size(sheet)
    beyond = size.height_mm - title.trim.height_mm
    least = min(entry.value for entry in lengths("case-height")) - TOLERANCE_MM
    most = max(entry.value for entry in lengths("case-height")) + TOLERANCE_MM
    measured = f"{size.width_mm:.1f} x {size.height_mm:.1f} mm for a trim of {describe(title.trim.width_mm, title.trim.height_mm)}"
    if size.width_mm < 1.5 * title.trim.width_mm:
        return NotAWrap(
            Form.PANELS, f"The file is one side of a cover by its size, {measured}; those are not judged yet."
        )
    if size.width_mm - 2 * title.trim.width_mm > 2 * _LEAST_FLAP_MM:
        return NotAWrap(
            Form.JACKET, f"The cover is a jacket with flaps by its size, {measured}; those are not judged yet."
        )
    if least <= beyond <= most:
        return NotAWrap(
            Form.CASE, f"The cover is the case of a hardcover by its size, {measured}; those are not judged yet."
        )
    return None


def _cut_size(sheet: PdfPage) -> Size:
    x0, y0, x1, y1 = sheet.trim or (0.0, 0.0, sheet.width_mm, sheet.height_mm)
    return Size(x1 - x0, y1 - y0)


def _flat(sheet: PdfPage, title: Title) -> _Flat | NotAWrap:
    """The flat cover: the TrimBox, else the page less its bleed."""
    stated = title.cover.bleed_mm
    if sheet.trim is not None:
        inset = min(_insets(sheet.trim, sheet.inked))
        if stated is not None and abs(stated - inset) > EXACT_MM:
            return _unknown(
                f"The cover's TrimBox leaves {inset:.2f} mm of bleed, but title.toml states {stated:g} mm; correct one"
            )
        flat = _Flat(sheet.trim, inset, 0.0, "cuts by the TrimBox")
    elif stated is not None:
        flat = _Flat(_inset(sheet, stated), stated, 0.0, f"{stated:g} mm of bleed as stated")
    else:
        told = _bleed_by_height(sheet, title.trim)
        if isinstance(told, NotAWrap):
            return told
        flat = told
    height = flat.box[3] - flat.box[1]
    if title.trim is not None and abs(height - title.trim.height_mm) > TOLERANCE_MM:
        return _unknown(
            f"The cover is {height:.2f} mm high ({flat.how}), but the trim ordered {title.trim.height_mm:.2f} mm; correct one"
        )
    return flat


def _bleed_by_height(sheet: PdfPage, trim: Size | None) -> _Flat | NotAWrap:
    """The page less that bleed with which it is as high as the trim ordered, else as a standard trim."""
    bleeds = sorted({entry.value for entry in lengths("bleed")})
    # A cover without bleed is only believed where the trim was ordered: pages of 9.25 in are a trim, too.
    choices = bleeds if trim is None else [0.0, *bleeds]
    fits = [(abs(sheet.height_mm - h - 2 * b) / 2, b) for h in _heights(trim) for b in choices]
    fitting = [f for f in fits if f[0] <= _BLEED_FITS_MM]
    if len({b for _, b in fitting}) != 1:
        size = describe(sheet.width_mm, sheet.height_mm)
        known = " or ".join(f"{b:.4g}" for b in bleeds)
        return _unknown(
            f"The cover is {size} without a TrimBox, and its height does not tell a bleed of {known} mm; "
            "state the trim, or bleed_mm in [cover] of title.toml"
        )
    off, bleed = min(fitting)
    u = max(off, _LEAST_U_TRIM_MM) / math.sqrt(3)
    return _Flat(_inset(sheet, bleed), bleed, u, f"{bleed:.4g} mm of bleed by the height of the page")


def _heights(trim: Size | None) -> list[float]:
    """Of the trim ordered, in inches or the whole millimeters it stands for; else of all standard trims."""
    if trim is None:
        return [t.height_mm for t in STANDARD + METRIC]
    return [t.height_mm for t in _meant(trim)]


def _meant(trim: Size) -> list[Size]:
    alike = [
        m for m in METRIC if max(abs(m.width_mm - trim.width_mm), abs(m.height_mm - trim.height_mm)) <= TOLERANCE_MM
    ]
    return [trim, *alike]


def _insets(inner: Box, outer: Box) -> tuple[float, float, float, float]:
    return inner[0] - outer[0], inner[1] - outer[1], outer[2] - inner[2], outer[3] - inner[3]


def _inset(sheet: PdfPage, bleed: float) -> Box:
    return bleed, bleed, sheet.width_mm - bleed, sheet.height_mm - bleed


def _stated_spine(title: Title) -> list[_Spine]:
    stated = title.cover.spine_mm
    return [] if stated is None else [_Spine(stated, _U_STATED_MM, "as stated")]


def _spine_by_trim(width: float, height: float, flat: _Flat, title: Title) -> list[_Spine]:
    """What twice the trim ordered leaves of the width; the height tells how well the trim was stated."""
    if title.trim is None:
        return []
    meant = min(_meant(title.trim), key=lambda t: abs(t.height_mm - height))
    off = max(abs(meant.height_mm - height), _ROUNDED_MM if _is_rounded(meant) else _LEAST_U_TRIM_MM)
    u = 2 * math.hypot(off / math.sqrt(3), flat.u)
    return [_Spine(width - 2 * meant.width_mm, u, f"by the trim of {describe(meant.width_mm, meant.height_mm)}")]


def _is_rounded(trim: Size) -> bool:
    """Whether a trim, in hundredths of an inch and no standard, may stand for one in millimeters."""
    hundredths = [100 * inches(side) for side in (trim.width_mm, trim.height_mm)]
    return trim not in STANDARD and all(abs(h - round(h)) < 1e-3 for h in hundredths)


def _spine_by_pages(width: float, height: float, title: Title) -> list[_Spine] | NotAWrap:
    """That of the one standard trim which leaves a spine that the pages have on some paper."""
    fitting = [
        t
        for t in (*STANDARD, *METRIC)
        if abs(t.height_mm - height) <= TOLERANCE_MM and LEAST_SPINE_MM <= width - 2 * t.width_mm <= MOST_SPINE_MM
    ]
    if title.pages is None:
        maybe = " or ".join(
            f"{width - 2 * t.width_mm:.2f} mm with a trim of {describe(t.width_mm, t.height_mm)}" for t in fitting
        )
        guess = f": it would be {maybe}" if maybe else ""
        return _unknown(
            f"Neither the trim nor the pages are known, which tell the cover's spine{guess}; state the trim or the pages"
        )
    found = [(t, s) for t in fitting for s in agreeing(width - 2 * t.width_mm, title.pages, title.paper, title.ink)]
    trims = [t for t, _ in found]
    if not trims or max(t.width_mm for t in trims) - min(t.width_mm for t in trims) > TOLERANCE_MM:
        what = "several standard trims agree" if trims else "no standard trim agrees"
        return _unknown(
            f"The cover's trim is not known, and {what} with {title.pages} pages on a paper on file; state the trim"
        )
    trim, stock = min(found, key=lambda f: abs(f[0].height_mm - height))
    how = f"by {title.pages} pages ({stock.printer} {stock.name}) and the trim of {describe(trim.width_mm, trim.height_mm)}"
    return [_Spine(width - 2 * trim.width_mm, 2 * EXACT_MM / math.sqrt(3), how)]


def _beyond_papers(spine: _Spine, pages: int) -> str:
    """Why no paper makes that spine of so many pages; empty where one may."""
    least, most = spines_mm(pages)
    if (1 - _PAPER_SHARE) * least - _PAPER_MM <= spine.spine_mm <= (1 + _PAPER_SHARE) * most + _PAPER_MM:
        return ""
    return (
        f"The cover's spine is {spine.spine_mm:.2f} mm {spine.how}, but {pages} pages make {least:.1f} to {most:.1f} mm on the "
        "papers on file; correct the trim, the pages or the file"
    )
