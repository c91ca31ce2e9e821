"""ISBNs read off covers before copies are inspected: by them titles are found, copies grouped and known again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qc.batch.job import Job
from qc.batch.runner import Runner, Tick
from qc.errors import UsageError
from qc.inputs import read_isbn
from qc.pipeline import Progress
from qc.scan.statements import statements_of


def with_isbn(job: Job) -> Job:
    """The job with the ISBN on the cover of its copy, where no book is stated and there are titles to find one among."""
    if not _is_unstated(job) or job.titles is None:
        return job
    try:
        return replace(job, isbn=read_isbn(job.path, job.titles))
    except Exception:  # its inspection meets the same fault and says it
        return job


def with_isbns(jobs: Sequence[Job], processes: int, progress: Progress) -> list[Job]:
    """As `with_isbn` for many, in processes of their own: scans of strangers are decoded."""
    unstated = [job for job in jobs if _is_unstated(job)]
    read = {job.id: job for job in jobs}
    if unstated:
        for done, ended in enumerate(Runner(_read, min(processes, len(unstated))).run(unstated), 1):
            read[ended.job.id] = ended.result or ended.job
            progress(done, len(unstated))
    return list(read.values())


def _read(job: Job, _tick: Tick) -> Job:
    return with_isbn(job)


def _is_unstated(job: Job) -> bool:
    if job.titles is None or job.reference is not None or job.isbn is not None:
        return False
    try:
        stated = statements_of(job.path)
    except UsageError:
        return False
    return stated.reference.file is None and stated.isbn is None and stated.claim.ordered_isbn is None
