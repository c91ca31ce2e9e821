"""Work of a worker of `qc batch`: one copy, or the copies of one title; results are small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from socket import gethostname
from tempfile import TemporaryDirectory
from typing import Any

from qc.batch.job import Job, run_job
from qc.batch.runner import Tick
from qc.batch.together import hold_together
from qc.errors import OF_VERDICT, ScanError, failure
from qc.model import Inspection
from qc.report.record import error_record, record, to_json
from qc.report.summary_row import Row, not_inspected, row_of
from qc.scan.paths import real


@dataclass(frozen=True)
class Result:
    """What a worker gives of a copy; `inspection` is None where it could not be inspected.

    `files` are those of its result by their paths in its folder, where the worker has not written them itself.
    """

    row: Row
    inspection: Inspection | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def json(self) -> str:
        if self.inspection is not None:
            return to_json(record(self.inspection))
        return to_json(error_record(self.row.copy, self.row.exit, self.row.message))


@dataclass(frozen=True)
class Group:
    """Copies of one title; those `due` have not been held against the others yet."""

    jobs: tuple[Job, ...]
    due: frozenset[str]


def inspect_one(job: Job, tick: Tick) -> Result:
    """Inspect a copy inside a worker; an error becomes a row."""
    try:
        return _slim(job, run_job(job, progress=lambda _done, _all: tick()))
    except MemoryError:
        message = f"{job.id} needs more memory than a copy may take. Raise --memory-limit, or look at its scans."
        return Result(not_inspected(job.id, ScanError.exit_code, message))
    except Exception as error:
        return Result(not_inspected(job.id, *failure(error)))


def inspect_elsewhere(job: Job, tick: Tick) -> Result:
    """Inspect a copy on a machine that shares scans but no results: the files of the result go with it."""
    with TemporaryDirectory(prefix="qc-") as folder:
        there = replace(job, out=Path(folder))
        result = inspect_one(there, tick)
        files = {p.relative_to(there.folder).as_posix(): p.read_bytes() for p in there.folder.rglob("*") if p.is_file()}
    if result.row.exit == 70:
        result = replace(result, row=replace(result.row, message=f"{result.row.message} (On {gethostname()}.)"))
    return replace(result, files=files)


def hold_one(group: Group, tick: Tick) -> tuple[list[Result], str]:
    """Hold copies of one title against each other inside a worker: results that changed, and what is wrong."""
    try:
        changed, lost = hold_together(group.jobs, group.due, tick)
    except MemoryError:
        return [], "it takes more memory than a worker may have"
    except Exception as error:
        return [], failure(error)[1]
    said = f"what was seen of {', '.join(lost)} is not in --out; --redo inspects them again" if lost else ""
    return [_slim(job, changed[job.id]) for job in group.jobs if job.id in changed], said


def _slim(job: Job, inspection: Inspection) -> Result:
    # What is not part of the record has gone into the report; it would only burden the way to the parent.
    burden: dict[str, Any] = {f.name: {} for f in fields(inspection) if not f.compare}
    return result_of(replace(inspection, **burden), str(real(job.report)))


def result_of(inspection: Inspection, report: str) -> Result:
    """The result of an inspection whose report lies at `report`."""
    return Result(row_of(inspection, OF_VERDICT[inspection.verdict.outcome], report), inspection)
