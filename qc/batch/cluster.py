"""Jobs over the workers of a Dask cluster, each in a process of its own there, with the interface of `qc.batch.runner.Runner`."""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from qc import __version__
from qc.batch.runner import LIMIT_S, MEMORY_BYTES, STALL_S, Ended, Runner, Tick, Waiting, Work
from qc.errors import ClusterFault, MissingProgram, UsageError

J = TypeVar("J")
R = TypeVar("R")
Outlook = Mapping[str, str]

CONNECT_S = 10.0
"""A scheduler that does not answer for so long is taken for absent."""
WORKERLESS_S = 60.0
"""A scheduler may be without workers for so long, while they start or start again."""
IDLE_S = 60.0
"""A process on a worker waits so long for the next job."""
_LOOK_S = 1.0
"""How often workers are counted: those that come while a night runs get jobs, too."""
INSTALL = 'pip install "print-return-qc[cluster]"'


@dataclass(frozen=True)
class _Refused:
    """Why a worker did not begin a job: it would give another result."""

    why: str


class Cluster(Generic[J, R]):
    """Runs `work` on jobs, as many at the same time as the workers of a scheduler have threads.

    Parameters
    ----------
    work : callable
        As of `Runner`. The module it is in must be installed on the workers.
    address : str
        Of the scheduler, such as ``tcp://10.0.0.5:8786``.
    outlook : callable
        What decides the result of a job, in words by name, as the machine sees it that calls this. It is called here
        and, in the working folder of this process, on the worker.
    differing : callable
        What an outlook here and another there differ in and what to do, empty if nothing.
    processes : int, optional
        Jobs at the same time, at most.
    stall_s, limit_s, memory_bytes
        As of `Runner`, and enforced in the same way: a worker of Dask starts a process for each job.

    Raises
    ------
    MissingProgram
        Dask is not installed.
    UsageError
        There is no scheduler at `address`, or it has no workers.

    Notes
    -----
    No more is handed over than is worked on, so a worker that dies takes no waiting job with it; its own are tried again
    on others, as often as the scheduler allows (``distributed.scheduler.allowed-failures``). Results come to this
    process, and only they count: a job that was tried twice, or goes on after its night was killed, changes nothing.
    """

    def __init__(
        self,
        work: Work[J, R],
        address: str,
        outlook: Callable[[J], Outlook],
        differing: Callable[[Outlook, Outlook], str],
        processes: int | None = None,
        stall_s: float = STALL_S,
        limit_s: float = LIMIT_S,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self._address = address
        self._outlook = outlook
        self._processes = processes
        self.stopping = False
        self._checked: set[str] = set()
        self._task = partial(_on_worker, partial(_if_alike, work, outlook, differing), (stall_s, limit_s, memory_bytes))
        self._distributed = _distributed()
        with self._connected():
            pass

    def stop(self) -> None:
        """Begin no further job; those under way are finished."""
        self.stopping = True

    def run(self, jobs: Iterable[J | None]) -> Iterator[Ended[J, R]]:
        """Jobs as they end, in no order; None among them as of `Runner.run`.

        After closing the iterator, what is under way ends without a result.

        Raises
        ------
        UsageError
            A worker would give another result, because it has other versions or does not see the same files.
        ClusterFault
            The scheduler, or the last worker, is gone.
        """
        waiting = Waiting(jobs)
        ended: SimpleQueue[Any] = SimpleQueue()
        running: dict[Any, J] = {}
        folder = str(Path.cwd())
        with self._connected() as client:
            try:
                seen = time.monotonic()
                while running or not (waiting.over or self.stopping):
                    threads = self._threads(client)
                    if threads:
                        seen = time.monotonic()
                    elif time.monotonic() > seen + WORKERLESS_S:
                        raise ClusterFault(f"The scheduler at {self._address} has lost its last worker.")
                    while not self.stopping and len(running) < threads and (next_one := waiting.take()):
                        job, _ = next_one
                        future = client.submit(self._task, (job, self._outlook(job), folder), pure=False)
                        running[future] = job
                        future.add_done_callback(ended.put)
                    with suppress(Empty):
                        future = ended.get(timeout=_LOOK_S)
                        yield self._ended(running.pop(future), future)
            finally:
                client.cancel(list(running), force=True)

    def _ended(self, job: J, future: Any) -> Ended[J, R]:
        if future.status == "cancelled":
            raise ClusterFault(f"The scheduler at {self._address} is gone.")
        if future.status == "error":
            error = future.exception()
            if isinstance(error, self._distributed.KilledWorker):
                return Ended(job, None, "ended each worker of the cluster that tried it, one after the other", 0.0)
            raise UsageError(
                f"A worker at {self._address} cannot run qc ({type(error).__name__}: {error}). Install the same qc there."
            )
        done: Ended[Any, R | _Refused] = future.result()
        if isinstance(done.result, _Refused):
            raise UsageError(done.result.why)
        return Ended(job, done.result, done.lost, done.seconds)

    def _threads(self, client: Any) -> int:
        """Jobs that can be worked on at the same time."""
        try:
            threads: dict[str, int] = client.nthreads()
            self._check(client, [worker for worker in threads if worker not in self._checked])
        except (OSError, TimeoutError) as fault:
            raise ClusterFault(f"The scheduler at {self._address} is gone.") from fault
        return min(sum(threads.values()), self._processes or sys.maxsize)

    def _check(self, client: Any, workers: list[str]) -> None:
        """Refuse workers that cannot even read what they should do: Dask would end them with it, one by one."""
        answers = client.run(resolve_name, "qc:__version__", workers=workers, on_error="return") if workers else {}
        for worker, answer in answers.items():
            if isinstance(answer, OSError):  # it has gone again
                continue
            if answer != __version__:
                found = f"cannot run qc ({answer})" if isinstance(answer, Exception) else f"has qc {answer}"
                raise UsageError(f"The worker at {worker} {found}. Install qc {__version__} there, as here.")
            self._checked.add(worker)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        try:
            client = self._distributed.Client(self._address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as fault:
            raise UsageError(
                f"No scheduler answers at {self._address}. Start one with `dask scheduler`, or check the address."
            ) from fault
        try:
            try:
                client.wait_for_workers(1, timeout=CONNECT_S)
            except TimeoutError as fault:
                raise UsageError(
                    f"The scheduler at {self._address} has no workers. Start `dask worker {self._address}` on each machine."
                ) from fault
            yield client
        finally:
            with suppress(OSError, TimeoutError):
                client.close(timeout=CONNECT_S)


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as missing:
        raise MissingProgram(f"--cluster needs Dask, which is not installed: {INSTALL}") from missing
    # What it has to say of a scheduler that goes away is a traceback; here it is a sentence.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    # Other versions than here are told of by `outlook` where they matter.
    warnings.filterwarnings("ignore", category=distributed.versions.VersionMismatchWarning)
    return distributed


def _on_worker(
    work: Work[Any, Any], limits: tuple[float, float, int], job: tuple[Any, Outlook, str]
) -> Ended[Any, Any]:
    """Run one job in a process of its own, on a worker of Dask."""
    # A worker of Dask may not have children, lest they outlive it. Those of a runner end by themselves without it.
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    # Equal but not the same: what is called and with what limits comes anew with every job.
    key = pickle.dumps((work, limits))
    if getattr(_KEPT, "key", None) != key:
        _KEPT.key, _KEPT.runner = key, Runner(work, 1, *limits, idle_s=IDLE_S)
    (ended,) = _KEPT.runner.run([job])
    return Ended(None, ended.result, ended.lost, ended.seconds)


_KEPT = threading.local()
"""The runner of each thread of a worker, which keeps its process for the next job: to start one takes as long as some
pages."""


def _if_alike(
    work: Work[J, R],
    outlook: Callable[[J], Outlook],
    differing: Callable[[Outlook, Outlook], str],
    job: tuple[J, Outlook, str],
    tick: Tick,
) -> R | _Refused:
    """Do the job as the process would that asks for it, if nothing here differs."""
    what, there, folder = job
    with suppress(OSError):  # where it is not there, paths that begin in it are not either, and `differing` says so
        os.chdir(folder)
    if why := differing(there, outlook(what)):
        return _Refused(f"The worker on {socket.gethostname()} {why}")
    return work(what, tick)
