"""Hash of all inputs of an inspection; copies with a known one are not inspected again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from qc.batch.job import Job
from qc.batch.known_files import KnownFiles, Memory
from qc.errors import ReferenceFault, UsageError
from qc.measure import MEASURES
from qc.model import BookCopy
from qc.reference.find import looked_up
from qc.scan.copy_folder import files_of
from qc.scan.paths import real
from qc.scan.profile_file import load_profile
from qc.scan.statements import Statements, statements_of


@dataclass(frozen=True)
class Dependencies:
    """What the inspection of a copy reads: its files, each reference with its files, the hash of the scanner profile."""

    scans: list[Path]
    references: list[tuple[Path, list[Path]]]
    profile: str | None


def depends_on(job: Job) -> Dependencies:
    """Files that the inspection of a copy reads, as far as they exist; nothing is decoded."""
    stated = _stated(job)
    copy = BookCopy(job.id, job.path, (), isbn=job.isbn or stated.isbn, claim=stated.claim, reference=stated.reference)
    references = [job.reference] if job.reference is not None else list(looked_up(copy, job.titles))
    return Dependencies(
        files_of(job.path) if job.part is None else list(dict.fromkeys(scan.path for scan in job.part.scans)),
        [(path, _inside(path)) for path in references],
        _profile(job.scanner or stated.scan.scanner),
    )


def fingerprint(job: Job, memory: Memory) -> str:
    """Hash of everything that decides what the inspection of a copy gives.

    These are the content of its scans and of copy.toml, its row of returns.csv and its ISBN on the command line or read off
    its cover, of what lies under the name of its reference and of the scanner
    profile, the policy, the stated resolution, and the versions of all measures. Names of files count, too, because
    they order the pages. Nothing is decoded.

    Parameters
    ----------
    job : Job
    memory : Memory
        A file whose size and time of change are known there is not read again.
    """
    on = depends_on(job)
    files = KnownFiles(memory)
    content = {
        "scans": files.hashes(on.scans),
        "reference": [files.hashes(paths) for _, paths in on.references],
        "profile": on.profile,
        "policy": job.policy.sha256,
        "dpi": job.dpi,
        "measures": {m.id: m.version for m in MEASURES.values()},
    }
    if (row := _stated(job).row) is not None:
        content["row"] = row.cells
    if job.isbn is not None:
        content["isbn"] = job.isbn
    if job.part is not None:
        content["frames"] = [(scan.name, scan.frame) for scan in job.part.scans]
    files.keep()
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _stated(job: Job) -> Statements:
    try:
        return statements_of(job.path, job.usual_scanner, job.part)
    except UsageError:
        return Statements(job.id)


def _inside(reference: Path) -> list[Path]:
    if not reference.is_dir():
        return [real(reference)]
    return sorted(real(p) for p in reference.iterdir() if p.is_file() and not p.name.startswith("."))


def _profile(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        return load_profile(name).sha256
    except ReferenceFault:
        return "not usable"
