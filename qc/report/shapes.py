"""Shapes of the JSON records; `python -m qc.report.schema` writes their JSON schemas from these."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, NotRequired, TypedDict

from qc.geometry import Edge, Side
from qc.model import FindingOutcome, PageKind, Role, VerdictOutcome


class Says:
    """Keywords of JSON schema that a type alone does not say; for ``Annotated``."""

    def __init__(self, **keywords: Any) -> None:
        self.keywords = keywords


def one_of(values: Iterable[str] | str) -> Says:
    """The constraint that a text is one of `values`: an enumeration, or words parted by spaces."""
    return Says(enum=[str(v) for v in (values.split() if isinstance(values, str) else values)])


Natural = Annotated[int, Says(minimum=0)]
Positive = Annotated[int, Says(minimum=1)]
Length = Annotated[float, Says(exclusiveMinimum=0)]
Two = Says(minItems=2, maxItems=2)
Sha256 = Annotated[str, Says(pattern="^[0-9a-f]{64}$")]
CopyId = Annotated[str, Says(pattern="^[A-Za-z0-9_-][A-Za-z0-9._-]*$")]
Day = Annotated[str, Says(format="date")]
Turns = Annotated[int, Says(minimum=0, maximum=3)]
Unit = Annotated[str, one_of("mm deg count dE00 density fraction")]
Uncertainty = Annotated[
    float | None, Says(minimum=0, description="Standard uncertainty (k = 1) in the unit of the value.")
]
RoleName = Annotated[str, one_of(Role)]
KindName = Annotated[str, one_of(PageKind)]


def if_null(key: str, other: str, constraint: dict[str, Any]) -> dict[str, Any]:
    """The constraint on `other` of an object whose `key` is null."""
    null = {"properties": {key: {"type": "null"}}}
    return {"allOf": [{"if": null, "then": {"properties": {other: constraint}}}]}


ON_OBJECTS: dict[str, dict[str, Any]] = {
    "Finding": if_null("value", "outcome", {"const": "not-judged"}),
    "Observation": if_null("value", "flags", {"minItems": 1}),
}
"""What holds between the fields of an object, by name of its class."""


class Where(TypedDict):
    page: Annotated[
        Positive | None,
        Says(description="Position among the scanned interior pages, 1-based, covers excluded."),
    ]
    edge: Annotated[str, one_of(Edge)] | None
    axis: NotRequired[Annotated[str, one_of("height width x y")]]
    copy: NotRequired[str]
    copies: NotRequired[Annotated[list[str], Says(minItems=2)]]
    side: NotRequired[Annotated[str, one_of("front back"), Says(description="Of a cover.")]]


class Evidence(TypedDict):
    file: str
    frame: Natural
    box_px: Annotated[
        list[float],
        Says(
            minItems=4,
            maxItems=4,
            description="x0, y0, x1, y1 in pixels of the scan at full resolution, turned as its EXIF tag says.",
        ),
    ]


class Finding(TypedDict):
    rule: str
    outcome: Annotated[str, one_of(FindingOutcome)]
    severity: Annotated[str, one_of("defect note")]
    measure: str
    value: float | None
    unit: Unit
    u: Uncertainty
    within: str
    outside: str
    magnitude: bool
    where: Where
    margin: Annotated[float | None, Says(description="Distance to the nearest limit, negative when beyond it.")]
    code: str | None
    message: str
    clause: str
    source: str
    verbatim: NotRequired[Annotated[bool, Says(description="Whether the clause is the printer's own sentence.")]]
    evidence: list[Evidence]
    flags: NotRequired[list[str]]
    doubt: NotRequired[list[str]]
    salience: NotRequired[
        Annotated[float, Says(description="How soon a reader sees the mark: mm of a black one on paper; 0: not known.")]
    ]


class Observation(TypedDict):
    measure: str
    version: Positive
    where: Where
    value: float | None
    unit: Unit
    u: Uncertainty
    flags: list[str]
    detail: dict[str, Any]


class Rescan(TypedDict):
    file: str | None
    reference_page: Positive | None
    role: RoleName | None
    how: Annotated[str, Says(description="What to do, in the words of a clerk.")]
    why: str
    group: Annotated[Positive, Says(description="Of the entries of one group, as many as `need` says suffice.")]
    need: Positive


class Reason(TypedDict):
    code: Annotated[
        str,
        one_of(
            "wrong-item defect lost damaged claim-window expected-variance stale-revision none-found needs-review "
            "insufficient-evidence"
        ),
    ]
    clause: str
    source: str
    verbatim: NotRequired[bool]
    detail: NotRequired[Annotated[str, Says(description="What is particular to this copy; empty if nothing is.")]]


class Page(TypedDict):
    file: str
    frame: Natural
    role: RoleName
    reference_page: Positive | None
    side: Annotated[str, one_of(Side)] | None
    kind: KindName | None
    reason: str
    dpi: Annotated[list[Length] | None, Two]
    skew_deg: float | None
    upside_down: bool
    same_as: str | None
    same_as_frame: Natural | None


class Copy(TypedDict):
    id: CopyId
    path: str
    pages: Natural


class Reference(TypedDict):
    kind: Annotated[str, one_of("pdf copy consensus none")]
    id: str | None
    sha256: Sha256 | None


class Policy(TypedDict):
    id: str
    version: str
    sha256: Sha256


class Verdict(TypedDict):
    outcome: Annotated[str, one_of(VerdictOutcome)]
    summary: Annotated[str, Says(minLength=1)]
    not_checked: list[str]
    rescan: list[Rescan]


class Refund(TypedDict):
    outcome: Annotated[str, one_of("eligible not-eligible review")]
    route: Annotated[str, one_of("refund none returns-center review")]
    reasons: list[Reason]


class Provenance(TypedDict):
    qc: str
    measures: dict[str, Positive]
    scanner: dict[str, Any]
    scans: dict[str, Sha256]
    started: Annotated[str, Says(format="date-time")]


_DECISION = Says(description="Of a person; in `qc export` only, null where none stands.")


class Decision(TypedDict):
    outcome: Annotated[str, one_of(VerdictOutcome)]
    by: str
    reason: str | None
    code: Annotated[str | None, Says(description="One of the policy's [[codes]].")]
    made: Annotated[str, Says(format="date-time")]
    stale: Annotated[bool, Says(description="The scans are no longer those that it was made on; the copy waits again.")]


class Inspection(TypedDict):
    """One inspected copy: what was measured, what the policy says of it, and what follows for the refund."""

    schema: Annotated[str, Says(const="qc.inspection/1")]
    copy: Copy
    reference: Reference
    policy: Policy
    verdict: Verdict
    refund: Refund
    findings: list[Finding]
    observations: list[Observation]
    pages: list[Page]
    provenance: Provenance
    decision: NotRequired[Annotated[Decision | None, _DECISION]]


class Conclusion(TypedDict):
    copy: Annotated[str | None, Says(description="The copy it is said of; null where it is said of all.")]
    property: Annotated[str, Says(description="cut, color, paper, cover or the name of another measure; empty: all.")]
    outcome: Annotated[str, one_of(FindingOutcome)]
    sentence: str


class Comparison(TypedDict):
    """Copies of one title compared with each other."""

    schema: Annotated[str, Says(const="qc.comparison/1")]
    copies: Annotated[list[str], Says(minItems=2, uniqueItems=True)]
    observations: list[Observation]
    findings: list[Finding]
    conclusions: NotRequired[Annotated[list[Conclusion], Says(description="The gravest first.")]]


class Error(TypedDict):
    """A copy that could not be inspected."""

    schema: Annotated[str, Says(const="qc.error/1")]
    copy: str
    exit: Natural
    message: str
    decision: NotRequired[Annotated[Decision | None, _DECISION]]


class Judgement(TypedDict):
    policy: Policy
    outcome: Annotated[str, one_of(VerdictOutcome)]
    summary: str
    refund: Annotated[str, one_of("eligible not-eligible review")]
    route: Annotated[str, one_of("refund none returns-center review")]


class Judged(TypedDict):
    """One stored copy under another policy: its verdict in force, and the one that policy gives."""

    schema: Annotated[str, Says(const="qc.judged/1")]
    copy: str
    before: Judgement
    after: Judgement
    changed: Annotated[bool, Says(description="Whether outcome or refund differ.")]
    rule: Annotated[str | None, Says(description="Rule that the change rests on.")]
    why: Annotated[str, Says(description="Its sentence; empty where nothing changes.")]
    saved: Annotated[bool, Says(description="Whether the second was put in force.")]


class PlannedCopy(TypedDict):
    id: str
    path: str
    pages: Annotated[Natural, Says(description="Scanned interior pages.")]
    isbn: str | None
    title: str | None
    pages_expected: Positive | None


class Claim(TypedDict):
    reason: Annotated[str, one_of("defective damaged lost wrong-item")] | None
    ordered_isbn: str | None
    received_on: Day | None
    notified_on: Day | None
    claimed_on: Day | None
    content_updated_on: Day | None
    printed_on: Day | None


class ScanSettings(TypedDict):
    scanner: str | None
    dpi: float | None
    backing: Annotated[str, one_of("auto black gray white cropped")]
    bound: bool
    complete: bool
    first_page: Positive
    spine: Annotated[str, one_of("bench printer")]
    cover: Annotated[str, one_of("auto closed off")]
    profile: str | None
    note: Annotated[str, Says(description="What the scanner profile gives, or why there is none.")]


class PlannedReference(TypedDict):
    kind: Annotated[str, one_of("pdf copy none")]
    id: str | None
    sha256: str | None
    pages: Positive | None
    trim_mm: Annotated[list[Length] | None, Two, Says(description="Width and height of the ordered page.")]
    note: Annotated[str, Says(description="Why there is none, or what is odd about it.")]


Order = TypedDict(
    "Order",
    {
        "from": Annotated[str, Says(description="Where the order of the scans comes from, in words.")],
        "scanned": Annotated[
            str, Says(description="Order of the book's pages in which they were scanned, in words; it is undone.")
        ],
        "turns": Annotated[Turns | None, Says(description="Counterclockwise quarter turns that most pages need.")],
    },
)


class PlannedScan(TypedDict):
    file: str
    frame: Natural
    role: RoleName
    position: Annotated[
        Positive | None, Says(description="Among the scanned interior pages; null for covers and the like.")
    ]
    format: Annotated[str, one_of("JPEG PNG TIFF PDF")] | None
    px: Annotated[
        list[Annotated[int, Says(exclusiveMinimum=0)]] | None,
        Two,
        Says(description="Width and height, turned as the EXIF tag says."),
    ]
    bits: Annotated[int, Says(enum=[1, 8, 16])] | None
    gray: bool | None
    dpi: Annotated[list[Length] | None, Two, Says(description="Believed resolution.")]
    dpi_from: Annotated[str, one_of("file copy.toml --dpi")] | None
    claimed_dpi: Annotated[list[float] | None, Two, Says(description="What the header says, believed or not.")]
    size_mm: Annotated[list[Length] | None, Two, Says(description="Of the image, backing included.")]
    backing: Annotated[str, one_of("black gray white none")] | None
    kind: KindName | None
    looks_like: Annotated[Positive | None, Says(description="The reference page that fits clearly best at a glance.")]
    options: Annotated[list[Positive], Says(description="Where none does: a few that fit about alike.")]
    mirrored: Annotated[Positive | None, Says(description="The reference page that its mirror image looks like.")]
    reference_page: Annotated[
        Positive | None, Says(description="Its place in the book, from what it shows or from its neighbors.")
    ]
    turns: Annotated[Turns | None, Says(description="Counterclockwise quarter turns that make it upright.")]
    upside_down: Annotated[bool, Says(description="Against the other pages of the copy.")]
    same_as: Annotated[str | None, Says(description="An earlier scan with the very same picture.")]
    error: Annotated[str | None, Says(description="Why it cannot be used.")]


class Remark(TypedDict):
    kind: Annotated[str, one_of("rescan add check")]
    code: Annotated[
        str,
        one_of(
            "unreadable resolution low-resolution one-bit same-picture same-page not-recognized mirrored blank-inside "
            "order upside-down reference few-pages not-complete pages-expected last-page text-reader back-cover "
            "backing scanner facts cover"
        ),
    ]
    message: str
    files: list[str]
    reference_pages: list[Positive]


class Plan(TypedDict):
    """How the scans of one copy were understood before its inspection, from names, headers and small pictures."""

    schema: Annotated[str, Says(const="qc.plan.copy_plan/1")]
    copy: PlannedCopy
    claim: Claim
    scan: ScanSettings
    reference: PlannedReference
    order: Order
    scans: Annotated[list[PlannedScan], Says(description="In reading order, covers included.")]
    not_scanned: Annotated[
        list[Positive],
        Says(description="Reference pages with print that no scan was recognized as, by its small picture."),
    ]
    passed_over: Annotated[list[str], Says(description="Files in the folder that are not read.")]
    remarks: list[Remark]
