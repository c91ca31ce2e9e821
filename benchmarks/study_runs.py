"""What studies over many drawn copies share: the command `qc` of any checkout, and work in processes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

RUN = """import os, sys
code, cores = sys.argv.pop(1), set(range(1))
os.cpu_count, os.sched_getaffinity = lambda: len(cores), lambda process: cores
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


class Inspected(NamedTuple):
    """The record of an inspection, or why there is none, and its seconds of processor time."""

    record: dict[str, Any] | None
    why: str
    cpu_s: float


def inspect_copy(code: Path, copy: Path, options: Sequence[str], cache: Path) -> Inspected:
    """`qc inspect --json` of a checkout, in a process with one thread; its reports are dropped."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as temporary:
        done = subprocess.run(
            [sys.executable, "-c", RUN, str(code), "inspect", str(copy), *options, "--out", "out", "--json"],
            capture_output=True,
            text=True,
            cwd=temporary,
            env=os.environ | threads | {"QC_CACHE": str(cache)},
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2)
    try:
        record = json.loads(done.stdout)
    except ValueError as fault:
        return Inspected(None, f"{fault}: {done.stderr[-800:]}", cpu_s)
    if record["schema"].startswith("qc.error"):
        return Inspected(None, f"{record['message']}: {done.stderr[-800:]}", cpu_s)
    return Inspected(record, "", cpu_s)
