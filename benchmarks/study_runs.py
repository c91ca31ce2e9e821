"""What studies over many drawn copies share: the command `qc` of any checkout, and work in processes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

RUN = """import os, sys
os.cpu_count, os.sched_getaffinity, code = lambda: 1, lambda pid: {0}, sys.argv.pop(1)
sys.path.insert(0, code)
import qc.cli
assert qc.cli.__file__.startswith(code), qc.cli.__file__
qc.cli.entry()"""
"""The command `qc` of the checkout named first, with one thread."""


def run(work: Callable[..., Any], items: Sequence[tuple[Any, ...]], jobs: int, done: Callable[[Any], None]) -> None:
    """Do the work in processes; one that fails is told and does not stop the others."""
    with ProcessPoolExecutor(jobs) as pool:
        futures = {pool.submit(work, *item): item for item in items}
        for future in as_completed(futures):
            try:
                done(future.result())
            except Exception as fault:
                print(f"{futures[future][:3]} failed: {fault!r}", file=sys.stderr)
