"""Draws titles, prints and scans from physical parameters, with exact truth; shares nothing with what measures them."""

from qc.synthetic.binding import Binding
from qc.synthetic.book import Block, CopyTruth, Faults, PageTruth, draw_copy
from qc.synthetic.closed import CLOSED, Bound, ClosedTruth, draw_cover
from qc.synthetic.conditions import sample_conditions, sample_drift
from qc.synthetic.design import PageDesign, Title, write_title
from qc.synthetic.draw import Truth, draw_scan
from qc.synthetic.files import write_scan
from qc.synthetic.kinds import Kind
from qc.synthetic.leaf import Cut
from qc.synthetic.press import CREAM_PAPER, WHITE_PAPER, Print
from qc.synthetic.scanner import Scanner
from qc.synthetic.wrap import Art, Wrap, write_wrap

__all__ = [
    "CLOSED",
    "CREAM_PAPER",
    "WHITE_PAPER",
    "Art",
    "Binding",
    "Block",
    "Bound",
    "ClosedTruth",
    "CopyTruth",
    "Cut",
    "Faults",
    "Kind",
    "PageDesign",
    "PageTruth",
    "Print",
    "Scanner",
    "Title",
    "Truth",
    "Wrap",
    "draw_copy",
    "draw_cover",
    "draw_scan",
    "sample_conditions",
    "sample_drift",
    "write_scan",
    "write_title",
    "write_wrap",
]
