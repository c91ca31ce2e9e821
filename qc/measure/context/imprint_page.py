"""What is read off a copy, from its scans to observations: the imprint on the last pages, the ISBN on the cover."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from qc.errors import ScanError
from qc.features.text import ocr
from qc.features.text.barcode import IsbnCode
from qc.features.text.cover_isbn import cover_isbns, covers_with_isbn
from qc.features.text.imprint import Imprint, read_imprint
from qc.flags import Flag
from qc.geometry import Box, quarter_turn
from qc.model import BookCopy, Evidence, PageKind, ScanFile, Where
from qc.normalize.open_page import open_page
from qc.normalize.page_image import PageImage
from qc.reference.find import Reference
from qc.register.page_result import PageResult
from qc.scan.scan_reader import ScanReader

LAST_PAGES = 8
"""Pages at the end that may be the imprint: up to three leaves of padding stand behind it or before it."""
MOST_INK_MM2 = 1000.0
"""Ink on a page that may be an imprint: its barcode and a few lines; 3 % of a page of 6 x 9 in."""
ENOUGH_DPI = 280.0
"""A scan is shrunk as long as it stays above this."""
LEAST_DPI = 140.0


@dataclass(frozen=True)
class ImprintPage:
    """What was read off a copy: the imprint on its last pages, the ISBN on its cover.

    Attributes
    ----------
    imprint : Imprint or None
    where : Where
        Page of the imprint.
    evidence : Evidence or None
    lacking : Flag
        Why nothing was read, where nothing was.
    turns : int
        Quarter turns that make the scan upright or upside down.
    isbns : tuple of (IsbnCode, Evidence)
        Of the cover, sure ones first.
    no_isbn : Flag
        Why there is none, where there is none.
    """

    imprint: Imprint | None
    where: Where
    evidence: Evidence | None
    lacking: Flag
    turns: int
    isbns: tuple[tuple[IsbnCode, Evidence], ...]
    no_isbn: Flag


def read_copy(
    copy: BookCopy, pages: Sequence[PageResult], reference: Reference | None, reader: ScanReader
) -> ImprintPage:
    """Read the imprint of a copy and the ISBN on its cover.

    Notes
    -----
    The scans are read again at full size: the examination of pages works at 150 dpi, which small print does not
    survive. Only the last pages with little print are looked at, from the last one backward, until one is an imprint.
    """
    covers = covers_with_isbn(copy)
    isbns = cover_isbns(covers, copy.scan.dpi, [i for i in (copy.claim.ordered_isbn, copy.isbn) if i], reader)
    no_isbn = Flag.NO_BARCODE if covers else Flag.NO_COVER
    return ImprintPage(*_imprint(copy, pages, reference, reader), tuple(isbns), no_isbn)


def _imprint(
    copy: BookCopy, pages: Sequence[PageResult], reference: Reference | None, scans: ScanReader
) -> tuple[Imprint | None, Where, Evidence | None, Flag, int]:
    lacking, coarse = Flag.NO_IMPRINT, False
    with ExitStack() as stack:
        reader = None
        if ocr.missing():
            lacking = Flag.NO_TEXT_READER
        for page in imprint_candidates(pages, reference):
            assert page.resolution is not None
            dpi = min(page.resolution.x_dpi, page.resolution.y_dpi)
            if dpi < LEAST_DPI:
                coarse = True
                continue
            job = page.job
            try:
                image = open_page(job.scan, job.settings, job.profile, least_dpi=ENOUGH_DPI, reader=scans).image
            except ScanError:
                continue
            if reader is None and not ocr.missing():
                reader = stack.enter_context(ocr.reader())
            imprint = read_imprint(np.rot90(image.gray, page.turns % 2), _dpi(image), reader, _latest(copy))
            if imprint is not None:
                height, width = image.gray.shape
                back = quarter_turn(page.turns % 2, width, height).inverse()
                x0, y0, x1, y1 = imprint.box_px
                corners = image.to_scan(back([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]))
                box = (*corners.min(axis=0), *corners.max(axis=0))
                where, seen = Where(page=job.position), _evidence(job.scan, box)
                return imprint, where, seen, lacking, page.turns % 2
    return None, Where(), None, Flag.LOW_RESOLUTION if coarse else lacking, 0


def imprint_candidates(pages: Sequence[PageResult], reference: Reference | None) -> list[PageResult]:
    """The last pages with little print, which are read again for an imprint, the very last one first."""
    found = []
    for page in reversed(pages[-LAST_PAGES:]):
        early = reference is not None and page.reference_page and page.reference_page <= reference.pages - LAST_PAGES
        if page.error or early or page.ink is None or page.trim is None or page.resolution is None:
            continue
        if page.ink.coverage * page.trim.width_mm * page.trim.height_mm > MOST_INK_MM2:
            continue
        # Faint print may pass for none, but only the very last pages are worth the time.
        if page.ink.kind is PageKind.BLANK and page.job.position <= len(pages) - 2:
            continue
        found.append(page)
    return found


def _latest(copy: BookCopy) -> date:
    claim = copy.claim
    return claim.received_on or claim.claimed_on or datetime.now(UTC).date()


def _dpi(image: PageImage) -> float:
    return min(image.dpi.x_dpi, image.dpi.y_dpi)


def _evidence(scan: ScanFile, box: Box) -> Evidence:
    x0, y0, x1, y1 = (float(v) for v in box)
    return Evidence(scan.name, scan.frame, (x0, y0, x1, y1))
