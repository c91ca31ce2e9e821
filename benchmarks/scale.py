"""What one copy costs, so that a week of many can be planned (docs/scale.md).

    python benchmarks/scale.py samples/returns/RMA-10481 --titles samples/titles

The copy is inspected twice, the second time with its reference in the cache. Printed are processor seconds of the inspection,
of the start of a worker and of what only the process that asks can do (look for changes, write, store), and the bytes that
are read, sent by a machine of a cluster, written as a report and kept in the store. With ``--cluster ADDRESS`` of a scheduler
with workers, what it takes to hand a copy to it and back, by copies that are not there.
"""

from __future__ import annotations

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from qc.batch.cluster import Cluster
from qc.batch.environment import differing, outlook
from qc.batch.fingerprint import fingerprint
from qc.batch.job import Job
from qc.batch.store import Store
from qc.batch.work import inspect_elsewhere
from qc.judge.policy import load_policy
from qc.report.files import write_bytes

COPIES = 20


@contextmanager
def timed(what: str, times: int = 1) -> Iterator[None]:
    """Print the processor seconds of this process that one of so many times takes."""
    began = time.process_time()
    yield
    print(f"{(time.process_time() - began) / times:9.4f} s  {what}", flush=True)


def start_of_a_worker() -> float:
    before = os.times()
    subprocess.run([sys.executable, "-c", "import qc.cli.batch"], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def cost(root: Path, copy: Path, titles: Path) -> None:
    policy = load_policy()
    job = Job(copy, "RMA-1", root / "out", policy, titles=titles)
    print(f"{start_of_a_worker():9.4f} s  start of a worker")
    for which in ("first copy of a title", "second copy"):
        with timed(which):
            result = inspect_elsewhere(job, lambda: None)
    assert result.inspection is not None, result.row.message
    with Store(root / "qc.db", create=True) as store:
        with timed("fingerprint, scans read"):
            key = fingerprint(job, store)
        run = store.begin_run("batch")
        with timed("into the store", COPIES):
            for n in range(COPIES):
                named = replace(result.inspection, copy=replace(result.inspection.copy, id=f"RMA-{n}"))
                store.add(named, policy, run, key=key)
        with timed("report and JSON written", COPIES):
            for n in range(COPIES):
                for name, content in result.files.items():
                    write_bytes(content, root / "out" / str(n) / name)
    size = (root / "qc.db").stat().st_size
    print(f"{sum(p.stat().st_size for p in copy.iterdir()):11,} bytes of scans, {len(result.inspection.pages)} pages")
    print(f"{len(pickle.dumps(result)):11,} bytes sent by a machine of a cluster")
    for name, content in sorted(result.files.items()):
        print(f"{len(content):11,} bytes of {name}")
    print(f"{size // COPIES:11,} bytes in the store, {len(result.inspection.observations)} rows of observations")


def cost_of_a_cluster(address: str, copy: Path) -> None:
    missing = copy / "no such folder"
    jobs = [Job(missing, f"RMA-{n}", Path("out"), load_policy()) for n in range(10 * COPIES)]
    cluster = Cluster(inspect_elsewhere, address, outlook, differing)
    begun = time.monotonic()
    with timed("to a cluster and back, of the process that asks", len(jobs)):
        ended = list(cluster.run(jobs))
    assert not any(e.lost for e in ended)
    print(f"{(time.monotonic() - begun) / len(jobs):9.4f} s  by the clock, load {os.getloadavg()[0]:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("copy", type=Path)
    parser.add_argument("--titles", type=Path, required=True)
    parser.add_argument("--cluster", metavar="ADDRESS")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["QC_CACHE"] = str(Path(folder) / "cache")
        cost(Path(folder), options.copy, options.titles)
        if options.cluster is not None:
            cost_of_a_cluster(options.cluster, options.copy)


if __name__ == "__main__":
    main()
