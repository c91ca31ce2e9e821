"""One copy from its path to the files of its result: what `inspect`, `batch` and `demo` do alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from qc.batch.exhibit_file import write_exhibits
from qc.batch.sidecar import write_sidecar
from qc.compare.color import capture_of
from qc.compare.same_title import CopyColors
from qc.errors import OutputError, UsageError
from qc.inputs import Opened, open_with, refuse_missing
from qc.judge.policy import Policy
from qc.model import Inspection, Part
from qc.pipeline import Progress, inspect_with_colors
from qc.reference.cover import CoverReference
from qc.reference.find import Reference
from qc.report import html
from qc.report.colors import color_pictures
from qc.report.evidence import exhibits
from qc.report.imprint_picture import imprint_picture
from qc.report.large_pictures import PagePictures
from qc.report.record import record, write_json
from qc.report.wrap_drawing import wrap_drawing
from qc.scan.allocator import keep_buffers
from qc.scan.paths import leads_outside, real
from qc.scan.returns_csv import returns_in
from qc.scan.scan_reader import ScanReader
from qc.scan.statements import copy_id


@dataclass(frozen=True)
class Job:
    """What to inspect and how; small and free of pixels, so that it can go to another process.

    `id` is that of the copy, as far as it is known without opening its scans. `isbn` is the one of the command line, or read off
    the cover where none is stated; `usual_scanner` is that of copies of which none is; `part` is one of
    several copies in the scans at `path`. Results go to a folder of the id in `out`, where an
    ``index.html`` names them if they are `listed`.
    """

    path: Path
    id: str
    out: Path
    policy: Policy
    reference: Path | None = None
    titles: Path | None = None
    scanner: str | None = None
    dpi: float | None = None
    listed: bool = False
    isbn: str | None = None
    usual_scanner: str | None = None
    part: Part | None = None

    @property
    def folder(self) -> Path:
        return self.out / self.id

    @property
    def report(self) -> Path:
        return self.folder / "report.html"


def jobs_for(
    paths: Sequence[Path],
    out: Path,
    policy: Policy,
    *,
    reference: Path | None = None,
    titles: Path | None = None,
    scanner: str | None = None,
    dpi: float | None = None,
    listed: bool = False,
    isbn: str | None = None,
    usual_scanner: str | None = None,
) -> list[Job]:
    """A job for each copy, after everything that can be checked without opening a scan.

    Raises
    ------
    UsageError
        Two copies have the same id, `titles` is no folder, a returns.csv is wrong, or a result would lie in a scan folder.
    ReferenceFault
        `reference` or a scanner does not exist, or the profile of the scanner cannot be used or has expired.
    OutputError
        `out` cannot be made or written to.
    """
    for folder in dict.fromkeys(real(path).parent for path in paths):
        returns_in(folder)
    jobs = [
        Job(path, copy_id(path), out, policy, reference, titles, scanner, dpi, listed, isbn, usual_scanner)
        for path in paths
    ]
    refuse_same_id((job.id, job.path) for job in jobs)
    refuse_scan_folders(jobs)
    refuse_missing(reference, titles, scanner or usual_scanner)
    make_writable(out)
    return jobs


def run_job(job: Job, *, threads: int = 1, progress: Progress | None = None) -> Inspection:
    """Inspect a copy and write ``inspection.json``, its sidecar and ``report.html`` with larger pictures, replacing older ones.

    Raises
    ------
    QcError
        The copy cannot be inspected, or its results cannot be written.
    """
    keep_buffers()
    cv2.setNumThreads(1)
    opened = open_with(
        job.path,
        reference=job.reference,
        titles=job.titles,
        scanner=job.scanner,
        usual_scanner=job.usual_scanner,
        dpi=job.dpi,
        isbn=job.isbn,
        part=job.part,
    )
    seen = inspect_opened(opened, job.policy, threads=threads, progress=progress)
    inspection = seen.inspection
    seen.pictures.write(inspection, job.folder)
    write_results(inspection, seen.colors, opened.reference, job, cover=opened.cover, reader=seen.reader)
    write_sidecar(job.folder, inspection, seen.colors)
    return inspection


@dataclass(frozen=True)
class Seen:
    """An inspection, and what its report is drawn from: colors, large pictures of its scans, and what read them."""

    inspection: Inspection
    colors: CopyColors
    pictures: PagePictures
    reader: ScanReader


def inspect_opened(opened: Opened, policy: Policy, *, threads: int, progress: Progress | None = None) -> Seen:
    """Inspect a copy that was opened; nothing is written.

    Raises
    ------
    QcError
        It cannot be inspected.
    """
    pictures = PagePictures()
    reader, reference = ScanReader(seen=pictures.keep), opened.reference
    inspection, pages = inspect_with_colors(
        opened.copy,
        reference,
        policy,
        note=opened.note,
        scanner=opened.scanner,
        threads=threads,
        progress=progress,
        reader=reader,
        cover=opened.cover,
        cover_note=opened.cover_note,
    )
    capture = capture_of(inspection.copy, opened.scanner.profile)
    colors = CopyColors(pages, capture, reference is not None and reference.trim_known)
    return Seen(inspection, colors, pictures, reader)


def write_results(
    inspection: Inspection,
    colors: CopyColors,
    reference: Reference | None,
    job: Job,
    *,
    cover: CoverReference | None = None,
    beside: Inspection | None = None,
    reader: ScanReader | None = None,
) -> None:
    """Write ``inspection.json``, ``report.html`` and the pictures of findings beside it.

    `beside` is a copy of the title whose cover is shown beside that of this one, where this is the odd one.

    Raises
    ------
    OutputError
        They cannot be written.
    """
    index = "../index.html" if job.listed or (job.out / "index.html").is_file() else ""
    write_report(
        inspection,
        colors,
        reference,
        job.report,
        k=job.policy.k,
        cover=cover,
        beside=beside,
        reader=reader,
        index=index,
    )
    write_json(record(inspection), job.folder / "inspection.json")


def write_report(
    inspection: Inspection,
    colors: CopyColors,
    reference: Reference | None,
    path: Path,
    *,
    k: float,
    cover: CoverReference | None = None,
    beside: Inspection | None = None,
    reader: ScanReader | None = None,
    index: str = "",
) -> None:
    """Write the report of a copy to `path`, with the pictures of its findings beside it; see `write_results`."""
    # Its pixels are at hand still; pictures of findings let go of theirs.
    imprint = imprint_picture(inspection, reader)
    shown = exhibits(inspection, reference, reader=reader, cover=cover, beside=beside)
    pictures = color_pictures(inspection, colors.pages, reference)
    wrap = wrap_drawing(inspection, cover.wrap) if cover is not None else None
    html.write(inspection, shown, path, k=k, colors=pictures, imprint=imprint, wrap=wrap, index=index)
    write_exhibits(shown, path.parent)


def refuse_same_id(copies: Iterable[tuple[str, Path]]) -> None:
    """Raise a UsageError where two copies, given by id and path, have the same id."""
    seen: dict[str, Path] = {}
    for name, path in copies:
        if name in seen:
            raise UsageError(
                f"{seen[name]} and {path} have the same id, {name}, so one result would replace the other. "
                'Rename one, or give it another copy = "..." in its copy.toml, or another separator sheet.'
            )
        seen[name] = path


def refuse_scan_folders(jobs: Sequence[Job]) -> None:
    """Raise a UsageError where results of a job would lie in a folder of scans."""
    sources = [path for job in jobs for path in (job.path, job.reference) if path is not None]
    scans = [real(path) for path in dict.fromkeys(sources) if path.is_dir()]
    for job in jobs:
        target = real(job.folder)
        for folder in scans:
            if target.is_relative_to(folder):
                raise UsageError(
                    f"The results of {job.id} would go to {job.folder}, which lies in the scan folder {folder}. "
                    "Nothing is written there: choose another --out."
                )


def refuse_store_in_scans(store: Path, jobs: Sequence[Job]) -> None:
    """Raise a UsageError where the store would lie in a scan folder."""
    for job in jobs:
        if job.path.is_dir() and not leads_outside(store, job.path):
            raise UsageError(f"--store {store} lies in the scan folder {job.path}, where nothing is written.")


def make_writable(out: Path) -> None:
    """Make the folder `out` and see that files can be made in it.

    Raises
    ------
    OutputError
        It cannot be made or written to.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".qc-can-write"
        probe.touch()
        probe.unlink()
    except OSError as fault:
        raise OutputError(
            f"Results cannot be written to {out} ({fault.strerror}). Choose another folder with --out."
        ) from fault
