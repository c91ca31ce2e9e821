"""Which copies of a folder that others write to are complete, from what is seen of them again and again."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qc.batch.fingerprint import depends_on
from qc.batch.job import Job
from qc.scan.unfinished import ends_early, is_temporary

QUIET_S = 60.0
"""A flatbed at 600 dpi takes 20 to 40 s a page, and the next one is laid on it: a copy that is still scanned is not quiet for so
long."""
PATIENCE = 10
"""A copy with a file that ends early waits so many times longer. A transfer that is still alive shows within that; one that broke
off leaves a page that is asked for again, as in a batch."""
RELOOK_S = 30.0
"""What was taken is looked at this often: who looks at thousands of copies all the time has no time for the new ones."""
_BESIDE = "returns.csv"


@dataclass(frozen=True)
class _View:
    """All that an inspection of a copy reads, and what else lies beside its scans, by names, sizes and times of change."""

    job: Job
    files: tuple[tuple[str, int, int], ...]
    profile: str | None


@dataclass
class _Copy:
    """A copy in the form in which it was last seen, since when, when it was looked at, what it lacks, and whether it was taken."""

    view: _View | None
    since: float
    looked: float
    lacks: str | None = None
    taken: bool = False


class HotFolder:
    """Tells which copies of a folder are complete.

    A copy is taken when nothing of it changes for a time and none of its files ends early, or when a file of a certain
    name stands in it. Only what was seen of it before counts, never a clock: that of a server may be wrong by hours.

    Parameters
    ----------
    quiet_s : float, seconds
        So long nothing of a copy must have changed.
    marker : str, optional
        Name of a file whose presence in its folder says that a copy is complete, however its files end.
    say : callable
        Given a sentence for a person, once in each state of a copy.
    clock : callable, optional
        Seconds that only go forward.

    Notes
    -----
    `changed` is when a copy was last seen to change, on that clock.
    """

    def __init__(
        self,
        quiet_s: float,
        marker: str | None,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quiet_s, self._marker, self._say, self._clock = quiet_s, marker, say, clock
        self.changed = clock()
        self._copies: dict[Path, _Copy] = {}
        self._under_way: dict[Path, _View] = {}
        self._twice: set[str] = set()

    @property
    def at_rest(self) -> bool:
        """Whether nothing has changed for the time that makes a copy quiet, and none is under way."""
        return not self._under_way and self._clock() - self.changed >= self._quiet_s

    def complete(self, jobs: Sequence[Job]) -> Iterator[Job]:
        """The jobs whose copies are complete, each once in each form of its copy; what is given is under way until `leave`.

        Copies of which another has the same id are told of and left alone.
        """
        twice = {name for name, times in Counter(job.id for job in jobs).items() if times > 1}
        for name in sorted(twice - self._twice):
            self._say(
                f'{name} is the id of more than one copy; none of them is inspected. Rename one, or give it another copy = "..." '
                "in its copy.toml."
            )
        self._twice = twice
        settled = [job for job in jobs if job.id not in twice and self._is_complete(job)]
        for job in settled:
            # the one before may have taken a while
            if self._is_complete(job):
                copy = self._copies[job.path]
                assert copy.view is not None
                copy.taken = True
                self._under_way[job.path] = copy.view
                yield job

    def stays(self, job: Job) -> bool:
        """Whether nothing that the inspection of a copy read has changed since it was taken; else it waits to be taken again.

        It is under way until `leave`: its scans may be those of several copies.
        """
        before = self._under_way[job.path]
        self._look(before.job)
        return before == self._copies[job.path].view

    def leave(self, job: Job) -> None:
        """What was taken is dealt with; it is given again when it changes."""
        del self._under_way[job.path]

    def _look(self, job: Job) -> bool:
        """Look at a copy; whether it is as it was at the last look."""
        view, copy = _view(job), self._copies.get(job.path)
        if copy is not None and copy.view == view:
            copy.looked = self._clock()
            return True
        self.changed = self._clock()
        self._copies[job.path] = _Copy(view, self.changed, self.changed)
        return False

    def _is_complete(self, job: Job) -> bool:
        known = self._copies.get(job.path)
        if known and known.taken and self._clock() - known.looked < min(RELOOK_S, self._quiet_s):
            return False
        if not self._look(job):
            return False
        copy = self._copies[job.path]
        if copy.taken or copy.view is None or job.path in self._under_way:
            return False
        if self._marker and (job.path / self._marker).exists():
            return True
        quiet_s = self._clock() - copy.since
        if quiet_s < self._quiet_s:
            return False
        if copy.lacks is None:
            copy.lacks = _lacks(copy.view)
            if copy.lacks:
                at_most = PATIENCE * self._quiet_s
                words = f"{at_most / 60:.0f} min" if at_most >= 120 else f"{at_most:.0f} s"
                self._say(f"{job.id} waits: {copy.lacks}. If nothing changes it is inspected as it is after {words}.")
        return not copy.lacks or quiet_s >= PATIENCE * self._quiet_s


def _view(job: Job) -> _View | None:
    """What is seen of a copy; None while it cannot be looked at."""
    try:
        on = depends_on(job)
        beside = [job.path.parent / _BESIDE, *(file for _, files in on.references for file in files)]
        own = list(job.path.iterdir()) if job.path.is_dir() else [job.path]
        stats = [(os.fspath(p), p.lstat()) for p in (*own, *beside) if os.path.lexists(p)]
    except OSError:
        return None
    return _View(job, tuple(sorted((name, s.st_size, s.st_mtime_ns) for name, s in stats)), on.profile)


def _lacks(view: _View) -> str:
    """Why the files of a copy are not all there, in words; empty where nothing is known to lack."""
    scans = set(depends_on(view.job).scans) - {view.job.path / "copy.toml"}
    for name, _, _ in view.files:
        path = Path(name)
        if path.parent == view.job.path and is_temporary(path.name):
            return f"{path.name} is the name of a file that is still being copied"
        if path.is_symlink() or not path.is_file():
            continue
        try:
            if (path in scans or path.suffix.lower() == ".pdf") and ends_early(path):
                return f"{path.name} ends early, as a file does that is still being copied"
        except OSError as fault:
            return f"{path.name} cannot be read ({fault.strerror})"
    return ""
