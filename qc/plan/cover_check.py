"""What a cover.pdf implies before it is ordered: its spine, the papers that agree, and what a normal shift would do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from qc.errors import ReferenceFault
from qc.geometry import Size
from qc.reference.find import open_reference
from qc.reference.printers import AGREE_MM, Length, Stock, lengths, stocks
from qc.reference.spine_art import SpineArt, read_spine_art
from qc.reference.title_toml import Title, read_title
from qc.reference.wrap import NotAWrap, Panel, Wrap, find_wrap

_SEEN_MM = 0.05
"""Less than half of what a tenth of a millimeter tells is nothing."""


@dataclass(frozen=True)
class Paper:
    """A printer's paper against the spine of a wrap: mm that its pages would be thicker, or the pages that would fit."""

    stock: Stock
    off_mm: float | None
    pages: int

    @property
    def agrees(self) -> bool:
        """Whether the pages stated make this spine; where none are stated, some number of pages always does."""
        return self.off_mm is None or abs(self.off_mm) <= AGREE_MM


@dataclass(frozen=True)
class Shift:
    """What a shift of the art on the book would do, a sentence each; `normal` is who calls it so."""

    normal: Length
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class CoverCheck:
    """A cover.pdf before it is ordered; without a wrap there is nothing but its reason."""

    path: Path
    title: Title
    wrap: Wrap | NotAWrap
    art: SpineArt | None = None
    papers: tuple[Paper, ...] = ()
    shifts: tuple[Shift, ...] = ()


def known_title(cover_pdf: Path, trim: Size | None, pages: int | None, paper: str | None) -> Title:
    """What is stated of the title of a cover, else what lies beside it in its folder: title.toml and interior.pdf.

    Raises
    ------
    UsageError
        title.toml is not understood.
    """
    beside = cover_pdf.parent
    title = read_title(beside / "title.toml") if (beside / "title.toml").is_file() else Title()
    title = replace(title, trim=trim or title.trim, pages=pages or title.pages, paper=paper or title.paper)
    if (beside / "interior.pdf").is_file() and None in (title.trim, title.pages, title.direction):
        with suppress(ReferenceFault):
            interior = open_reference(beside)
            title = replace(
                title,
                trim=title.trim or (interior.trim if interior.trim_known else None),
                pages=title.pages or interior.pages,
                direction=title.direction or interior.direction,
            )
    return title


def check_cover(cover_pdf: Path, title: Title) -> CoverCheck:
    """Look at a cover.pdf; raises ReferenceFault where it cannot be read."""
    wrap = find_wrap(cover_pdf, title)
    if isinstance(wrap, NotAWrap):
        return CoverCheck(cover_pdf, title, wrap)
    art = read_spine_art(cover_pdf, wrap)
    normal = sorted(lengths("shift"), key=lambda shift: shift.value)
    shifts = tuple(Shift(shift, tuple(_sentences(wrap, art, shift.value))) for shift in normal)
    return CoverCheck(cover_pdf, title, wrap, art, tuple(_papers(wrap, title)), shifts)


def _papers(wrap: Wrap, title: Title) -> Iterator[Paper]:
    for stock in stocks():
        if title.paper in (None, stock.paper) or stock.paper is None:
            off = stock.spine_mm(title.pages) - wrap.spine_mm if title.pages else None
            yield Paper(stock, off, round(stock.pages(wrap.spine_mm)))


def _sentences(wrap: Wrap, art: SpineArt, shift_mm: float) -> Iterator[str]:
    """What a shift to either side would do: to the art of the spine, to colors that change at a fold, at the cuts."""
    rooms = {panel: room for panel in Panel if (room := art.at(panel).art_mm) is not None}
    over = [
        f"{shift_mm - room:.1f} mm onto the {panel}" for panel, room in rooms.items() if shift_mm - room >= _SEEN_MM
    ]
    if over:
        yield f"Lettering or art of the spine comes up to {' or '.join(over)}."
    elif rooms:
        yield f"Lettering and art stay on the spine, {min(rooms.values()) - shift_mm:.1f} mm or more from its folds."
    elif art.plain:
        yield "There is no lettering or art on the spine that could run over a fold."
    else:
        yield "The spine is a picture, and the file has no text there: look at the drawing."
    for panel in Panel:
        edge = art.at(panel).color_edge_mm
        if edge is not None and abs(edge) < shift_mm:
            edge = 0.0 if abs(edge) < 2 * art.u else edge
            yield (
                f"The color that changes at the fold to the {panel} may show as a stripe: of {shift_mm + edge:.1f} mm on the spine "
                f"or of {shift_mm - edge:.1f} mm on the {panel}."
            )
    if shift_mm - wrap.bleed_mm >= _SEEN_MM:
        yield f"The bleed is {wrap.bleed_mm:.2f} mm: up to {shift_mm - wrap.bleed_mm:.1f} mm may stay unprinted at a cut."
