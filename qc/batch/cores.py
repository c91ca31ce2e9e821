"""How many processors this process may use: what is there, what it is bound to, and what its control group is given."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


def cores(own: Path = _OWN, groups: Path = _GROUPS) -> int:
    """Processors that this process may keep busy, at least 1.

    A container or a service with `CPUQuota` sees all processors of its machine and is stopped for the rest of each period when it
    uses more than its share. `own` and `groups` are where Linux tells of control groups.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([bound, *(math.ceil(share) for share in _shares(own, groups))]))


def _shares(own: Path, groups: Path) -> Iterator[float]:
    """Processors that each control group around this process is given; nothing where none is bounded."""
    for folder in _folders(own, groups):
        with suppress(OSError, ValueError):
            quota, period = (folder / "cpu.max").read_text().split()
            yield int(quota) / int(period)
        with suppress(OSError, ValueError):
            # Version 1; -1 is no bound.
            quota, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
            if int(quota) > 0:
                yield int(quota) / int(period)


def _folders(own: Path, groups: Path) -> Iterator[Path]:
    """Folders of the groups that bound the processors of this process, from its own up to the topmost."""
    told = own.read_text() if own.is_file() else ""
    for _, controllers, path in (line.split(":", 2) for line in told.splitlines() if line.count(":") >= 2):
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = groups / controllers
        group = top / path.lstrip("/")
        yield from (folder for folder in (group, *group.parents) if folder.is_relative_to(top))
