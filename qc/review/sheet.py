"""All that the review page shows of one copy, read from its store and from what its report left beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from qc.batch.exhibit_file import read_exhibits, read_thumbnails
from qc.batch.store import Store
from qc.errors import UsageError
from qc.judge.next_step import next_step
from qc.judge.policy import Policy
from qc.judge.ranking import by_cause
from qc.judge.refund import refund_decided
from qc.model import Finding, Inspection, VerdictOutcome
from qc.report import trim_drawing
from qc.report.evidence import Exhibit
from qc.report.html import StripPage, counting_of, strip_of
from qc.report.large_pictures import FOLDER, finding_name, links_beside
from qc.review.queue import Item, Pattern, Queue

_REFUND = {"eligible": "refund", "not-eligible": "no refund", "review": "refund stays open"}
_UNSEEN = str(VerdictOutcome.INSUFFICIENT_EVIDENCE)


class Gone(UsageError):
    """What an address names is not there."""


@dataclass(frozen=True)
class Shown:
    """A finding, its pictures where there are some, and the number in the page strip of the scan that they are of."""

    finding: Finding
    exhibit: Exhibit | None = None
    page: int | None = None


@dataclass(frozen=True)
class Sheet:
    """A copy as it is looked at; `inspection` is None where it could not be inspected. `report` is whether its report is there.

    `advice` is what settles what qc leaves to a person, empty where nothing is left; `refunds` says of each outcome what deciding
    it does to the refund.
    """

    item: Item
    inspection: Inspection | None = None
    policy: Policy | None = None
    shown: tuple[Shown, ...] = ()
    strip: tuple[StripPage, ...] = ()
    drawing: trim_drawing.PageDrawing | None = None
    pattern: Pattern | None = None
    report: bool = False
    advice: str = ""
    refunds: Mapping[str, str] = field(default_factory=dict)


def sheet_of(store: Store, queue: Queue, item: Item, base: str) -> Sheet:
    """What is shown of `item`; addresses of its pictures begin with `base`."""
    pattern = next((p for p in queue.patterns if p.key == item.alike), None)
    inspection = store.inspection(item.inspection) if item.outcome else None
    if inspection is None:
        return Sheet(item, pattern=pattern)
    folder = Path(item.report).parent if item.report else None
    there = folder is not None and Path(item.report).is_file()
    strip: list[StripPage] = []
    exhibits: list[Exhibit] = []
    if folder is not None and there:
        pictures = read_thumbnails(folder)
        for page in strip_of(inspection, links_beside(Path(item.report), "")):
            picture = pictures.get((page.record.file, page.record.frame))
            strip.append(replace(page, link=_address(page.link, base, item), picture=picture))
        exhibits = [_with_addresses(e, n, base, item) for n, e in enumerate(read_exhibits(folder), 1)]
    policy = store.policy(inspection.policy.sha256)
    left_open = inspection.refund.outcome == "review" and not (item.outcome == _UNSEEN and inspection.verdict.rescan)
    return Sheet(
        item,
        inspection,
        policy,
        _shown(inspection, exhibits, strip),
        tuple(strip),
        trim_drawing.page_drawing(inspection),
        pattern,
        there,
        next_step(inspection) if left_open else "",
        {str(o): _REFUND[refund_decided(o, inspection, policy).outcome] for o in VerdictOutcome},
    )


def first_picture(item: Item, base: str) -> str:
    """Address of the picture of what was found first on a copy; empty where its report has none."""
    for number, exhibit in enumerate(read_exhibits(Path(item.report).parent) if item.report else (), 1):
        for m, picture in enumerate(exhibit.pictures, 1):
            if picture.look == "found":
                return _address(f"{FOLDER}/{finding_name(number, m)}", base, item)
    return ""


def picture_path(item: Item, name: str) -> Path:
    """A picture beside the report of a copy.

    Raises
    ------
    Gone
        There is none of that name in the folder of its pictures.
    """
    beside = Path(item.report).parent / FOLDER
    path = beside / name
    if item.report and name.endswith(".jpg") and Path(name).name == name and path.is_file():
        real = path.resolve()
        if real.parent == beside.resolve():
            return real
    raise Gone(f"There is no picture {name} beside the report of {item.copy}.")


def _address(link: str, base: str, item: Item) -> str:
    """That of a picture beside the report; a scan itself is no part of the page."""
    return f"{base}{link}?v={item.inspection}" if link.startswith(FOLDER) else ""


def _with_addresses(exhibit: Exhibit, number: int, base: str, item: Item) -> Exhibit:
    pictures = [
        replace(p, address=_address(f"{FOLDER}/{finding_name(number, m)}", base, item))
        for m, p in enumerate(exhibit.pictures, 1)
    ]
    return replace(exhibit, pictures=tuple(pictures))


def _shown(inspection: Inspection, exhibits: list[Exhibit], strip: list[StripPage]) -> tuple[Shown, ...]:
    """What speaks against the copy, then what else has pictures."""
    left = list(exhibits)
    shown = []
    for faces in by_cause(counting_of(inspection)):
        places = [(f.rule, f.where) for f in faces]
        own = next((e for e in left if (e.finding.rule, e.finding.where) in places), None)
        if own is not None:
            left.remove(own)
        shown.append(Shown(faces[0], own, _page(own, strip)))
    # What has a picture is looked at first: the gravest finding may show nowhere.
    shown.sort(key=lambda s: s.exhibit is None)
    return (*shown, *(Shown(e.finding, e, _page(e, strip)) for e in left))


def _page(exhibit: Exhibit | None, strip: list[StripPage]) -> int | None:
    scans = [
        (p.scan.name, p.scan.frame) for p in (exhibit.pictures if exhibit else ()) if p.scan and p.look != "beside"
    ]
    return next((n for n, s in enumerate(strip) if (s.record.file, s.record.frame) in scans), None)
