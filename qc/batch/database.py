"""SQLite file: opening, migrations, transactions, and errors that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from inspect import signature
from pathlib import Path
from typing import Any, Self

from qc import __version__
from qc.batch.store_functions import FUNCTIONS
from qc.batch.store_schema import APPLICATION_ID, STEPS
from qc.errors import MissingProgram, OutputError, UsageError

WAIT_S = 20.0
"""How long another program may hold the store before it is taken for locked."""


class Database:
    """An SQLite file that is open; use it in a ``with``.

    Parameters
    ----------
    path : Path
    create : bool
        Make it, and its folder, where there is none.

    Raises
    ------
    UsageError
        There is none at `path`, and `create` is not set.
    OutputError
        It is another kind of file, made by a newer qc, locked, damaged or not writable.
    MissingProgram
        The SQLite of this Python is too old.

    Notes
    -----
    An SQLite file on a network share may be damaged by two machines writing to it: keep it on a local disk.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        self._lock: sqlite3.Connection | None = None
        if sqlite3.sqlite_version_info < (3, 38):
            raise MissingProgram(
                f"A store needs SQLite 3.38; this Python has {sqlite3.sqlite_version}. Use a newer one."
            )
        if not path.exists():
            if not create:
                raise UsageError(
                    f"There is no store {path}. Check the path, or make one with `qc batch --store {path}`."
                )
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as fault:
                raise self._fault(str(fault.strerror), "Choose another place with --store.") from fault
        with self._guarded():
            self._db = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        try:
            with self._guarded():
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        if self._lock is not None:
            self._lock.close()

    def keep_others_out(self) -> None:
        """Lock the store against a second batch or watch until it is closed or this process ends, however that may be.

        Raises
        ------
        OutputError
            Another one is at work, or the lock cannot be made.

        Notes
        -----
        The lock is an empty database beside the store, because SQLite locks files on every system it runs on. It stays there:
        to delete it would let in a second one that has opened it already.
        """
        with self._guarded():
            lock = sqlite3.connect(self.path.with_name(f"{self.path.name}.lock"), timeout=0, isolation_level=None)
        try:
            with self._guarded():
                lock.execute("PRAGMA journal_mode = MEMORY")  # no file of a journal beside it
                lock.execute("BEGIN EXCLUSIVE")
        except OutputError as fault:
            lock.close()
            if getattr(fault.__cause__, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise self._fault(
                "another qc batch or qc watch is at work on it",
                "Wait until that one ends: both would inspect the same copies.",
            ) from fault
        self._lock = lock

    def view(self, name: str) -> Iterator[dict[str, Any]]:
        """Rows of a table or view of the schema, column by column."""
        with self._guarded():
            yield from map(dict, self._db.execute(f'SELECT * FROM "{name}"'))

    def columns(self, view: str) -> list[str]:
        """Names of the columns of a table or view."""
        return [row["name"] for row in self._all(f'PRAGMA table_info("{view}")')]

    def _prepare(self) -> None:
        known = int(self._db.execute("PRAGMA application_id").fetchone()[0])
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if known != APPLICATION_ID and (known or tables):
            raise self._fault("it is an SQLite file of another program", "Give another path with --store.")
        if version > len(STEPS):
            raise self._fault(
                f"it has version {version}, made by a newer qc; this one ({__version__}) knows {len(STEPS)}",
                "Install the newer qc, or give another path with --store.",
            )
        self._db.execute("PRAGMA foreign_keys = ON")
        if version == len(STEPS):
            return
        self._db.execute("PRAGMA journal_mode = WAL")
        with self._transaction():
            version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
            for name, function in FUNCTIONS.items():
                self._db.create_function(name, len(signature(function).parameters), function, deterministic=True)
            for statement in (s for step in STEPS[version:] for s in step):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._db.execute(f"PRAGMA user_version = {len(STEPS)}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._guarded():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if isinstance(error, UnicodeDecodeError):  # of a name or of SQLite's own message
                raise self._fault("it holds text that is no UTF-8", _OTHER) from error
            # text that is no UTF-8 in a cell is found by Python, which states no code
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            raise self._fault(*_WHAT_TO_DO.get(code, (str(error), _OTHER))) from error

    @contextmanager
    def sound(self, what: str) -> Iterator[None]:
        """Turn errors of stored values in the block into an OutputError that says `what` is damaged."""
        try:
            yield
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, UsageError) as fault:
            raise self._fault(f"{what} is damaged ({type(fault).__name__}: {str(fault)[:200]})", _OTHER) from fault

    def _fault(self, found: str, to_do: str) -> OutputError:
        return OutputError(f"The store {self.path} cannot be used: {found}. {to_do}")

    def _one(self, sql: str, *values: Any) -> dict[str, Any] | None:
        return next(iter(self._all(sql, *values)), None)

    def _all(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        with self._guarded():
            rows = self._db.execute(sql, values[0] if values and isinstance(values[0], dict) else values)
            return [dict(row) for row in rows]

    def _insert(self, table: str, **values: Any) -> int:
        marks = ", ".join(f":{name}" for name in values)
        number = self._db.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", values).lastrowid
        assert number is not None
        return number


def copies_in(path: Path) -> list[str]:
    """Ids of the copies in the store at `path`, which is neither changed nor brought up to date; none where it cannot be read."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0.2)) as db:
            return [str(name) for (name,) in db.execute("SELECT DISTINCT copy FROM inspections")]
    except (sqlite3.Error, UnicodeDecodeError):
        return []


_OTHER = "If it is damaged, take the last backup, or begin a new one with another path."
_WHAT_TO_DO: Mapping[int, tuple[str, str]] = {
    sqlite3.SQLITE_BUSY: (
        "another program holds it",
        "Close what has it open for writing (another qc batch, a database browser), and call this again.",
    ),
    sqlite3.SQLITE_READONLY: ("it may not be written", "Give permission to write the file and its folder."),
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened",
        "Check that the path is a file and that its folder may be written, or choose another place with --store.",
    ),
    sqlite3.SQLITE_NOTADB: ("it is no SQLite file", "Give another path with --store; this file is left as it is."),
    sqlite3.SQLITE_FULL: ("the disk is full", "Make room and call this again; what was stored so far is complete."),
}
SQLITE_VERSION = sqlite3.sqlite_version
