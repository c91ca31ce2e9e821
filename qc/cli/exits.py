"""Exit codes, and how every way a command can end becomes one of them and one sentence."""

from __future__ import annotations

import errno
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import click

from qc import __version__
from qc.errors import QcError, ScanError
from qc.scan.toml_file import shown

MEANINGS: Mapping[int, str] = {
    0: "done; of inspect: no defect",
    2: "usage: an option, a path, a TOML file or a policy is wrong",
    3: "nothing in the scans can be used; of several copies: one could not be inspected",
    4: "a reference or scanner profile named on the command line is missing, unreadable, encrypted, empty or expired",
    5: "an output folder or file, or a store, cannot be written",
    6: "an optional program or package is missing",
    10: "defect",
    11: "needs review: a person decides",
    12: "insufficient evidence: the summary names the scan to add",
    70: "internal error: a fault of qc, which writes a report",
    130: "interrupted",
}
OF_VERDICT: Mapping[str, int] = {"defect": 10, "needs-review": 11, "insufficient-evidence": 12, "no-defect": 0}
_GRAVEST_FIRST = (10, 11, 12, 0)
UNUSABLE = ScanError.exit_code
_OUTPUT_GONE = 5
_MOST_LETTERS = 1000


def code_of(command: Callable[[], Any]) -> int:
    """Run `command` and return its exit code, after saying on stderr what went wrong."""
    try:
        code = int(command() or 0)
        sys.stdout.flush()
        return code
    except SystemExit as end:
        # click ends a broken pipe with 1, which is never used: a crash must not read as a verdict.
        return _OUTPUT_GONE if end.code == 1 else int(end.code or 0)
    except (click.Abort, KeyboardInterrupt):
        say("Interrupted. What was written so far is complete.")
        return 130
    except click.UsageError as error:
        where = f" See `{error.ctx.command_path} -h`." if error.ctx else ""
        say(f"{error.format_message()}{where}")
        return 2
    except click.ClickException as error:
        say(error.format_message())
        return 2
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.EPIPE, errno.ENOSPC):
            # The interpreter would complain once more when it flushes stdout at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            say(f"The output cannot be written ({error.strerror}). Make room, or send it elsewhere.")
            return _OUTPUT_GONE
        code, message = failure(error)
        say(message)
        return code


def failure(error: Exception) -> tuple[int, str]:
    """Exit code and sentence for an error; one that nobody foresaw is written to a file with its traceback."""
    if isinstance(error, QcError):
        return error.exit_code, shown(one_line(str(error)), _MOST_LETTERS)
    if isinstance(error, OSError) and error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
        return 2, one_line(f"{shown(str(error.filename))} is no path ({error.strerror}). Check the path.")
    return 70, one_line(f"Internal error ({type(error).__name__}: {error}). {_report(error)}")


def gravest(codes: Iterable[int]) -> int:
    """Exit code of several copies by those of each: 3 if one could not be inspected, unless all failed alike."""
    given = set(codes)
    failed = given - set(_GRAVEST_FIRST)
    if failed:
        return given.pop() if len(given) == 1 else 3
    return next(code for code in _GRAVEST_FIRST if code in given)


def say(message: str) -> None:
    """One sentence on stderr of what went wrong."""
    print(f"✗ {shown(one_line(message), _MOST_LETTERS)}", file=sys.stderr)


def say_passed_over(reasons: Mapping[str, str]) -> None:
    """A line on stderr for each copy that is passed over, with the reason."""
    for name, why in reasons.items():
        print(shown(one_line(f"Passed over {name}: {why}."), _MOST_LETTERS), file=sys.stderr)


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
