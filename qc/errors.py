"""Errors a person can act on: what was found, why it stops, what to do. Each carries the exit code it ends in."""


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
    """A reference or scanner profile named on the command line is missing, unreadable, encrypted, empty or expired."""

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
