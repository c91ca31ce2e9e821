"""What measures know beyond the number, where several write or read the same; other such classes lie beside their measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qc.model import Detail

Line = Sequence[Sequence[float]]
"""Both ends, in page-frame millimeters."""


@dataclass(frozen=True, kw_only=True)
class CutDetail(Detail):
    """Of a cut. `cut_beyond_mm` is an offset at or outside of which it lies, where the paper reaches the frame of the scan; `frame`
    says what set that frame, if not the paper."""

    cut_mm: Line | None = None
    cut_beyond_mm: float | None = None
    frame: str | None = None


@dataclass(frozen=True, kw_only=True)
class TrimOffsetDetail(CutDetail):
    """Of a cut against its trim line: the parts of its u in mm, of which `u_system` is what all pages of a copy share at one edge
    (0.018 on a dark backing, where they do not say it), and how well the page is registered; `repeats`: it nearly repeats itself.
    `anisotropy` is the scale along x minus that along y, where it is unusual."""

    trim_mm: Line | None = None
    u_edge: float = 0.0
    u_registration: float = 0.0
    u_local: float = 0.0
    u_system: float = 0.018
    correlation: float = 0.0
    repeats: bool = False
    anisotropy: float | None = None


@dataclass(frozen=True, kw_only=True)
class PlacementDetail(Detail):
    """Where the print lies on the pages of a copy, from these alone, in mm: shift of versos against rectos, jitter, drift from the
    first to the last page, and the middle place of each mark."""

    shift: float = 0.0
    u_shift: float = 0.0
    jitter: float = 0.0
    u_jitter: float = 0.0
    drift: float = 0.0
    u_drift: float = 0.0
    marks: Mapping[str, float] = field(default_factory=dict)
    rectos: int = 0
    versos: int = 0
    turn_deg: float | None


@dataclass(frozen=True, kw_only=True)
class SequenceDetail(Detail):
    """Of a page that is not where it was ordered, and of how the pages were scanned: the feeder's order in words, pages that look
    like others, blank sides before the book, whether every verso was turned."""

    reference_page: int | None = None
    scan_order: str | None = None
    look_alike: Sequence[int] | None = None
    blank_before: int | None = None
    versos_turned: bool | None = None


@dataclass(frozen=True, kw_only=True)
class GapDetail(Detail):
    """Of pages that no scan shows: those that may only not have been scanned, or those that are missing."""

    not_seen: Sequence[int] = ()
    reference_pages: Sequence[int] = ()


@dataclass(frozen=True, kw_only=True)
class MarksDetail(Detail):
    """Of the marks of one kind on a page, each list in one order: boxes in page-frame mm, area and width as a reader sees them,
    contrast in L*, and how soon a reader sees each (`qc.measure.marks_on_print`)."""

    boxes_mm: Sequence[Sequence[float]] = ()
    area_mm2: Sequence[float] = ()
    width_mm: Sequence[float] = ()
    contrast: Sequence[float] = ()
    salience: Sequence[float] = ()


@dataclass(frozen=True, kw_only=True)
class CoverSeenDetail(Detail):
    """Of a cover: its sides that show another one, of these those of the same design, and the sides that were not compared.

    `why` tells why the ordered cover cannot be measured.
    """

    others: Sequence[str] = ()
    reworded: Sequence[str] = ()
    not_seen: Sequence[str] = ()
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class SpreadDetail(Detail):
    """Of a mean over the pages of a copy: their number and their spread in the unit of the value."""

    pages: int = 0
    spread: float | None = None


@dataclass(frozen=True, kw_only=True)
class DamageDetail(Detail):
    """Of damaged places of one kind on a page, the largest first: the area of the largest with its standard uncertainty in mm2, of
    all of them the largest extent in mm, their boxes in page-frame mm and, where they lie at the rim, the edges they touch. `seen`
    names the edges along which the paper's outline was seen."""

    area_mm2: float | None = None
    u_area_mm2: float | None = None
    extents_mm: Sequence[float] | None = None
    boxes_mm: Sequence[Sequence[float]] | None = None
    at: Sequence[str] | None = None
    seen: Sequence[str] | None = None
