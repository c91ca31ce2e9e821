"""Which copies of a batch are held against each other, and which were."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

from qc.batch.job import Job, titles_of
from qc.reference import cache

MOST_TOGETHER = 8
"""Copies of one title held against each other at a time: enough to know the odd one, few enough for memory and for a
report; more would cost with their square."""


def groups_of(jobs: Sequence[Job]) -> list[list[Job]]:
    """Two to `MOST_TOGETHER` copies of one title each, as even as can be, in the order of the jobs."""
    groups = []
    for title in titles_of(jobs):
        parts = -(-len(title) // MOST_TOGETHER)
        ends = [round(len(title) * n / parts) for n in range(parts + 1)]
        groups += [title[a:b] for a, b in pairwise(ends)]
    return groups


def was_held(key: str) -> bool:
    """Whether the copy of this fingerprint was held against others of its title, as far as the cache remembers."""
    return cache.load(_path(key)) is not None


def mark_held(key: str) -> None:
    """Remember that it was."""
    cache.store(_path(key), b"held")


def _path(key: str) -> str:
    return f"held/{hashlib.sha256(repr((cache.program(), key)).encode()).hexdigest()}"
