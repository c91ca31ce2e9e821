"""What is printed where: results on stdout, a progress bar on stderr where that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

Report = Callable[[int, int], None]

_WIDTH_OF_A_FILE = 2000
"""In a pipe a row stays a line: whatever reads it wraps it, or does not."""


def results() -> Console:
    """Console for stdout; as wide as the terminal, or `_WIDTH_OF_A_FILE` where there is none."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH_OF_A_FILE)


@contextmanager
def bar(title: str, unit: str) -> Iterator[Report]:
    """Function that moves a bar to `done` of `total`; it does nothing off a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, total: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    # Left to itself, rich would send what is printed to stdout under the bar to stderr.
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
        transient=True,
        redirect_stdout=False,
    ) as shown:
        task = shown.add_task(title, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
