"""One self-contained file for a dispute: the report of a copy with its decision and pictures at the resolution of the scanner."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

from qc.batch.deciding import as_decided, standing_ticket
from qc.batch.exhibit_file import read_exhibits, read_thumbnails
from qc.batch.store import Entry, Store
from qc.errors import QcError, UsageError
from qc.judge.messages import listed
from qc.model import Inspection
from qc.report import html
from qc.report.crops import jpeg, upright_crop
from qc.report.evidence import Exhibit, Picture
from qc.report.large_pictures import FOLDER, finding_name
from qc.report.since import with_since
from qc.scan.image_file import sha256
from qc.scan.scan_reader import ScanReader

QUALITY = 85
"""Of JPEG: a dispute is about what is seen closely."""


def packet(store: Store, entry: Entry) -> str:
    """HTML text of the packet of a copy: what was decided, else the verdict, without what only the bench needs.

    Raises
    ------
    UsageError
        The copy could not be inspected: there is nothing to show.
    """
    inspection = None if entry.failed else store.inspection(entry.id)
    if inspection is None:
        raise UsageError(f"{entry.copy} could not be inspected ({entry.message}). Inspect it, then make its packet.")
    folder = Path(entry.report).parent if entry.report else None
    shown = read_exhibits(folder) if folder else ()
    pictures = _Pictures(inspection, Path(entry.path), folder)
    # The pictures are of the inspection; what is said of them, and the limit, may be of a later judging.
    findings = {(f.rule, f.where): f for f in inspection.findings}
    exhibits = [
        replace(pictures.of(e, number), finding=findings.get((e.finding.rule, e.finding.where), e.finding))
        for number, e in enumerate(shown, 1)
    ]
    decided = as_decided(store, entry, _of_this_copy(inspection))
    page = html.render(
        replace(decided, pictures=read_thumbnails(folder) if folder else {}),
        exhibits,
        k=store.policy(inspection.policy.sha256).k,
        ticket=standing_ticket(store, entry),
        outward=True,
    )
    return with_since(page, pictures.said)


def _of_this_copy(inspection: Inspection) -> Inspection:
    """The inspection without notes on how the copy differs from others: these are other people's returns."""
    return replace(
        inspection,
        findings=tuple(f for f in inspection.findings if f.severity != "note" or not f.where.copies),
        observations=tuple(o for o in inspection.observations if not o.where.copies),
    )


class _Pictures:
    """Pictures of a copy as data, cut from its scans anew where these are what was inspected."""

    def __init__(self, inspection: Inspection, place: Path, folder: Path | None) -> None:
        self._hashes, self._place, self._folder = inspection.provenance.scans, place, folder
        self._reader = ScanReader(0)
        self._changed: dict[str, None] = {}

    @property
    def said(self) -> list[str]:
        """Which pictures are not at the resolution of the scanner, and why."""
        if not self._changed:
            return []
        return [f"Pictures of {listed(list(self._changed))} are those of the report: the scans are gone or changed."]

    def of(self, exhibit: Exhibit, number: int) -> Exhibit:
        """The `number`th exhibit of the report with its pictures."""
        made = [self._picture(p, finding_name(number, m)) for m, p in enumerate(exhibit.pictures, 1)]
        return replace(exhibit, pictures=tuple(p for p in made if p.address))

    def _picture(self, picture: Picture, name: str) -> Picture:
        if picture.scan is not None and picture.to_scan is not None and not picture.turned:
            try:
                return replace(picture, address=_address(self._cut(picture)), large_mm=picture.box_mm)
            except (OSError, QcError):
                self._changed[picture.scan.name] = None
        path = self._folder / FOLDER / name if self._folder else None
        return replace(picture, address=_address(path.read_bytes()) if path is not None and path.is_file() else "")

    def _cut(self, picture: Picture) -> bytes:
        """The picture at the resolution of its scan, as JPEG."""
        assert picture.scan is not None
        assert picture.to_scan is not None
        path = self._place / picture.scan.name if self._place.is_dir() else self._place
        if sha256(path) != self._hashes.get(picture.scan.name):
            raise UsageError(f"{path} is not what was inspected.")
        pixels = self._reader.pixels(replace(picture.scan, path=path))
        return jpeg(upright_crop(pixels, picture.to_scan, picture.box_mm, max(picture.to_scan.scale)), QUALITY)


def _address(picture: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(picture).decode("ascii")
