"""TOML files checked strictly: regular, of bounded size, known keys, allowed values; each fault is one sentence."""

from __future__ import annotations

import errno
import os
import stat
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from qc.errors import UsageError, shown

Check = Callable[[Any], Any]
"""Gives what a TOML value stands for; its ValueError says what to write instead."""
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
    """The tables that `data` says.

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


def read_table(path: Path) -> dict[str, Any]:
    """The tables of the file at `path`; raises UsageError where it cannot be read or is no TOML."""
    try:
        return parse(read_bytes(path))
    except OSError as fault:
        raise UsageError(f"{path} cannot be read ({fault.strerror}). Check the file and its permissions.") from fault
    except NotToml as fault:
        raise UsageError(f"{path} is no valid TOML: {fault}. Correct that place.") from fault


def checked(where: str, table: object, allowed: Mapping[str, Check], required: Collection[str] = ()) -> dict[str, Any]:
    """Values of a table as their checks give them.

    Parameters
    ----------
    where : str
        File and table, for the message.
    table : object
        As TOML has it.
    allowed : mapping of str to Check
        The known keys.
    required : collection of str
        Those that must not be left out.

    Raises
    ------
    UsageError
        It is no table, lacks a key, or has one that is not known or whose value is not allowed.
    """
    if not isinstance(table, dict):
        raise UsageError(f"{where}: found {shown(repr(table))} where a table of {', '.join(allowed)} belongs.")
    for key in table:
        if key not in allowed:
            raise UsageError(
                f"{where}: unknown key {shown(repr(key))}{nearest(key, allowed)}. Allowed are {', '.join(allowed)}."
            )
    for key in required:
        if key not in table:
            raise UsageError(f"{where}: key {key!r} is missing. Add it; needed are {', '.join(required)}.")
    return {key: value_of(where, key, value, allowed[key]) for key, value in table.items()}


def value_of(where: str, key: str, value: Any, check: Check) -> Any:
    """What `check` makes of one value of a table; raises UsageError as `checked` does."""
    try:
        return check(value)
    except ValueError as fault:
        found = shown(value.isoformat() if isinstance(value, date) else repr(value))
        raise UsageError(f"{where}: {key} is {found}; {fault}.") from None


def nearest(word: str, known: Iterable[str]) -> str:
    """In brackets, the known word most like `word`; empty where none is."""
    near = get_close_matches(word, list(known), 1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("write a text in quotes")
    return value.strip()


def truth(value: Any) -> bool:
    """A truth value."""
    if not isinstance(value, bool):
        raise ValueError("write true or false, without quotes")
    return value


def day(value: Any) -> date:
    """A date without a time."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("write a date like 2026-10-01, without quotes and without a time")
    return value


def any_table(value: Any) -> dict[str, Any]:
    """A table."""
    if not isinstance(value, dict):
        raise ValueError("it is a table: write it as a heading in brackets, with its keys below")
    return value


def whole(least: int, most: int | None = None) -> Check:
    """A check for whole numbers of a range."""

    def check(value: Any) -> int:
        if type(value) is not int or value < least or (most is not None and value > most):
            raise ValueError(f"write a whole number, {least} or more" + (f" (and at most {most})" if most else ""))
        return value

    return check


def choice(*words: str) -> Check:
    """A check for one of some words."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"write one of {', '.join(words)}{nearest(str(value), words)}")
        return value

    return check
