"""Measures scans of returned print-on-demand books and judges them by a printer's policy.

The folders are the stages: `scan` → `normalize` (with `edges`) → `register` → `measure` (with `features`) → `judge` → `report`.
`pipeline` runs them for one copy.

In a program or a notebook::

    import qc

    copy = qc.inspect("returns/RMA-10482", titles="titles")
    copy.verdict.outcome, copy.verdict.summary
    copy.to_html("report.html")
    night = qc.load_store("qc.db")

Errors are those of `qc.errors`; each carries the exit code that the command would end in.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qc.batch.one_copy import inspect as inspect
    from qc.batch.tables import load_store as load_store

__version__ = version("print-return-qc")

_LATER = {"inspect": "qc.batch.one_copy", "load_store": "qc.batch.tables"}
"""Imported when asked for, so that ``import qc`` needs no library."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'qc' has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_LATER]
