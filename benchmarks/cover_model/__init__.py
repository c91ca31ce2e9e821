"""A physical model of the covers of paperbacks, scanned as closed books: wrap, press, folds, cut, lid, sensor.

It is independent of the project it is a benchmark for: it shares nothing with it but units. See `draw`.
"""

from .copy import KINDS, draw
from .designs import write_designs
from .wrap import Wrap, read_wrap

__all__ = ["KINDS", "Wrap", "draw", "read_wrap", "write_designs"]
