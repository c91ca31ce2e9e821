"""One page scanned on a white lid and again on black: how far off the edges are that are found on white.

The scan on black is the ruler: its cuts are known to some micrometers, and the page on white is registered to it by its
print. What differs then is what the shadow on the white lid does to each edge of this scanner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qc.errors import ReferenceFault, ScanError
from qc.geometry import Side, edge_names
from qc.measure.details import TrimOffsetDetail
from qc.measure.trim_offset import trim_offset
from qc.model import BookCopy, ScanFile, ScanSettings
from qc.page import inspect_page
from qc.reference.approved_copy import CopyReference
from qc.register.page_result import PageJob
from qc.scan.image_file import sha256
from qc.scan.profile_file import EDGES
from qc.scan.scanner_profile import WhiteLid

U_SHEETS_MM = 0.04
"""Shadows differ from sheet to sheet by as much as that on one scanner; several pairs show it."""
U_BLACK_MM = 0.018
"""Tone curve and edge shape of the scan on black."""


@dataclass(frozen=True)
class WhiteEdges:
    """The lid, from how many pairs, and the files."""

    lid: WhiteLid
    pairs: int
    files: tuple[tuple[str, str], ...]


def white_edges(pairs: Sequence[tuple[Path, Path]], dpi: float | None = None) -> WhiteEdges:
    """Bias of each edge on white, > 0 where it is found outside the cut.

    Parameters
    ----------
    pairs : sequence of (Path, Path)
        The same printed page on white and on black, lying the same way.
    dpi : float or None
        Stated resolution, believed over the headers.

    Raises
    ------
    ScanError
        An edge is not found in one of the scans, or they do not show the same page.
    """
    found = np.array([_pair(white, black, dpi) for white, black in pairs])
    values, u = found[:, 0], found[:, 1]
    n = len(pairs)
    spread = values.std(axis=0, ddof=1) if n > 1 else np.zeros(4)
    # A new page differs from their mean as each of them does.
    sheets = np.maximum(spread, U_SHEETS_MM if n < 4 else 0.0) * np.sqrt(1 + 1 / n)
    joint = np.sqrt((u**2).mean(axis=0) / n + sheets**2 + U_BLACK_MM**2)
    bias = values.mean(axis=0)
    lid = WhiteLid(*(tuple(float(v) for v in row) for row in (bias, joint)))  # type: ignore[arg-type]
    files = tuple((p.name, sha256(p)) for pair in pairs for p in pair)
    return WhiteEdges(lid, n, files)


def _pair(white: Path, black: Path, dpi: float | None) -> tuple[list[float], list[float]]:
    """Offset and u at the left, top, right and bottom edge as the page lies in the scan."""
    ruler = BookCopy(black.stem, black.parent, (ScanFile(black, black.name),), scan=ScanSettings(dpi=dpi))
    try:
        reference = CopyReference(ruler)
    except ReferenceFault as fault:
        raise ScanError(f"{black.name} is no ruler: {fault}") from fault
    page = inspect_page(PageJob(1, ScanFile(white, white.name), ScanSettings(dpi=dpi, backing="white")), reference)
    if page.error:
        raise ScanError(page.error)
    if page.registration is None or page.trim is None or page.to_scan is None:
        raise ScanError(
            f"{white.name} cannot be laid over {black.name}: they show different pages, or the page has too little print or "
            "repeats itself. Scan one printed page on white and again on black, lying the same way."
        )
    offsets = trim_offset(
        page.lines, edge_names(Side.RECTO), page.registration, page.trim, 1, None, (white.name, 0), page.to_scan
    )
    missing = [(name, o) for name, o in zip(EDGES, offsets, strict=True) if o.value is None]
    if missing:
        name, observation = missing[0]
        raise ScanError(
            f"{white.name}, {name} edge: not found on white ({', '.join(observation.flags)}). Leave 10 mm of the lid visible "
            "on all sides, switch off automatic exposure, and scan again."
        )
    order = [(i - page.turns) % 4 for i in range(4)]
    values = [float(offsets[i].value or 0.0) for i in order]
    details = [TrimOffsetDetail.of(offsets[i]) for i in order]
    u = [float(np.hypot(d.u_edge, d.u_registration)) for d in details]
    return values, u
