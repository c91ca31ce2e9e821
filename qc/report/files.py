"""Atomic writing of result files."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from qc.errors import OutputError


def write_text(text: str, path: Path) -> None:
    """Write `text` as UTF-8; see `write_bytes`."""
    write_bytes(text.encode("utf-8"), path)


def write_bytes(content: bytes, path: Path) -> None:
    """Write a file; see `replacing`."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, making folders; an older file is replaced only by a complete new one.

    Raises
    ------
    OutputError
        The folder or file cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            # to put a file in its place would take a device or a pipe from the machine
            raise OSError(errno.EEXIST, "there is something that is no file")
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink()
        if not isinstance(error, OSError):
            raise
        raise OutputError(
            f"{path} cannot be written: {error.strerror}. The result would be lost. "
            "Make room or give permission there, or choose another folder with --out."
        ) from error
