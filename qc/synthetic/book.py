"""A whole returned copy: one block cut as one, pages printed one by one, faults, a folder of scans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from qc.synthetic.design import PageDesign, Title, typeset
from qc.synthetic.draw import Truth, draw_scan
from qc.synthetic.files import suffix, write_scan
from qc.synthetic.kinds import Kind
from qc.synthetic.leaf import EDGES, Cut
from qc.synthetic.press import Print
from qc.synthetic.scanner import Scanner


@dataclass(frozen=True)
class Block:
    """How the block was cut and how its pages lie in it.

    `cut` is common to all leaves. Placement of the print varies from page to page (1 sigma); `duplex_mm` is the
    further shift x, y of every verso. `spine_sd_mm` is how much the knife that took the binding off varies.
    """

    cut: Cut = field(default_factory=Cut)
    x_sd_mm: float = 0.15
    y_sd_mm: float = 0.15
    rotation_sd_deg: float = 0.05
    duplex_mm: tuple[float, float] = (0.0, 0.0)
    spine_sd_mm: float = 0.3


@dataclass(frozen=True)
class Faults:
    """What went wrong; pages are numbers of the title, 1-based.

    Parameters
    ----------
    prints : dict of page to Print
        Pages printed otherwise (missing print, a streak, a cast); placement jitter is added to it.
    foreign : dict of page to PageDesign
        Pages of another title, bound in instead.
    left_out : tuple of int
        Pages that are not in the copy.
    twice : tuple of int
        Pages that follow themselves once more.
    upside_down : tuple of int
    """

    prints: dict[int, Print] = field(default_factory=dict)
    foreign: dict[int, PageDesign] = field(default_factory=dict)
    left_out: tuple[int, ...] = ()
    twice: tuple[int, ...] = ()
    upside_down: tuple[int, ...] = ()


@dataclass(frozen=True)
class PageTruth:
    """One scan of the copy; `page` is the page of the title it shows, None for a foreign or added page."""

    file: Path
    page: int | None
    truth: Truth


@dataclass(frozen=True)
class CopyTruth:
    """A drawn copy.

    `block_mm` is the mean offset by edge over the pages of the title in their right place, as cut and printed;
    `nominal_mm` is what the knife was set to.
    """

    folder: Path
    pages: tuple[PageTruth, ...]
    block_mm: dict[str, float]
    nominal_mm: dict[str, float]


def draw_copy(
    folder: Path | str,
    title: Title,
    *,
    block: Block | None = None,
    printed: Print | None = None,
    scanner: Scanner | None = None,
    faults: Faults | None = None,
    blanks: int = 0,
    imprint: Sequence[str] | None = None,
    pages: Sequence[int] | None = None,
    skew_sd_deg: float = 0.4,
    margin_sd_mm: float = 1.0,
    seed: int = 0,
    name: str = "p-{:04d}",
) -> CopyTruth:
    """Draw the scans of a returned copy of `title` into `folder`.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    title : Title
        What was ordered.
    block, printed, scanner, faults : Block, Print, Scanner, Faults
        Common to all pages; single pages vary around them. Their defaults are a sound copy on black.
    blanks : int
        Blank pages added at the end.
    imprint : sequence of str, optional
        Lines of an imprint on one more page, the last.
    pages : sequence of int, optional
        Numbers of the title's pages to scan; all by default.
    skew_sd_deg, margin_sd_mm : float
        How carelessly the leaves lie on the glass (1 sigma); backing stays in view where `scanner` shows any.
    seed : int
    name : str
        File name of the n-th scan, without its suffix.

    Returns
    -------
    CopyTruth
    """
    block, printed, scanner = block or Block(), printed or Print(), scanner or Scanner()
    faults = faults or Faults()
    where = Path(folder)
    where.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    drawn: list[PageTruth] = []
    for at, (number, design, back) in enumerate(_sequence(title, faults, blanks, imprint, pages), 1):
        how = _jittered(faults.prints.get(number or 0, printed), block, design.recto, rng)
        cut = replace(block.cut, spine_mm=block.cut.spine_mm + float(rng.normal(0, block.spine_sd_mm)))
        scan = _laid(scanner, skew_sd_deg, margin_sd_mm, rng)
        if number in faults.upside_down:
            scan = replace(scan, turns=scan.turns + 2)
        image, truth = draw_scan(design, how, cut, scan, rng, back, _facing(title, number))
        file = write_scan(where / (name.format(at) + suffix(scan)), image, scan)
        foreign = number is None or number in faults.foreign
        drawn.append(PageTruth(file, None if foreign else number, truth))
    own = [p.truth.offsets_mm for p in drawn if p.page is not None]
    mean = {edge: float(np.mean([o[edge] for o in own])) for edge in EDGES} if own else {}
    cut = block.cut
    nominal = dict(zip(EDGES, (cut.head_mm, cut.tail_mm, cut.spine_mm, cut.fore_edge_mm), strict=True))
    return CopyTruth(where, tuple(drawn), mean, nominal)


def _sequence(
    title: Title, faults: Faults, blanks: int, imprint: Sequence[str] | None, pages: Sequence[int] | None
) -> list[tuple[int | None, PageDesign, PageDesign | None]]:
    """Number in the title, design and other side of each page of the copy, in order."""
    added = [Kind.BLANK] * blanks + ([Kind.IMPRINT] if imprint is not None else [])
    ends = typeset(
        added or [Kind.BLANK], trim_mm=title.trim_mm, first_number=len(title.pages) + 1, imprint=imprint or ()
    )[: len(added)]
    order: list[tuple[int | None, PageDesign, PageDesign | None]] = []
    for page in title.pages:
        number = page.number
        if number in faults.left_out or (pages is not None and number not in pages):
            continue
        other = number + 1 if number % 2 else number - 1
        back = title.pages[other - 1] if other <= len(title.pages) else None
        order += [(number, faults.foreign.get(number, page), back)] * (2 if number in faults.twice else 1)
    return order + [(None, page, None) for page in ends]


def _facing(title: Title, number: int | None) -> PageDesign | None:
    """The page beside page `number` in the open book: a verso is at the left of the recto that follows it."""
    other = 0 if number is None else number - 1 if number % 2 else number + 1
    return title.pages[other - 1] if 1 <= other <= len(title.pages) else None


def _jittered(how: Print, block: Block, recto: bool, rng: np.random.Generator) -> Print:
    dx, dy = (0.0, 0.0) if recto else block.duplex_mm
    return replace(
        how,
        dx_mm=how.dx_mm + dx + float(rng.normal(0, block.x_sd_mm)),
        dy_mm=how.dy_mm + dy + float(rng.normal(0, block.y_sd_mm)),
        rotation_deg=how.rotation_deg + float(rng.normal(0, block.rotation_sd_deg)),
    )


def _laid(scanner: Scanner, skew_sd_deg: float, margin_sd_mm: float, rng: np.random.Generator) -> Scanner:
    moved = [
        m + d if m < 2 else max(2.0, m + d)
        for m, d in zip(scanner.margin_mm, rng.normal(0, margin_sd_mm, 4), strict=True)
    ]
    margins = tuple(m if m < 2 else v for m, v in zip(scanner.margin_mm, moved, strict=True))
    return replace(
        scanner,
        skew_deg=scanner.skew_deg + float(rng.normal(0, skew_sd_deg)),
        margin_mm=(margins[0], margins[1], margins[2], margins[3]),
    )
