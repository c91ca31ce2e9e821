"""What scans say before they are inspected: separator sheets part them into copies, a barcode names a book nobody stated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from qc.batch.job import Job, refuse_same_id
from qc.batch.runner import Runner, Tick
from qc.inputs import find_parts, may_hold_sheets, names_no_book, read_isbn
from qc.pipeline import Progress


@dataclass(frozen=True)
class Looked:
    """Jobs after a look at their scans; scans that belong to none, each with the reason; ISBNs that were read, by id."""

    jobs: tuple[Job, ...]
    passed_over: Mapping[str, str] = field(default_factory=dict)
    isbns: Mapping[str, str] = field(default_factory=dict)


def look_in(job: Job) -> Looked:
    """The jobs of the copies in the scans of a job, with the ISBN on the cover where no book is stated."""
    try:
        parts, passed_over = find_parts(job.path)
        jobs = [replace(job, id=part.id, part=part) for part in parts] if parts is not None else [job]
        found = tuple(map(_with_isbn, jobs))
        return Looked(found, passed_over, {j.id: j.isbn for j in found if j.isbn is not None and job.isbn is None})
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
    return together(found.values())


def together(looked: Iterable[Looked]) -> Looked:
    """What several looks found; raises a UsageError where two copies have the same id."""
    found = list(looked)
    jobs = tuple(job for one in found for job in one.jobs)
    refuse_same_id((job.id, job.path) for job in jobs)
    passed_over = {name: why for one in found for name, why in one.passed_over.items()}
    return Looked(jobs, passed_over, {name: isbn for one in found for name, isbn in one.isbns.items()})


def _look(job: Job, _tick: Tick) -> Looked:
    return look_in(job)


def _with_isbn(job: Job) -> Job:
    if job.titles is None or not _lacks_isbn(job):
        return job
    return replace(job, isbn=read_isbn(job.path, job.titles, job.part))


def _lacks_isbn(job: Job) -> bool:
    open_to_it = job.titles is not None and job.reference is None and job.isbn is None
    return open_to_it and names_no_book(job.path, job.part)
