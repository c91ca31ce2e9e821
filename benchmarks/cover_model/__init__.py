"""A physical model of the covers of paperbacks, scanned as closed books: wrap, press, folds, cut, lid, sensor.

It is independent of the project it is a benchmark for: it shares nothing with it but units. See `draw`.
"""

from .copy import KINDS, difference, draw
from .designs import write_designs
from .glass import LIDS
from .wrap import Wrap, read_wrap

__all__ = ["KINDS", "LIDS", "Wrap", "difference", "draw", "read_wrap", "write_designs"]
