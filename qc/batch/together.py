"""Copies of one title held against each other, from what lies in their result folders."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import cv2

from qc.batch.job import Job, write_results
from qc.batch.sidecar import read_sidecar
from qc.compare.consensus import with_consensus
from qc.compare.same_title import CopyColors, with_copy_colors
from qc.errors import UsageError
from qc.measure import MEASURES
from qc.measure.copy_cover_outlier import copy_cover_outlier
from qc.model import Inspection
from qc.reference.cover import CoverReference
from qc.reference.find import Reference, find_cover, find_reference
from qc.scan.copy_toml import read_copy_toml

MOST_TOGETHER = 8
"""Copies of one title held against each other at a time: enough to know the odd one, few enough for memory and for a
report; more would cost with their square."""


def of_one_title(jobs: Sequence[Job]) -> frozenset[str]:
    """Ids of the jobs whose reference another job has, too, as far as that is known without inspecting them."""
    return frozenset(job.id for title in _titles(jobs) for job in title)


def groups_of(jobs: Sequence[Job]) -> list[list[Job]]:
    """Two to `MOST_TOGETHER` copies of one title each, as even as can be, in the order of the jobs."""
    groups = []
    for title in _titles(jobs):
        parts = -(-len(title) // MOST_TOGETHER)
        ends = [round(len(title) * n / parts) for n in range(parts + 1)]
        groups += [title[a:b] for a, b in pairwise(ends)]
    return groups


def _titles(jobs: Sequence[Job]) -> list[list[Job]]:
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


def hold_together(
    jobs: Sequence[Job], only: Collection[str] | None = None, step: Callable[[], None] = lambda: None
) -> tuple[dict[str, Inspection], list[str]]:
    """Hold inspected copies of one title against each other, and write those results anew.

    Copies that had no reference are compared by where their print lies, those that had one by their color; from what lies in
    their result folders, without their scans.

    Parameters
    ----------
    jobs : sequence of Job
    only : collection of str, optional
        Ids of those whose results are written; the others stand beside them.
    step : callable, optional
        Called after each page.

    Returns
    -------
    changed : dict of str to Inspection
        By id.
    lost : list of str
        Ids of copies whose inspection does not lie in their folder.
    """
    cv2.setNumThreads(1)
    found = {job.id: (job, stored) for job in jobs if (stored := _stored(job)) is not None}
    lost = [job.id for job in jobs if job.id not in found]
    if not found:
        return {}, lost
    policy = jobs[0].policy
    before = {i: inspection for i, (_, (inspection, _)) in found.items()}
    after = dict(zip(before, with_consensus(list(before.values()), policy), strict=True))
    for group in _same_reference(after):
        parts = [(after[i], found[i][1][1]) for i in group]
        if all(colors.trim_known for _, colors in parts):
            after |= zip(group, with_copy_colors(parts, policy, step), strict=True)
    changed = {i: now for i, now in after.items() if now is not before[i] and (only is None or i in only)}
    ordered: dict[tuple[str | None, ...], tuple[Reference | None, CoverReference | None]] = {}
    for i, now in changed.items():
        job, (_, colors) = found[i]
        title = now.reference.sha256, now.copy.isbn, now.copy.reference.file
        if title not in ordered:
            reference, _ = find_reference(now.copy, job.reference, job.titles)
            cover, _ = find_cover(now.copy, job.reference, job.titles, reference)
            ordered[title] = reference, cover
        reference, cover = ordered[title]
        write_results(now, colors, reference, job, cover=cover, beside=_as_the_most(now, after.values()))
    return changed, lost


def _as_the_most(odd: Inspection, inspections: Iterable[Inspection]) -> Inspection | None:
    """A copy of the same title whose cover is as that of the most."""
    for other in inspections:
        alike = any(o.measure == copy_cover_outlier.id and o.value == 0 for o in other.observations)
        if alike and other is not odd and other.copy.isbn == odd.copy.isbn:
            return other
    return None


def _stored(job: Job) -> tuple[Inspection, CopyColors] | None:
    stored = read_sidecar(job.folder)
    return stored if stored is not None and stored[0].policy == job.policy.identity else None


def _same_reference(inspections: Mapping[str, Inspection]) -> list[list[str]]:
    """Ids of two or more copies that had the same reference."""
    groups: dict[str, list[str]] = {}
    for copy, i in inspections.items():
        if i.reference.kind in ("pdf", "copy") and i.reference.sha256:
            groups.setdefault(i.reference.sha256, []).append(copy)
    return [group for group in groups.values() if len(group) > 1]


def was_held(inspection: Inspection) -> bool:
    """Whether an inspection was held against others of its title."""
    return any(m.scope == "copies" for o in inspection.observations if (m := MEASURES.get(o.measure)) is not None)
