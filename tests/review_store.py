"""A store of drawn inspections with their reports and pictures, for tests of the review page; nothing is inspected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from inspection_example import DrawnReference, example, header_of, scan_of, sound, unseen, with_pictures

from qc.batch.exhibit_file import write_exhibits
from qc.batch.sidecar import write_sidecar
from qc.batch.store import Store
from qc.compare.color import Capture
from qc.compare.same_title import CopyColors
from qc.judge.policy import load_policy
from qc.model import FindingOutcome, Inspection, Verdict, VerdictOutcome
from qc.report import html
from qc.report.evidence import exhibits
from qc.report.files import write_bytes
from qc.report.large_pictures import PagePictures

POLICY = load_policy()


def to_review() -> Inspection:
    """The example, were its cut right: the streak is left to a person."""
    kept = tuple(f for f in example().findings if f.outcome is not FindingOutcome.OUTSIDE)
    streak = next(f for f in kept if f.measure == "print-defect")
    return replace(
        example(),
        findings=kept,
        verdict=Verdict(VerdictOutcome.NEEDS_REVIEW, streak.message, ("cover",)),
        refund=replace(example().refund, outcome="review", route="review"),
    )


KINDS = {"defect": example, "no-defect": sound, "needs-review": to_review, "insufficient-evidence": unseen}


@contextmanager
def drawn_scans() -> Iterator[None]:
    """Scans of the example are drawn where they would be read."""
    with patch("qc.scan.scan_reader.read_pixels", scan_of), patch("qc.scan.scan_reader.read_header", header_of):
        yield


@cache
def pictured(kind: str) -> Inspection:
    """One of `KINDS` with the pictures of its page strip."""
    return replace(with_pictures(KINDS[kind]()), policy=POLICY.identity)


@cache
def result_of(kind: str) -> dict[str, bytes]:
    """The files of its result folder, made once."""
    with TemporaryDirectory() as made:
        folder, inspection = Path(made), pictured(kind)
        with drawn_scans():
            shown = exhibits(inspection, DrawnReference())
        pages = PagePictures()
        for scan in inspection.copy.pages[6:8]:
            pages.keep(scan, scan_of(scan, 4))
        pages.write(inspection, folder)
        html.write(inspection, shown, folder / "report.html", k=POLICY.k)
        write_exhibits(shown, folder)
        write_sidecar(folder, inspection, CopyColors({}, Capture(), True))
        return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


class DrawnStore:
    """A store below `folder` to which copies are added."""

    def __init__(self, folder: Path) -> None:
        self.path, self._results = folder / "qc.db", folder / "results"

    def add(self, kind: str, copy: str, *, path: Path | None = None, title: str = "", isbn: str | None = None) -> None:
        """Add a copy of one of `KINDS`, whose scans lie at `path`, or nowhere any more."""
        inspection = pictured(kind)
        place = path or Path("/inbox") / copy
        about = replace(inspection.copy, id=copy, path=place, title=title or inspection.copy.title)
        inspection = replace(inspection, copy=replace(about, isbn=isbn or about.isbn))
        for name, content in result_of(kind).items():
            write_bytes(content, self._results / copy / name)
        with Store(self.path, create=True) as store:
            run = store.begin_run("batch")
            store.add(inspection, POLICY, run, report=str(self._results / copy / "report.html"))
