"""What the commands that make a profile do alike: make it, and say what it holds and what would make it better."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable
from datetime import date

import click
import cv2

from calibration.summary import described
from qc.errors import one_line
from qc.scan.scanner_profile import ScannerProfile


def report_made(make: Callable[..., tuple[ScannerProfile, Iterable[str]]]) -> None:
    """Call `make` with today and the command line, and print the profile; advice goes to stderr."""
    cv2.setNumThreads(1)
    today = date.today()
    profile, advice = make(command=shlex.join(["qc", *sys.argv[1:]]), today=today)
    for line in described(profile, today):
        click.echo(one_line(line))
    for text in advice:
        click.echo(text, err=True)
