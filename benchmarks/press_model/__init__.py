"""A physical model of printed book pages and their scans: contents, press, paper, cut, scanner.

It is independent of the project it is a benchmark for: it shares nothing with it but units. See `draw`.
"""

from .book import draw

__all__ = ["draw"]
