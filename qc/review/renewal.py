"""Reports, index and summary follow the decisions of the review page, a moment behind it, so that nobody waits for them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from threading import Event, Lock, Thread

from qc.batch.overview import renew
from qc.batch.store import Store
from qc.errors import QcError

PAUSE_S = 2.0
"""After a decision: who decides of the next copy within it is not slowed down, and an index of 200 copies is written once."""


class Renewal:
    """Writes what was published of copies anew in a thread of its own, until it is ended.

    A decision is in the store before it is told of here: where the machine fails in between, the files say so with the next one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told: set[str] = set()
        self._lock, self._more, self._ended = Lock(), Event(), Event()
        self.faults: list[str] = []
        self._thread = Thread(target=self._run, name="qc review: reports and index", daemon=True)
        self._thread.start()

    def tell(self, copies: Iterable[str]) -> None:
        """Decisions on `copies` were made or taken back."""
        with self._lock:
            self._told.update(copies)
        self._more.set()

    def end(self) -> list[str]:
        """Finish what was told; what could not be written, in sentences."""
        self._ended.set()
        self._more.set()
        self._thread.join()
        return list(dict.fromkeys(self.faults))

    def _run(self) -> None:
        while not self._ended.is_set():
            self._more.wait()
            self._ended.wait(PAUSE_S)
            self._more.clear()
            self._renew()

    def _renew(self) -> None:
        with self._lock:
            told, self._told = self._told, set()
        if not told:
            return
        try:
            with Store(self._path) as store:
                self.faults += renew(store, sorted(told))
        except QcError as fault:
            self.faults.append(str(fault))
