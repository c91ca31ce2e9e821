"""Larger pictures in a folder beside the report, which the small ones open: they stay with it when it is moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from qc.model import Inspection, ScanFile
from qc.report.crops import jpeg, turned
from qc.report.files import write_bytes

if TYPE_CHECKING:
    from qc.report.evidence import Exhibit

FOLDER = "report-files"
MOST_PAGES = 40
"""Scans that have a large picture, some 60 kB each: the first that are read. Of the others the scan itself is opened."""
LARGE_PX = 1700
"""Longer side: a page of 9 in at 150 dpi and its backing, on which all print can be read."""
REDUCTIONS = (1, 2, 4, 8, 16)
SMALL_PX = 240
"""Longer side of the picture in an index, which shows it at half the size."""
_DECIDING = "finding-deciding.jpg"


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
        return self._beside(finding_name(exhibit, picture))

    def _beside(self, name: str) -> str:
        return f"{FOLDER}/{name}" if name in self.large else ""


def links_beside(report: Path, index: str) -> Links:
    """Of the large pictures that lie beside a report."""
    return Links(frozenset(p.name for p in _pictures(report.parent / FOLDER)), index)


def scan_link(scan: ScanFile) -> str:
    """Absolute address of a scan: it leads there wherever the report is moved on the machines that see the scans at this path."""
    return scan.path.absolute().as_uri() + (f"#page={scan.frame + 1}" if scan.frame else "")


class PagePictures:
    """Large pictures of scans, made when these are decoded anyway."""

    def __init__(self) -> None:
        self._kept: dict[ScanFile, bytes] = {}

    def keep(self, scan: ScanFile, pixels: NDArray[Any]) -> None:
        """Keep the picture of a scan, from its pixels at any reduction; the first that is given stays."""
        if scan in self._kept or len(self._kept) >= MOST_PAGES:
            return
        shrink = 1 / next((r for r in REDUCTIONS if max(pixels.shape[:2]) <= r * LARGE_PX), REDUCTIONS[-1])
        small = cv2.resize(pixels, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1 else pixels
        self._kept[scan] = jpeg(np.asarray(small, np.uint8))

    def write(self, inspection: Inspection, folder: Path) -> None:
        """Write them, upright, into `FOLDER` in the result folder of a copy; what an earlier inspection left there goes.

        Raises
        ------
        OutputError
            They cannot be written.
        """
        beside = folder / FOLDER
        _clear(beside)
        scans = {(s.name, s.frame): s for s in self._kept}
        for number, record in enumerate(inspection.pages, 1):
            scan = scans.get((record.file, record.frame))
            if scan is not None:
                turns = round(record.to_scan.skew_deg / 90) % 4 if record.to_scan is not None else 0
                write_bytes(turned(self._kept[scan], turns), beside / _page_name(number))


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
            write_bytes(picture.large, beside / finding_name(n, m))
    lead = next((e for e in exhibits if e.finding.severity == "defect"), None)
    if lead is not None:
        shown = next((p for p in lead.pictures if p.look == "found"), lead.pictures[0])
        write_bytes(_small(shown.large), beside / _DECIDING)


def picture_beside(report: str) -> Path | str:
    """The small picture of the deciding finding that lies beside a report; empty where there is none."""
    path = Path(report).parent / FOLDER / _DECIDING
    return path if report and path.is_file() else ""


def _small(picture: bytes) -> bytes:
    pixels = simplejpeg.decode_jpeg(picture)
    scale = SMALL_PX / max(pixels.shape[:2])
    return jpeg(np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8))


def _pictures(beside: Path) -> Iterator[Path]:
    return (p for p in beside.glob("*.jpg") if p.name.startswith(("page-", "finding-")))


def _clear(beside: Path, start: str = "") -> None:
    for path in _pictures(beside):
        if path.name.startswith(start):
            with suppress(OSError):
                path.unlink()


def _page_name(number: int) -> str:
    return f"page-{number:04}.jpg"


def finding_name(exhibit: int, picture: int) -> str:
    """Name of the large picture of a picture of an exhibit, both counted from 1."""
    return f"finding-{exhibit}-{picture}.jpg"
