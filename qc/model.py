"""The nouns: what is scanned, observed, found, judged. Frozen, free of pixels, and as the JSON record names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from qc.geometry import Affine, Box, Direction, Edge, Side


class Role(StrEnum):
    PAGE = "page"
    COVER_FRONT = "cover-front"
    COVER_BACK = "cover-back"
    COVER_WRAP = "cover-wrap"
    SPINE = "spine"
    TARGET = "target"
    GLASS = "glass"


class PageKind(StrEnum):
    CONTENT = "content"
    BLANK = "blank"
    FOLIO_ONLY = "folio-only"
    IMPRINT = "imprint"
    UNREADABLE = "unreadable"


class FindingOutcome(StrEnum):
    """Of a finding."""

    WITHIN = "within"
    OUTSIDE = "outside"
    UNDECIDED = "undecided"
    NOT_JUDGED = "not-judged"


class VerdictOutcome(StrEnum):
    """Of a verdict."""

    DEFECT = "defect"
    NEEDS_REVIEW = "needs-review"
    INSUFFICIENT_EVIDENCE = "insufficient-evidence"
    NO_DEFECT = "no-defect"


@dataclass(frozen=True)
class Resolution:
    """Pixels per inch along x and y."""

    x_dpi: float
    y_dpi: float


@dataclass(frozen=True)
class Claim:
    """Facts for the refund decision; never used to judge the print."""

    reason: str | None = None
    ordered_isbn: str | None = None
    received_on: date | None = None
    notified_on: date | None = None
    claimed_on: date | None = None
    content_updated_on: date | None = None
    printed_on: date | None = None


@dataclass(frozen=True)
class ScanSettings:
    """The `[scan]` table of copy.toml; `scanner` names a scanner profile."""

    scanner: str | None = None
    dpi: float | None = None
    backing: str = "auto"
    bound: bool = False
    complete: bool = False
    first_page: int = 1
    spine: str = "bench"
    cover: str = "auto"


@dataclass(frozen=True)
class ReferenceSettings:
    """The `[reference]` table of copy.toml."""

    file: str | None = None
    trim: str | None = None
    bleed: bool | None = None
    direction: Direction | None = None


@dataclass(frozen=True)
class ScanFile:
    """One image to read: a file, or one frame of a multipage TIFF or PDF.

    `name` is what reports print: the path relative to the copy, with ``/``. `found` is why it has its role where its name does
    not say it; `inside` tells the blank side of a cover.
    """

    path: Path
    name: str
    frame: int = 0
    role: Role = Role.PAGE
    found: str = ""
    inside: bool = False


@dataclass(frozen=True)
class Part:
    """The scans of one copy in a long scan of many."""

    id: str
    scans: tuple[ScanFile, ...]


@dataclass(frozen=True)
class BookCopy:
    """One physical returned book and the scans of it; `scans` are in reading order, covers included."""

    id: str
    path: Path
    scans: tuple[ScanFile, ...]
    isbn: str | None = None
    title: str | None = None
    pages_expected: int | None = None
    claim: Claim = Claim()
    scan: ScanSettings = ScanSettings()
    reference: ReferenceSettings = ReferenceSettings()

    @property
    def pages(self) -> tuple[ScanFile, ...]:
        """The interior pages; ``where.page`` counts these from 1."""
        return tuple(s for s in self.scans if s.role is Role.PAGE)

    @property
    def book_isbn(self) -> str | None:
        """By which the ordered book is looked up."""
        return self.isbn or self.claim.ordered_isbn


@dataclass(frozen=True)
class Where:
    """Place of an observation; `page` is the position among the scanned interior pages, 1-based, `side` that of a cover, front or
    back."""

    page: int | None = None
    edge: Edge | None = None
    axis: str | None = None
    copy: str | None = None
    copies: tuple[str, ...] | None = None
    side: str | None = None


@dataclass(frozen=True)
class Evidence:
    """Where in the original scan something can be seen.

    `box_px` is x0, y0, x1, y1 in pixels of the scan at full resolution, turned as its EXIF tag says. `box_mm` is the
    same place in the page frame, where the page is registered; it is not part of the JSON record.
    """

    file: str
    frame: int = 0
    box_px: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    box_mm: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Observation:
    """One measured number.

    `value` is None where it could not be measured; `flags` then say why. `u` is the standard uncertainty (k = 1) in
    the unit of the value. `detail` holds plain JSON values; a `Detail` gives them types.
    """

    measure: str
    version: int
    where: Where
    value: float | None
    unit: str
    u: float | None = None
    flags: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Detail:
    """What a measure knows beyond the number: base of frozen classes with plain JSON values.

    A field whose default is None is left out of JSON while it is None. What was not written is read as the default, or as None
    where there is none; what is no field is passed over. `code` says which fault, where a measure tells several apart.
    """

    code: str | None = field(default=None, kw_only=True)

    @classmethod
    def of(cls, observation: Observation) -> Self:
        """Of an observation, fresh or stored."""
        return cls.read(observation.detail)

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Self:
        """From JSON."""
        known = fields(cls)
        bare = {f.name: None for f in known if f.default is MISSING and f.default_factory is MISSING}
        return cls(**bare | {f.name: content[f.name] for f in known if f.name in content})

    def to_json(self) -> dict[str, Any]:
        values = ((f, getattr(self, f.name)) for f in fields(self))
        return {f.name: value for f, value in values if value is not None or f.default is not None}


@dataclass(frozen=True)
class Finding:
    """What a rule says of an observation. `margin` is the distance to the nearest limit, negative when beyond it; `doubt`
    holds the flags for which a value that is not within is left to a person. `salience` says how soon a reader sees the mark, where
    that is known: diameter in mm times contrast (1: black on white), weighted by what it lies on."""

    rule: str
    outcome: FindingOutcome
    severity: str
    measure: str
    value: float | None
    unit: str
    u: float | None
    within: str
    outside: str
    magnitude: bool
    where: Where
    margin: float | None
    code: str | None
    message: str
    clause: str
    source: str
    verbatim: bool = False
    required: bool = False
    flags: tuple[str, ...] = ()
    doubt: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    salience: float = 0.0


@dataclass(frozen=True)
class PageRecord:
    """What one scanned image was taken for. `dpi` is None where no credible resolution is known. `same_as` is the scan whose
    file, pixels or capture it repeats: which page should stand there is not known then, and nothing is observed.

    `to_scan` maps page-frame millimeters to pixels of the scan (full resolution, EXIF turn applied) where the page is
    registered; it is not part of the JSON record.
    """

    file: str
    frame: int
    role: Role
    reference_page: int | None
    side: Side | None
    kind: PageKind | None
    reason: str
    dpi: tuple[float, float] | None
    skew_deg: float | None
    upside_down: bool
    same_as: ScanFile | None = None
    to_scan: Affine | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class NotSeen:
    """What the scans of a copy do not show: a file that could not be used, or a printed page of the reference.

    `other_side` is the page on the other side of its leaf, where that was scanned. `tells_cut` is whether its print and its rim
    are such that a scan of it tells where it was cut.
    """

    why: str
    file: str | None = None
    reference_page: int | None = None
    other_side: int | None = None
    tells_cut: bool = True


@dataclass(frozen=True)
class Rescan:
    """A scan that could change the verdict, and in `how` how to make it: of a file once more, of a reference page that was not
    seen, of a cover, or of the empty glass. Of entries with one `group`, `need` suffice."""

    why: str
    file: str | None = None
    reference_page: int | None = None
    role: Role | None = None
    how: str = ""
    group: int = 1
    need: int = 1


@dataclass(frozen=True)
class Verdict:
    outcome: VerdictOutcome
    summary: str
    not_checked: tuple[str, ...] = ()
    rescan: tuple[Rescan, ...] = ()


@dataclass(frozen=True)
class Reason:
    """Why a refund is granted or not: a code, the sentence it rests on (`verbatim`: the printer's own), where that stands, and
    what is particular to this copy."""

    code: str
    clause: str
    source: str
    verbatim: bool = False
    detail: str = ""


@dataclass(frozen=True)
class Refund:
    outcome: str
    route: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class ReferenceId:
    """Which reference was used; `kind` is pdf, copy, consensus or none. `note` says why there is none, `colors` in words
    how its colors were drawn."""

    kind: str
    id: str | None = None
    sha256: str | None = None
    note: str = ""
    colors: str = ""


@dataclass(frozen=True)
class PolicyId:
    id: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Provenance:
    qc: str
    measures: Mapping[str, int]
    scanner: Mapping[str, Any]
    scans: Mapping[str, str]
    started: str


@dataclass(frozen=True, repr=False)
class Inspection:
    """Everything known of one inspected copy; what `--json` prints and the reports render.

    `not_seen` is what its scans do not show; which of it is asked for stands in the verdict. `pictures` are small WebP thumbnails
    by scan name and frame for the report's page strip. Neither is part of the JSON record.
    """

    copy: BookCopy
    reference: ReferenceId
    policy: PolicyId
    verdict: Verdict
    refund: Refund
    findings: tuple[Finding, ...]
    observations: tuple[Observation, ...]
    pages: tuple[PageRecord, ...]
    provenance: Provenance
    not_seen: tuple[NotSeen, ...] = ()
    pictures: Mapping[tuple[str, int], bytes] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        """Copy, verdict and its sentence: all fields together are 100 kB."""
        return f"<Inspection {self.copy.id}: {self.verdict.outcome}. {self.verdict.summary}>"


def evidence_at(scan: tuple[str, int], box_mm: Box, page_to_scan: Affine) -> Evidence:
    """Evidence for a box (x0, y0, x1, y1) in page-frame mm; `scan` is file name and frame."""
    x0, y0, x1, y1 = box_mm
    px = page_to_scan([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    lo, hi = px.min(axis=0), px.max(axis=0)
    return Evidence(scan[0], scan[1], (float(lo[0]), float(lo[1]), float(hi[0]), float(hi[1])), box_mm)
