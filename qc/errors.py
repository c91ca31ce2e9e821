"""Errors a person can act on: what was found, why it stops, what to do. Each carries the exit code it ends in."""

import errno
import platform
import sys
import tempfile
import traceback
from collections.abc import Mapping

from qc import __version__

_SHOWN = 60


class QcError(Exception):
    """Base of all errors that are reported as one sentence; `exit_code` as documented in the README."""

    exit_code = 70


class UsageError(QcError):
    """The command line, a path, a TOML file or a policy is wrong."""

    exit_code = 2


class ScanError(QcError):
    """Nothing in the scans (or not this scan) can be used."""

    exit_code = 3


class ReferenceFault(QcError):
    """A reference or scanner profile named on the command line or in a setting is missing, unreadable, empty or expired."""

    exit_code = 4


class OutputError(QcError):
    """An output folder or file cannot be written."""

    exit_code = 5


class MissingProgram(QcError):
    """An optional program or package is missing."""

    exit_code = 6


class ClusterFault(QcError):
    """The machines that inspect are gone before every copy was inspected."""

    exit_code = 3


def shown(text: str, most: int = _SHOWN) -> str:
    """`text` short enough for a message."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


OF_VERDICT: Mapping[str, int] = {"defect": 10, "needs-review": 11, "insufficient-evidence": 12, "no-defect": 0}


_MOST_LETTERS = 1000


def failure(error: Exception) -> tuple[int, str]:
    """Exit code and sentence for an error; one that nobody foresaw is written to a file with its traceback."""
    if isinstance(error, QcError):
        return error.exit_code, shown(one_line(str(error)), _MOST_LETTERS)
    if isinstance(error, OSError) and error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
        return 2, one_line(f"{shown(str(error.filename))} is no path ({error.strerror}). Check the path.")
    return 70, one_line(f"Internal error ({type(error).__name__}: {error}). {_report(error)}")


def one_line(text: str) -> str:
    """`text` without line breaks and without what a stranger's file name could do to a terminal."""
    return "".join(c if c.isprintable() else "�" for c in " ".join(text.split()))


def plain(text: str) -> str:
    """`text` with its lines, but without what could act on a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def _report(error: Exception) -> str:
    text = "".join(traceback.format_exception(error))
    about = f"qc {__version__}, Python {platform.python_version()}, {platform.platform()}\n{sys.argv}\n\n{text}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="qc-error-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(about)
    except OSError:
        print(about, file=sys.stderr)
        return "No report could be written to the temporary folder; send the lines above to those who maintain qc."
    return f"This is a fault of qc. Send {file.name} to those who maintain it, with the scans if you may."
