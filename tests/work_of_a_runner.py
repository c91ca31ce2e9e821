"""What the workers of test_batch do, in a module that imports in no time."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from qc.batch.runner import Tick


def work(job: str, tick: Tick) -> str:
    """Done in a worker: what the job says."""
    kind, _, rest = job.partition(":")
    match kind:
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "die-once":
            mark = Path(rest)
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(600)
        case "slow":
            for _ in range(5):
                time.sleep(0.3)
                tick()
        case "busy":
            while True:
                time.sleep(0.1)
                tick()
        case "eat":
            try:
                return f"has {len(bytearray(3 * 2**30))}"
            except MemoryError:
                return "refused"
        case "mark":
            with Path(rest).open("a") as file:
                file.write(f"{os.getppid()}\n")
            time.sleep(0.5)
            return "marked"
        case "pid":
            return str(os.getpid())
    return f"did {job}"


class SlowToStart:
    """The same work, in a worker that takes its time to begin."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __setstate__(self, state: dict[str, float]) -> None:
        time.sleep(state["_seconds"])

    def __call__(self, job: str, tick: Tick) -> str:
        return work(job, tick)
