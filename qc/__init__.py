"""Measures scans of returned print-on-demand books and judges them by a printer's policy.

The flow stands in the file names: `scan` → `normalize` → `register` (with `edges`) → `measure/` → `judge` → `report/`;
`pipeline` runs it for one copy.
"""

from importlib.metadata import version

__version__ = version("print-return-qc")
