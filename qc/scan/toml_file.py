"""Untrusted TOML files: regular files of bounded size; every failure is a `NotToml`."""

from __future__ import annotations

import errno
import os
import stat
import tomllib
from pathlib import Path
from typing import Any

from qc.errors import shown

MOST_BYTES = 1_000_000


class NotToml(ValueError):
    """Why a text is no TOML that can be used, as the rest of a sentence."""


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """Bytes of a file.

    Raises
    ------
    OSError
        It cannot be read, is no regular file (reading a pipe or a device may never end), or has more than `most` bytes.
    """
    # a pipe put there after the look would block a plain open
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most} bytes", str(path))
    return data


def parse(data: bytes) -> dict[str, Any]:
    """Tables parsed from `data`.

    Raises
    ------
    NotToml
        It is not UTF-8 or no TOML, nests too deeply or holds a number too long to be read.
    """
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as fault:
        raise NotToml(f"it is not UTF-8 (byte {fault.start})") from fault
    except RecursionError as fault:
        raise NotToml("its tables or lists nest too deeply") from fault
    except ValueError as fault:
        raise NotToml(shown(str(fault), 200)) from fault
