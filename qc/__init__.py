"""Measures scans of returned print-on-demand books and judges them by a printer's policy.

The folders are the stages: `scan` → `normalize` (with `edges`) → `register` → `measure` (with `features`) → `judge` → `report`.
`pipeline` runs them for one copy.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qc.batch.tables import load_store as load_store

__version__ = version("print-return-qc")

_LATER = {"load_store": "qc.batch.tables"}
"""Imported when asked for, so that ``import qc`` needs no library."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'qc' has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
