"""How much faster is a night with two workers than with one, and where is the rest lost?

    python benchmarks/two_workers.py --copies 12 --pages 12 --repeats 3

The same drawn copies are batched by one worker and by two, in turns. Where other programs share the processors, wall times
say little, so the speed-up that two idle cores would give is computed from processor times as well:

    cpu(1) / (serial + (cpu(2) - serial) / 2)

with `cpu(n)` the seconds of the batch with n workers and all its processes, and `serial` those before the first worker has
begun and after the last has ended. What two workers take more than one (a second start, caches and memory they share) is in
cpu(2). For a long night `serial` and the start of the workers are taken off: they do not grow with the copies.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from qc.synthetic import Scanner, draw_copy, write_title
from qc.units import parse_trim

ISBN = "9780000000002"


@dataclass(frozen=True)
class Took:
    """Seconds: of a clock, of the parent's processor time in all and while no worker was at work, of all processes."""

    wall: float
    parent: float
    serial: float
    cpu: float


def draw_inbox(root: Path, copies: int, pages: int, dpi: float) -> None:
    title = write_title(
        root / "titles" / ISBN / "interior.pdf", ("text",) * pages, trim_mm=parse_trim("4.25 x 6.87 in")
    )
    first = root / "inbox" / "RMA-000"
    draw_copy(first, title, scanner=Scanner(dpi=dpi), seed=5000)
    (first / "copy.toml").write_text(f'isbn = "{ISBN}"\n')
    for n in range(1, copies):
        shutil.copytree(first, root / "inbox" / f"RMA-{n:03}")


def batch(root: Path, jobs: int) -> Took:
    command = [sys.executable, "-m", "qc", "batch", "inbox", "--titles", "titles", "--store", "qc.db"]
    command += ["--redo", "all", "--jobs", str(jobs)]
    before = os.times()
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watched = psutil.Process(process.pid)
    parent = idle = 0.0
    while process.poll() is None:
        try:
            times = watched.cpu_times()
            at_work = [p for p in watched.children() if "spawn_main" in " ".join(p.cmdline())]
        except psutil.Error:
            break
        now = times.user + times.system
        idle += 0.0 if at_work else now - parent
        parent = now
        time.sleep(0.05)
    process.wait()
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Took(time.monotonic() - began, parent, idle, cpu)


def median(runs: list[Took], name: str) -> float:
    return statistics.median(getattr(run, name) for run in runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=12)
    parser.add_argument("--pages", type=int, default=12)
    parser.add_argument("--dpi", type=float, default=150)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        os.environ["QC_CACHE"] = str(root / "cache")
        draw_inbox(root, options.copies, options.pages, options.dpi)
        batch(root, 1)
        runs: dict[int, list[Took]] = {1: [], 2: []}
        for _ in range(options.repeats):
            for jobs, done in runs.items():
                done.append(batch(root, jobs))
                print(jobs, done[-1], f"load {os.getloadavg()[0]:.1f}", flush=True)
    serial = median(runs[2], "serial")
    one, two = median(runs[1], "cpu"), median(runs[2], "cpu")
    start = statistics.median(start_of_a_worker() for _ in range(5))
    work_of_one, work_of_two = one - median(runs[1], "serial") - start, two - serial - 2 * start
    print(f"of the clock          {median(runs[1], 'wall') / median(runs[2], 'wall'):.2f} x")
    print(f"of two idle cores     {one / (serial + (two - serial) / 2):.2f} x")
    print(f"of them, a long night {2 * work_of_one / work_of_two:.2f} x")
    print(
        f"parent {serial:.2f} s before and after, {median(runs[2], 'parent') - serial:.2f} s beside the workers, whose"
    )
    print(f"start takes {start:.2f} s each and whose work {work_of_one:.2f} s for one and {work_of_two:.2f} s for two")


def start_of_a_worker() -> float:
    before = os.times()
    subprocess.run([sys.executable, "-c", "import qc.cli.batch"], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    main()
