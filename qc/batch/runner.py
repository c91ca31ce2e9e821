"""Jobs in worker processes; one that dies or hangs loses only its own job."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

from qc.scan.allocator import limit_memory

J = TypeVar("J")
R = TypeVar("R")
Tick = Callable[[], None]
Work = Callable[[J, Tick], R]

STALL_S = 600.0
"""A job that has not called `tick` for this long is taken for hung."""
LIMIT_S = 7200.0
"""A job may take this long in all: a book of 800 pages at 600 dpi on a busy core takes less."""
MEMORY_BYTES = 4 * 2**30
"""A worker may hold this much data; what asks for more fails by itself and leaves the machine to the others."""
PAUSE_S = 1.0
"""So long after there was no job to begin it is asked again for one."""
START_S = 120.0
"""A new worker may take this long to import what it needs, however short the patience with its jobs."""
JOBS_PER_WORKER = 50
"""A worker is replaced after so many jobs, so that what libraries leak does not add up over a night."""


@dataclass(frozen=True)
class Ended(Generic[J, R]):
    """A job that came to an end: its `result`, or None and `lost`, why its worker gave none."""

    job: J
    result: R | None
    lost: str
    seconds: float


class Waiting(Generic[J]):
    """Jobs that have not begun, each with the number of its try; a None among `jobs` says that no other is ready yet."""

    def __init__(self, jobs: Iterable[J | None]) -> None:
        self._jobs = iter(jobs)
        self._again: deque[tuple[J, int]] = deque()
        self._asked = float("-inf")
        self.over = False

    def try_again(self, job: J) -> None:
        self._again.append((job, 2))

    def take(self) -> tuple[J, int] | None:
        """The next one, if there is one now; `over` when there will be none."""
        if not self.over and time.monotonic() >= self._asked + PAUSE_S:
            for job in self._jobs:
                if job is not None:
                    return job, 1
                self._asked = time.monotonic()
                break
            else:
                self.over = True
        return self._again.popleft() if self._again else None


@dataclass(frozen=True)
class _Limits:
    stall_s: float
    limit_s: float
    memory_bytes: int
    idle_s: float | None


class Runner(Generic[J, R]):
    """Runs `work` on jobs, each in one of several worker processes.

    Parameters
    ----------
    work : callable
        Function of an importable module that takes a job and a function `tick`, to be called now and then as a sign of
        life. It returns what can be pickled and does not raise.
    processes : int
    stall_s : float, seconds
        Without a sign of life for so long, the worker is killed.
    limit_s : float, seconds
        After so long it is killed whatever signs it gives.
    memory_bytes : int
        Data that a worker may hold; asking for more raises `MemoryError` in it.
    idle_s : float, seconds, optional
        Keep workers for the next `run`; they end by themselves when nothing comes for so long. If left out they end with
        the `run` that they began in.

    Notes
    -----
    A job whose worker died is tried once more, because the system may have killed it for the memory its neighbors
    used; a job that hung or took too long is not. Memory is bounded where the system counts private data (Linux).
    Where there is nothing like it (Windows), a job that takes all of it is ended with its worker by the system.
    """

    def __init__(
        self,
        work: Work[J, R],
        processes: int,
        stall_s: float = STALL_S,
        limit_s: float = LIMIT_S,
        memory_bytes: int = MEMORY_BYTES,
        idle_s: float | None = None,
    ) -> None:
        self._work = work
        self._processes = processes
        self._limits = _Limits(stall_s, limit_s, memory_bytes, idle_s)
        self._workers: list[_Worker[J, R]] = []
        self.stopping = False

    def stop(self) -> None:
        """Begin no further job; those under way are finished."""
        self.stopping = True

    def run(self, jobs: Iterable[J | None]) -> Iterator[Ended[J, R]]:
        """Jobs as they end, in no order. Closing the iterator kills what is under way.

        A None among the jobs says that no other is ready yet: the next one is asked for again soon, and often.
        """
        waiting = Waiting(jobs)
        workers = self._workers
        try:
            while True:
                while not self.stopping and len(busy := [w for w in workers if w.busy]) < self._processes:
                    if (next_one := waiting.take()) is None:
                        break
                    worker = next((w for w in workers if w not in busy and w.alive), None)
                    if worker is None:
                        worker = _Worker(self._work, self._limits)
                        workers.append(worker)
                    worker.begin(*next_one)
                if not any(w.busy for w in workers):
                    if waiting.over or self.stopping:
                        return
                    time.sleep(PAUSE_S)
                    continue
                for worker in self._eventful(workers, float("inf") if waiting.over or self.stopping else PAUSE_S):
                    ended = worker.ended()
                    if worker.spent:
                        worker.kill()
                        workers.remove(worker)
                    if ended is None:
                        continue
                    job, tries, result, lost = ended
                    if lost and tries == 1 and not worker.hung and not self.stopping:
                        waiting.try_again(job)
                        continue
                    yield Ended(job, result, lost, worker.seconds)
        finally:
            for worker in workers:
                if worker.busy or self._limits.idle_s is None:
                    worker.kill()
            self._workers = [w for w in workers if w.alive]

    def _eventful(self, workers: Sequence[_Worker[J, R]], most_s: float) -> list[_Worker[J, R]]:
        """Busy workers that have sent something, died, or been silent for too long; none, where that takes `most_s`."""
        busy = {w.connection: w for w in workers if w.busy}
        ready = wait(list(busy), max(0.0, min(most_s, min(w.deadline for w in busy.values()) - time.monotonic())))
        now = time.monotonic()
        return [w for connection, w in busy.items() if connection in ready or w.deadline <= now]


class _Worker(Generic[J, R]):
    """One process and the job it works on."""

    def __init__(self, work: Work[J, R], limits: _Limits) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=_serve, args=(work, theirs, limits.memory_bytes, limits.idle_s), daemon=True
        )
        self._process.start()
        theirs.close()
        self._job: tuple[J, int] | None = None
        self._left = JOBS_PER_WORKER
        self._limits = limits
        self._started = False
        self.hung = self.dead = False
        self.seconds = self._began = self._heard = 0.0

    @property
    def busy(self) -> bool:
        return self._job is not None

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def spent(self) -> bool:
        return self.dead or (self._left <= 0 and not self.busy)

    @property
    def deadline(self) -> float:
        """Time after which it counts as hung, on the clock of `time.monotonic`."""
        stall_s = self._limits.stall_s if self._started else max(self._limits.stall_s, START_S)
        return min(self._heard + stall_s, self._over)

    @property
    def _over(self) -> float:
        """When its job has had all its time."""
        return self._began + self._limits.limit_s + (0.0 if self._started else START_S)

    def begin(self, job: J, tries: int) -> None:
        self._job, self._left = (job, tries), self._left - 1
        self._began = self._heard = time.monotonic()
        with suppress(OSError):  # it died between two jobs; `ended` finds that out
            self.connection.send(job)

    def ended(self) -> tuple[J, int, R | None, str] | None:
        """Job, number of its try, result and reason of loss, if it has come to an end."""
        assert self._job is not None
        result: R | None = None
        lost = ""
        try:
            if time.monotonic() >= self._over:
                self.hung = self.dead = True
                lost = f"took longer than {self._limits.limit_s:g} s and was stopped"
            elif self.connection.poll():
                message = self.connection.recv()
                self._heard = time.monotonic()
                if not self._started:
                    self._started, self._began = True, self._heard  # its start is not the time of its job
                if message is None:
                    return None
                (result,) = message
            else:
                self.hung = self.dead = True
                lost = f"gave no sign of life for {self._limits.stall_s:g} s and was stopped"
        except (EOFError, OSError):
            self.dead = True
            self._process.join()
            code = self._process.exitcode
            lost = f"ended its worker process (exit {code}), tried {_TIMES[self._job[1]]}"
            if code == _NO_MEMORY:
                lost = "needs more memory than a copy may take"
        job, tries = self._job
        self._job, self.seconds = None, time.monotonic() - self._began
        return job, tries, result, lost

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self.connection.close()


_TIMES = {1: "once", 2: "twice"}
_NO_MEMORY = 71
"""Exit code of a worker that has too little memory even to take a job."""


def _serve(work: Work[J, R], connection: Connection, memory_bytes: int, idle_s: float | None) -> None:
    """Body of a worker process, until the other end is closed or no job comes.

    Jobs come in; None goes out as a sign of life, and results in a tuple.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_memory(memory_bytes)

    def tick() -> None:
        try:
            connection.send(None)
        except OSError:
            # Whoever would take the result is gone. An error here would be reported as a fault of the job.
            os._exit(0)

    tick()
    while connection.poll(idle_s):
        try:
            job = connection.recv()
            connection.send((work(job, tick),))
        except (EOFError, OSError):
            return
        except MemoryError:
            os._exit(_NO_MEMORY)
