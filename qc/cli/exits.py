"""Exit codes, and the mapping of exceptions to a code and one sentence."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import click

from qc.errors import _MOST_LETTERS, ScanError, failure, one_line, shown

MEANINGS: Mapping[int, str] = {
    0: "done; of inspect: no defect",
    2: "usage: an option, a path, a TOML file or a policy is wrong",
    3: "nothing in the scans can be used; of several copies: one could not be inspected",
    4: "a reference or scanner profile named by an option or a setting is missing, unreadable, encrypted, empty or expired",
    5: "an output folder or file, or a store, cannot be written",
    6: "an optional program or package is missing",
    10: "defect",
    11: "needs review: a person decides",
    12: "insufficient evidence: the summary names the scan to add",
    70: "internal error: a fault of qc, which writes a report",
    130: "interrupted",
}
_GRAVEST_FIRST = (10, 11, 12, 0)
UNUSABLE = ScanError.exit_code
_OUTPUT_GONE = 5


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


def say_isbns(read: Mapping[str, str]) -> None:
    """A line on stderr of the ISBNs that were read off covers, by id of the copy."""
    if read:
        named = ", ".join(f"{name} {isbn}" for name, isbn in read.items())
        print(one_line(f"Read off the cover, as no book is stated: {named}."), file=sys.stderr)


def say_passed_over(reasons: Mapping[str, str]) -> None:
    """A line on stderr for each copy that is passed over, with the reason."""
    for name, why in reasons.items():
        print(shown(one_line(f"Passed over {name}: {why}."), _MOST_LETTERS), file=sys.stderr)
