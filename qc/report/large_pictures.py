"""Larger pictures in a folder beside the report, which the small ones open: they stay with it when it is moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qc.errors import ScanError
from qc.model import FindingOutcome, Inspection, PageRecord, ScanFile
from qc.report.crops import jpeg
from qc.report.files import write_bytes
from qc.scan.scan_reader import ScanReader

if TYPE_CHECKING:
    from qc.report.evidence import Exhibit

FOLDER = "report-files"
MOST_PAGES = 40
"""Pages that have a large picture, about 100 kB each: those a finding shows come first. Of the others the scan itself is opened."""
LARGE_PX = 1700
"""Longer side: a page of 9 in at 150 dpi and its backing, on which all print can be read."""
REDUCTIONS = (1, 2, 4, 8)
QUICK = "JPEG"
"""The format that is decoded in part: 5 to 25 ms a page. Others take 100 to 350 ms, for which only pages that a finding shows are
worth it."""


@dataclass(frozen=True)
class Links:
    """What the small pictures of a report open.

    `large` are the names that lie in `FOLDER`; `index` leads to the page that lists the copies of a batch, empty where there is
    none.
    """

    large: frozenset[str] = frozenset()
    index: str = ""

    def of_page(self, number: int, scan: ScanFile | None) -> str:
        """Of the `number`th scan, or the scan itself; empty where neither is there."""
        return self._beside(_page_name(number)) or (scan_link(scan) if scan is not None else "")

    def of_finding(self, exhibit: int, picture: int) -> str:
        """Of a picture of an exhibit; empty where there is none."""
        return self._beside(_finding_name(exhibit, picture))

    def _beside(self, name: str) -> str:
        return f"{FOLDER}/{name}" if name in self.large else ""


def links_beside(report: Path, index: str) -> Links:
    """Of the large pictures that lie beside a report."""
    return Links(frozenset(p.name for p in _pictures(report.parent / FOLDER)), index)


def scan_link(scan: ScanFile) -> str:
    """Absolute address of a scan: it leads there wherever the report is moved on the machines that see the scans at this path."""
    return scan.path.absolute().as_uri() + (f"#page={scan.frame + 1}" if scan.frame else "")


def write_pages(inspection: Inspection, folder: Path, reader: ScanReader) -> None:
    """Write the large pictures of the scanned pages, upright, into `FOLDER` in the result folder of a copy.

    What an earlier inspection left there goes.

    Raises
    ------
    OutputError
        They cannot be written.
    """
    beside = folder / FOLDER
    _clear(beside)
    scans = {(s.name, s.frame): s for s in inspection.copy.scans}
    for number, record in _pages(inspection, scans, reader)[:MOST_PAGES]:
        with suppress(ScanError):
            scan = scans[record.file, record.frame]
            header = reader.header(scan)
            longer = max(header.width_px, header.height_px)
            pixels = reader.pixels(scan, next((r for r in REDUCTIONS if longer <= r * LARGE_PX), REDUCTIONS[-1]))
            turns = round(record.to_scan.skew_deg / 90) if record.to_scan is not None else 0
            write_bytes(jpeg(np.rot90(pixels, turns)), beside / _page_name(number))


def write_findings(exhibits: Sequence[Exhibit], folder: Path) -> None:
    """Write the large pictures of findings into `FOLDER` in the result folder of a copy, replacing those of an earlier report.

    Raises
    ------
    OutputError
        They cannot be written.
    """
    beside = folder / FOLDER
    _clear(beside, "finding-")
    for n, exhibit in enumerate(exhibits, 1):
        for m, picture in enumerate(exhibit.pictures, 1):
            write_bytes(picture.large, beside / _finding_name(n, m))


def _pages(
    inspection: Inspection, scans: dict[tuple[str, int], ScanFile], reader: ScanReader
) -> list[tuple[int, PageRecord]]:
    """Scans with their number from 1, those that a finding shows first, and others only if they are quick to read."""
    shows = (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED)
    found = {(e.file, e.frame) for f in inspection.findings if f.outcome in shows for e in f.evidence}
    numbered = [(n, r) for n, r in enumerate(inspection.pages, 1) if r.same_as is None and (r.file, r.frame) in scans]
    first = [(n, r) for n, r in numbered if (r.file, r.frame) in found]

    def quick(record: PageRecord) -> bool:
        with suppress(ScanError):
            return reader.header(scans[record.file, record.frame]).format == QUICK
        return False

    return first + [(n, r) for n, r in numbered if (r.file, r.frame) not in found and quick(r)]


def _pictures(beside: Path) -> Iterator[Path]:
    return (p for p in beside.glob("*.jpg") if p.name.startswith(("page-", "finding-")))


def _clear(beside: Path, start: str = "") -> None:
    for path in _pictures(beside):
        if path.name.startswith(start):
            with suppress(OSError):
                path.unlink()


def _page_name(number: int) -> str:
    return f"page-{number:04}.jpg"


def _finding_name(exhibit: int, picture: int) -> str:
    return f"finding-{exhibit}-{picture}.jpg"
