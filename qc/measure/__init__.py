"""MEASURE: one file a check. A measure registers itself; none imports another, nor any policy.

Modules of installed packages that the entry point ``qc.measures`` names are loaded as well. Nothing is loaded from the folder
one works in.
"""

from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

from qc.measure.registry import MEASURES as MEASURES

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
for _entry in entry_points(group="qc.measures"):
    _entry.load()
