"""Scans of the empty glass: which scans are one, and what dirt they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.errors import ScanError
from qc.geometry import Affine, Points
from qc.model import BookCopy, Resolution, Role, ScanFile, ScanSettings
from qc.normalize.open_page import open_page
from qc.normalize.orientation import sheet_in
from qc.resample import shrunk
from qc.scan.file_roles import is_called_glass
from qc.scan.scan_reader import ScanReader
from qc.stats import mad
from qc.units import px_per_mm

MANY = 5
"""Scans called so that are the title of a book: a scanner has two glasses, seen before and after at most."""
LOOK_DPI, DIRT_DPI = 75.0, 300.0
SERVES_NONE = "no page has its frame and resolution"
EVEN = 30.0
"""Gray levels, of 255, by which an empty lid changes over the glass; paper on a gray one differs by 45 and more."""
MOST_DIRT = 0.02
"""Share of the glass that specks and hairs cover; a page of text has two to four times as much print."""
GROUND_MM, AROUND = 1.0, 11
"""The lid beside dirt is the median of so many squares of a millimeter."""
LEAST, SIGMAS = 10.0, 6.0
"""Gray levels, and multiples of the noise, by which dirt differs from the lid."""
LINE_LEVELS = 3.0
PLACE_MM = 0.4
"""A carriage stops at the same place to about a tenth of a millimeter; sheet and lid see dirt from two sides."""
LARGER = 1.5
"""A mark with more ink than so many times the area of the dirt is more than the dirt."""
REACH_MM = 3.0
HALF = 0.5
BLOCKS, AGREEING = 10, 0.8
"""Parts of a streak, and share of them that must show the line."""

Frame = tuple[int, int, Resolution | None]


def with_glass(copy: BookCopy, reader: ScanReader) -> BookCopy:
    """The copy with its scans of the empty glass told from its pages.

    Notes
    -----
    Such a scan is called `glass` with nothing but a number, shows no sheet, and has frame and resolution of pages that are
    called otherwise; `ScanFile.found` says how many it serves. All else that is called so stays a page, and `found` says why;
    one that shows no sheet, but serves none, cannot be used as a page: a blank page would be a fault.
    """
    called = [s for s in copy.scans if s.role is Role.GLASS or (s.role is Role.PAGE and is_called_glass(s.name))]
    others = [s for s in copy.pages if s not in called]
    if not 0 < len(called) < MANY or not others:
        return copy
    frames = [frame_of(s, reader) for s in others]
    told = {s: _told(s, frames, copy.scan, reader) for s in called}
    return replace(copy, scans=tuple(told.get(s, s) for s in copy.scans))


def frame_of(scan: ScanFile, reader: ScanReader) -> Frame | None:
    """Width and height in pixels and resolution; None where a scan cannot be read."""
    try:
        header = reader.header(scan)
    except ScanError:
        return None
    return header.width_px, header.height_px, header.resolution


def _told(scan: ScanFile, frames: Sequence[Frame | None], settings: ScanSettings, reader: ScanReader) -> ScanFile:
    frame = frame_of(scan, reader)
    if frame is None:
        return scan
    if scan.role is not Role.GLASS and not _is_bare(scan, settings):
        return replace(scan, found="it shows more than an empty glass")
    served = frames.count(frame)
    if not served:
        return replace(scan, found=SERVES_NONE)
    rest = len(frames) - served
    beside = f", not {rest} of another frame or resolution" if rest else ""
    return replace(
        scan, role=Role.GLASS, found=f"the empty glass: serves {served} page{'s' if served > 1 else ''}{beside}"
    )


def _is_bare(scan: ScanFile, settings: ScanSettings) -> bool:
    try:
        page = open_page(scan, settings, least_dpi=LOOK_DPI, reader=ScanReader(0))
    except ScanError:
        return False
    if sheet_in(page.image, settings).corners is not None:
        return False
    ground, differs = _differs(page.image.gray, page.image.dpi)
    low, high = np.percentile(ground, [10, 90])
    return bool(high - low <= EVEN and (np.abs(differs) > _least(differs)).mean() <= MOST_DIRT)


def _differs(gray: NDArray[np.uint8], dpi: Resolution) -> tuple[NDArray[np.uint8], NDArray[np.int16]]:
    """The lid, coarse, and by how many gray levels each pixel differs from it."""
    side = [max(round(GROUND_MM * px_per_mm(d)), 1) for d in (dpi.x_dpi, dpi.y_dpi)]
    ground = np.asarray(cv2.medianBlur(shrunk(gray, *side), AROUND), np.uint8)
    smooth = cv2.blur(gray, (3, 3)).astype(np.int16)
    return ground, smooth - cv2.resize(ground, gray.shape[::-1], interpolation=cv2.INTER_LINEAR).astype(np.int16)


def _least(differs: NDArray[np.int16]) -> float:
    return max(LEAST, SIGMAS * mad(differs[::7, ::7].ravel()))


@dataclass(frozen=True)
class EmptyGlass:
    """What one scan of the empty glass shows: `differs` has the gray levels by which its pixels differ from the lid, of either
    sign, as dust is dark on a white lid and light on a black one. `from_scan` maps pixels of the scan to its pixels."""

    frame: Frame
    differs: NDArray[np.int16]
    from_scan: Affine
    per_mm: float
    least: float

    def explains(self, corners: Points, grain_mm: float, ink_mm2: float, across: int | None) -> bool:
        """Whether a mark on a page is dirt that this glass shows.

        Parameters
        ----------
        corners : ndarray, shape (n, 2)
            Of the mark's box, in pixels of the scan.
        grain_mm : float
            By which its sides may lie too far out.
        ink_mm2 : float
            Area of black ink that takes as much light as the mark, at the least; 0 where it is not known.
        across : int or None
            Of a streak, the axis (0: x, 1: y) across it.

        Notes
        -----
        Dirt explains a mark whose four sides it reaches, of which it does not go on far beyond, and that takes no more light than
        a black patch of its area could; a streak, where most of its length shows a line at its place.
        """
        at = self.from_scan(corners)
        (x0, y0), (x1, y1) = at.min(axis=0), at.max(axis=0)
        if across is not None:
            return self._has_line((x0, y0, x1, y1), across)
        near, far = PLACE_MM * self.per_mm, REACH_MM * self.per_mm
        part, (left, top) = self._window(x0 - far, y0 - far, x1 + far, y1 + far)
        if not part.size:
            return False
        x0, x1, y0, y1 = x0 - left - near, x1 - left + near, y0 - top - near, y1 - top + near
        inside = np.s_[max(round(y0), 0) : round(y1) + 1, max(round(x0), 0) : round(x1) + 1]
        strength = np.abs(part)
        peak = float(strength[inside].max(initial=0))
        if peak < self.least:
            return False
        dirty = strength > max(self.least / 2, HALF * peak)
        _, labels = cv2.connectedComponents(dirty.astype(np.uint8), connectivity=8)
        touched = np.isin(labels, np.setdiff1d(labels[inside], 0))
        here = np.zeros_like(dirty)
        here[inside] = dirty[inside]
        rows, columns = np.nonzero(here)
        reach = 2 * near + grain_mm * self.per_mm
        sides = (columns.min() - x0, x1 - columns.max(), rows.min() - y0, y1 - rows.max())
        area = np.count_nonzero(here) / self.per_mm**2
        return bool(
            max(sides) <= reach
            and np.count_nonzero(here) >= HALF * np.count_nonzero(touched)
            and ink_mm2 <= LARGER * area
        )

    def _window(self, x0: float, y0: float, x1: float, y1: float) -> tuple[NDArray[np.int16], tuple[int, int]]:
        left, top = max(round(x0), 0), max(round(y0), 0)
        return self.differs[top : max(round(y1) + 1, 0), left : max(round(x1) + 1, 0)], (left, top)

    def _has_line(self, box: tuple[float, float, float, float], across: int) -> bool:
        grown = np.array(box, float)
        grown[[across, across + 2]] += np.array([-1, 1]) * PLACE_MM * self.per_mm
        part, _ = self._window(*grown)
        part = part if across == 0 else part.T
        if part.shape[0] < BLOCKS or not part.shape[1]:
            return False
        blocks = np.array([block.mean(axis=0) for block in np.array_split(part, BLOCKS)])
        middle = np.median(blocks, axis=0)
        peak = int(np.abs(middle).argmax())
        along = blocks[:, peak] / (middle[peak] or 1.0)
        return bool(abs(middle[peak]) >= LINE_LEVELS and (along > HALF).mean() >= AGREEING)


def read_glass(scan: ScanFile, settings: ScanSettings, reader: ScanReader) -> EmptyGlass:
    """The dirt of the glass that a scan of it shows. Raises a ScanError where it cannot be read."""
    image = open_page(scan, settings, least_dpi=DIRT_DPI, reader=ScanReader(0)).image
    _, differs = _differs(image.gray, image.dpi)
    header = reader.header(scan)
    frame = header.width_px, header.height_px, header.resolution
    per_mm = px_per_mm((image.dpi.x_dpi + image.dpi.y_dpi) / 2)
    return EmptyGlass(frame, differs, image.to_scan.inverse(), per_mm, _least(differs))
