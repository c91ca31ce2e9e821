"""One copy from its path to the files of its result: what `inspect`, `batch` and `demo` do alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from qc.batch.inspection_cache import keep, kept
from qc.compare.consensus import with_consensus
from qc.compare.same_title import with_copy_colors
from qc.errors import OutputError, ReferenceFault, UsageError
from qc.inputs import open_with
from qc.judge.policy import Policy
from qc.model import Inspection
from qc.normalize.calibrated import choose_profile
from qc.pipeline import Progress, inspect_copy
from qc.reference.find import Reference, find_reference
from qc.report import html
from qc.report.colors import color_pictures
from qc.report.evidence import exhibits
from qc.report.imprint_picture import imprint_picture
from qc.report.record import record, write_json
from qc.scan.copy_folder import copy_id
from qc.scan.copy_toml import read_copy_toml
from qc.scan.paths import real
from qc.scan.scan_reader import ScanReader
from qc.scan.scanner_profile import load_profile


@dataclass(frozen=True)
class Job:
    """What to inspect and how; small and free of pixels, so that it can go to another process.

    `id` is that of the copy, as far as it is known without opening its scans. Results go to a folder of that name in
    `out`. With `kept` the inspection is kept for `hold_group`, too.
    """

    path: Path
    id: str
    out: Path
    policy: Policy
    reference: Path | None = None
    titles: Path | None = None
    scanner: str | None = None
    dpi: float | None = None
    kept: bool = False

    @property
    def key(self) -> str:
        """Under which its inspection is kept."""
        where = [p and str(p.resolve()) for p in (self.path, self.out, self.reference, self.titles)]
        return repr((self.id, where, self.policy.sha256, self.scanner, self.dpi))

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
) -> list[Job]:
    """A job for each copy, after everything that can be checked without opening a scan.

    Raises
    ------
    UsageError
        Two copies have the same id, `titles` is no folder, or a result would lie in a scan folder.
    ReferenceFault
        `reference` or `scanner` does not exist, or the profile of the scanner cannot be used or has expired.
    OutputError
        `out` cannot be made or written to.
    """
    jobs = [Job(path, copy_id(path), out, policy, reference, titles, scanner, dpi) for path in paths]
    refuse_same_id((job.id, job.path) for job in jobs)
    _refuse_scan_folders(jobs)
    if titles is not None and not titles.is_dir():
        raise UsageError(f"--titles {titles} is no folder. Check the path.")
    if reference is not None and not reference.exists():
        raise ReferenceFault(f"The reference {reference} does not exist. Check the path.")
    if scanner is not None:
        load_profile(scanner)
    make_writable(out)
    return jobs


def run_job(job: Job, *, threads: int = 1, progress: Progress | None = None) -> Inspection:
    """Inspect a copy and write ``inspection.json`` and ``report.html``, replacing older ones.

    Raises
    ------
    QcError
        The copy cannot be inspected, or its results cannot be written.
    """
    cv2.setNumThreads(1)
    opened = open_with(job.path, reference=job.reference, titles=job.titles, scanner=job.scanner, dpi=job.dpi)
    reader = ScanReader()
    inspection = inspect_copy(
        opened.copy,
        opened.reference,
        job.policy,
        note=opened.note,
        scanner=opened.scanner,
        threads=threads,
        progress=progress,
        reader=reader,
    )
    _write(inspection, opened.reference, job, reader)
    if job.kept:
        keep(job.key, inspection)
    return inspection


def of_one_title(jobs: Sequence[Job]) -> frozenset[str]:
    """Ids of the jobs whose reference another job has, too, as far as that is known without inspecting them."""
    return frozenset(job.id for title in titles_of(jobs) for job in title)


def titles_of(jobs: Sequence[Job]) -> list[list[Job]]:
    """The jobs of each title that two or more have."""
    titles: dict[str, list[Job]] = {}
    for job in jobs:
        if title := str(job.reference or "") or _stated_title(job.path):
            titles.setdefault(title, []).append(job)
    return [own for own in titles.values() if len(own) > 1]


def _stated_title(path: Path) -> str | None:
    if not path.is_dir():
        return None
    try:
        settings = read_copy_toml(path)
    except UsageError:
        return None
    return settings.reference.file or settings.isbn


def hold_group(
    jobs: Sequence[Job], only: Collection[str], step: Callable[[], None]
) -> tuple[list[tuple[Job, Inspection]], list[str]]:
    """Hold copies of one title, inspected and kept before, against each other, and write those results anew.

    Parameters
    ----------
    jobs : sequence of Job
    only : collection of str
        Ids of those whose results are written; the others stand beside them.
    step : callable
        Called after each page.

    Returns
    -------
    changed : list of (Job, Inspection)
    lost : list of str
        Ids of copies whose inspection was not kept.
    """
    cv2.setNumThreads(1)
    found = [(job, kept(job.key)) for job in jobs]
    known = [(job, i) for job, i in found if i is not None]
    together = hold_together(known, step=step, only=only)
    pairs = zip(known, together, strict=True)
    changed = [(job, now) for (job, before), now in pairs if now is not before and job.id in only]
    return changed, [job.id for job, i in found if i is None]


def hold_together(
    done: Sequence[tuple[Job, Inspection]],
    threads: int = 1,
    step: Callable[[], None] | None = None,
    only: Collection[str] | None = None,
) -> list[Inspection]:
    """Hold the copies of one title against each other, and write those results anew, or of them `only` those of these ids.

    Copies that had no reference are compared by where their print lies, those that had one by their color. `step` is called
    after each page.
    """
    if not done:
        return []
    policy = done[0][0].policy
    together = with_consensus([i for _, i in done], policy)
    references: dict[str, Reference] = {}
    for group in _same_reference(together):
        job = done[group[0]][0]
        reference, _ = find_reference(together[group[0]].copy, job.reference, job.titles)
        if reference is None or not reference.trim_known:
            # What lies beyond the cut is no color of the page.
            continue
        scanners = {c.id: choose_profile(c, done[n][0].scanner).profile for n in group for c in [together[n].copy]}
        compared = with_copy_colors([together[n] for n in group], reference.trim, policy, threads, step, scanners)
        for n, inspection in zip(group, compared, strict=True):
            together[n] = inspection
            references[inspection.copy.id] = reference
    for (job, before), after in zip(done, together, strict=True):
        if after is not before and (only is None or job.id in only):
            _write(after, references.get(after.copy.id), job)
    return together


def _same_reference(inspections: Sequence[Inspection]) -> list[list[int]]:
    """Places in `inspections` of two or more copies that had the same reference."""
    groups: dict[str, list[int]] = {}
    for n, i in enumerate(inspections):
        if i.reference.kind in ("pdf", "copy") and i.reference.sha256:
            groups.setdefault(i.reference.sha256, []).append(n)
    return [group for group in groups.values() if len(group) > 1]


def _write(inspection: Inspection, reference: Reference | None, job: Job, reader: ScanReader | None = None) -> None:
    shown, imprint = exhibits(inspection, reference, reader=reader), imprint_picture(inspection, reader)
    colors = color_pictures(inspection, reference)
    html.write(inspection, shown, job.report, k=job.policy.k, colors=colors, imprint=imprint)
    write_json(record(inspection), job.folder / "inspection.json")


def refuse_same_id(copies: Iterable[tuple[str, Path]]) -> None:
    """Raise a UsageError where two copies, given by id and path, have the same id."""
    seen: dict[str, Path] = {}
    for name, path in copies:
        if name in seen:
            raise UsageError(
                f"{seen[name]} and {path} have the same id, {name}, so one result would replace the other. "
                'Rename one, or give it another copy = "..." in its copy.toml.'
            )
        seen[name] = path


def _refuse_scan_folders(jobs: Sequence[Job]) -> None:
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
