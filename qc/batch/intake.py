"""What scans say before they are inspected: separator sheets part them into copies, a barcode names a book nobody stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from qc.batch.job import Job, refuse_same_id
from qc.batch.runner import Runner, Tick
from qc.inputs import find_parts, may_hold_sheets, names_no_book, read_isbn
from qc.pipeline import Progress


@dataclass(frozen=True)
class Looked:
    """Jobs after a look at their scans, and scans that belong to none, each with the reason."""

    jobs: tuple[Job, ...]
    passed_over: Mapping[str, str] = field(default_factory=dict)


def look_in(job: Job) -> Looked:
    """The jobs of the copies in the scans of a job, with the ISBN on the cover where no book is stated."""
    try:
        parts, passed_over = find_parts(job.path)
        jobs = [replace(job, id=part.id, part=part) for part in parts] if parts is not None else [job]
        return Looked(tuple(map(_with_isbn, jobs)), passed_over)
    except Exception:  # its inspection meets the same fault and says it
        return Looked((job,))


def look_in_all(jobs: Sequence[Job], processes: int, progress: Progress) -> Looked:
    """As `look_in` for many, in processes of their own, as scans of strangers are decoded.

    Raises
    ------
    UsageError
        Two copies have the same id.
    """
    asked = [job for job in jobs if may_hold_sheets(job.path) or _lacks_isbn(job)]
    found = {job.id: Looked((job,)) for job in jobs}
    if asked:
        for done, ended in enumerate(Runner(_look, min(processes, len(asked))).run(asked), 1):
            found[ended.job.id] = ended.result or Looked((ended.job,))
            progress(done, len(asked))
    after = tuple(job for looked in found.values() for job in looked.jobs)
    refuse_same_id((job.id, job.path) for job in after)
    return Looked(after, {name: why for looked in found.values() for name, why in looked.passed_over.items()})


def _look(job: Job, _tick: Tick) -> Looked:
    return look_in(job)


def _with_isbn(job: Job) -> Job:
    if job.titles is None or not _lacks_isbn(job):
        return job
    return replace(job, isbn=read_isbn(job.path, job.titles, job.part))


def _lacks_isbn(job: Job) -> bool:
    open_to_it = job.titles is not None and job.reference is None and job.isbn is None
    return open_to_it and names_no_book(job.path, job.part)
